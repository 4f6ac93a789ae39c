"""docs/health-checks.md: the kinds of check with their parameters.

A kind's text is its module's docstring, a parameter's what its field says: the page cannot drift
from the code. It is generated and committed; a test holds it against this.
"""

import sys
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import inspect

from .check import Check
from .checks import KINDS

_HEAD = """\
<!-- Written by `make generate`; the checks are in exporter/health/checks/. -->

# Health checks

What each kind of check looks at, and its parameters: those of its own, and those that all have. In
`HEALTH_CHECKS_FILE` there may be any number of `http` and `tcp`, and changes of the built-in ones;
[health.md](health.md) says how.

## All

Times are in seconds. `interval` is `HEALTH_INTERVAL_SECONDS` where it is left out, and a `timeout`
is never longer than that.

"""


def render() -> str:
    """The page."""
    return _HEAD + _table(Check, ()) + "\n" + "\n".join(map(_section, KINDS))


def _section(kind: type[Check]) -> str:
    tag = kind.__struct_config__.tag
    text = cleandoc(sys.modules[kind.__module__].__doc__ or "")
    own = _table(kind, Check.__struct_fields__)
    return f"## {tag}\n\n{text}\n" + _critical(kind) + (f"\n{own}" if own else "")


def _critical(kind: type[Check]) -> str:
    if kind.custom:
        return ""
    return "\nIt is critical.\n" if _default(_parts(kind)["critical"]) else ""


def _table(kind: type[Check], without: tuple[str, ...]) -> str:
    rows = [
        f"| `{name}` | {_shown(part)} | {_description(part.type)} |\n"
        for name, part in _parts(kind).items()
        if name not in without
    ]
    if not rows:
        return ""
    return "".join(("| parameter | default | |\n", "|---|---|---|\n", *rows))


def _parts(kind: type[Check]) -> dict[str, Any]:
    return {part.encode_name: part for part in msgspec.structs.fields(kind)}


def _default(part: Any) -> Any:
    if part.default_factory is not msgspec.NODEFAULT:
        return part.default_factory()
    return part.default


def _shown(part: Any) -> str:
    if part.required:
        return "required"
    value = _default(part)
    if value in (None, "", [], {}):
        return ""
    return (
        f"`{value:g}`" if isinstance(value, float) else f"`{msgspec.json.encode(value).decode()}`"
    )


def _description(declared: Any) -> str:
    """What a field says of itself, wherever in its type it does."""
    waiting = [inspect.type_info(declared)]
    while waiting:
        info: Any = waiting.pop(0)
        extra = getattr(info, "extra_json_schema", None) or {}
        if "description" in extra:
            return str(extra["description"])
        waiting += [*getattr(info, "types", ()), *filter(None, [getattr(info, "type", None)])]
    return ""
