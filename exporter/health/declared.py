"""Which checks an installation has: those that follow from its settings, and those of its file.

An entry of the file that has the name of a built-in check takes its place, and keeps what it does
not say otherwise. What the file says that no check understands stops the start.
"""

from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..settings import SettingError, Settings
from .check import Check
from .checks import KINDS

MOST_CHECKS = 100
FILE_BYTES = 1024 * 1024

_Any: Any = reduce(or_, KINDS)


class _File(Struct, forbid_unknown_fields=True):
    checks: list[_Any]


def declared(settings: Settings) -> tuple[Check, ...]:
    """All checks, by their names; none where HEALTH_INTERVAL_SECONDS is 0.

    Raises SettingError for a file that cannot be used.
    """
    checks = {check.name: check for check in map(_named, _built_in(settings))}
    if settings.health_checks_file is not None:
        try:
            checks |= _read(settings.health_checks_file, checks, settings)
        except ValueError as error:
            raise SettingError(
                f"HEALTH_CHECKS_FILE={str(settings.health_checks_file)!r} cannot be used: {error}"
            ) from error
    if not settings.health_interval_seconds:
        return ()
    ready = [_ready(check, settings.health_interval_seconds) for check in checks.values()]
    return tuple(sorted(ready, key=lambda check: check.name))


def _built_in(settings: Settings) -> list[Check]:
    offered = (kind.built_in(settings) for kind in KINDS)
    return [check for check in offered if check is not None]


def _read(path: Path, known: dict[str, Check], settings: Settings) -> dict[str, Check]:
    """The checks of a file by their names; ValueError says what is wrong with it, and where."""
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(error.strerror) from error
    if len(text) > FILE_BYTES:
        raise ValueError(f"it has more than {FILE_BYTES} bytes")
    plain = msgspec.yaml.decode(text)
    entries = plain.get("checks") if isinstance(plain, dict) else None
    if isinstance(entries, list):
        plain["checks"] = [_with_defaults(entry, known) for entry in entries]
    checks = msgspec.convert(plain, _File).checks
    if len(checks) > MOST_CHECKS:
        raise ValueError(f"it has more than {MOST_CHECKS} checks")
    found: dict[str, Check] = {}
    for place, check in enumerate(map(_named, checks)):
        if check.name in found:
            raise ValueError(f"two checks are called {check.name} - at `$.checks[{place}].name`")
        if problem := _problem(check, known, settings):
            raise ValueError(f"{problem} - at `$.checks[{place}]`")
        found[check.name] = check
    return found


def _with_defaults(entry: Any, known: dict[str, Check]) -> Any:
    """An entry with what the built-in check of its name says otherwise."""
    if not isinstance(entry, dict):
        return entry
    built_in = known.get(entry.get("name") or entry.get("kind") or "")
    if built_in is None or _kind(built_in) != entry.get("kind"):
        return entry
    return {**msgspec.to_builtins(built_in), **entry}


def _problem(check: Check, known: dict[str, Check], settings: Settings) -> str | None:
    """What keeps a check from being run, if anything does."""
    if not check.custom and check.built_in(settings) is None:
        return f"there is no {_kind(check)} to be checked by these settings"
    if check.name in known and _kind(known[check.name]) != _kind(check):
        return f"{check.name} is the name of a built-in check"
    if check.interval is not None and check.timeout > check.interval:
        return "the timeout is longer than the interval"
    return None


def _named(check: Check) -> Check:
    return check if check.name else msgspec.structs.replace(check, name=_kind(check))


def _ready(check: Check, interval: float) -> Check:
    """With its interval, and a timeout that ends before the next run."""
    every = check.interval or interval
    return msgspec.structs.replace(check, interval=every, timeout=min(check.timeout, every))


def _kind(check: Check) -> str:
    return str(type(check).__struct_config__.tag)
