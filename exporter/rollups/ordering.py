"""The order of rows that are put together here: as the engines have it, None first."""

from collections.abc import Iterable
from typing import Any

from .wanted import Key


def in_order(keys: Iterable[Key]) -> list[Key]:
    """Keys in order, None first; most have none, and are in order as they are."""
    try:
        return sorted(keys)
    except TypeError:  # None was compared with a value
        return sorted(keys, key=lambda key: [sortable(value) for value in key])


def sortable(value: Any) -> tuple[bool, Any]:
    """What to sort a value by: None is smaller than every value."""
    return value is not None, value
