"""The settings, written out for people: the table of docs/settings.md, and .env.example.

Both pages are generated and committed; `make check` holds them against this, byte for byte.
"""

from .settings import Declared, as_text, declared

_HEAD = """\
<!-- Written by `make generate`; the declarations are in exporter/settings.py. -->

# Settings

Meterhouse is configured by its environment alone. A variable that is empty counts as not set, and
one that is no setting is ignored. A bad value stops the start and says what would be accepted;
`meterhouse check-config` shows what is in force, without the secrets.

A secret may be in a file instead: the variable with `…_FILE` at its end then names that file, whose
first 64 KiB are read at the start, without blanks around them.

| setting | default | accepts | meaning |
|---|---|---|---|
"""

_EXAMPLE_HEAD = """\
# Every setting of Meterhouse with its default (written by `make generate`).
# `make` and the service read the environment only; to use a copy of this file:
#     set -a; . ./.env; set +a
"""


def render() -> str:
    """docs/settings.md: one row a setting, in the order of the declarations."""
    return _HEAD + "".join(_row(one) for one in declared())


def example() -> str:
    """.env.example: every setting commented out, with its help above it and its default."""
    return _EXAMPLE_HEAD + "".join(
        f"\n# {one.help}\n#{one.variable}={as_text(one.default)}\n" for one in declared()
    )


def _row(one: Declared) -> str:
    default = as_text(one.default)
    accepts = one.kind.accepts + (" (secret)" if one.secret else "")
    cells = (f"`{one.variable}`", f"`{default}`" if default else "not set", accepts, one.help)
    row = " | ".join(cell.replace("|", "\\|") for cell in cells)
    return f"| {row} |\n"
