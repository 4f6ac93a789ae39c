"""What is collected of a period, part by part: numbers, sets and distributions.

A group is a list with a place for each part. An open hour has as many groups as users: they have
to be small.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import add
from typing import Any

from ..storage.query import Function, Measure, Where
from . import documents
from .documents import COUNT

Key = tuple[Any, ...]
"""The values that were grouped by."""
Group = list[Any]
"""What one group comes to so far: of each part its number, or the Members or Spreads that were
found of it; None where none were."""
Groups = dict[Key, Group]
Merge = Callable[[Any, Any], Any]


def lesser(one: Any, other: Any) -> Any:
    """The lesser of two; of a value and None, the value."""
    return other if one is None else one if other is None else min(one, other)


def larger(one: Any, other: Any) -> Any:
    """The larger of two; of a value and None, the value."""
    return other if one is None else one if other is None else max(one, other)


@dataclass(frozen=True)
class Number:
    """A number whose parts can be put together.

    records: how it is calculated of records. rolled: how of rollup documents; `where` in either
    is in the records' names, and they have no names yet. nothing: what it is over nothing.
    """

    records: Measure
    rolled: Measure
    merge: Merge
    nothing: Any

    @property
    def adds_up(self) -> bool:
        """Whether what several documents have is put together as it is within one question."""
        return self.rolled.function is not Function.SUM or self.merge is add


@dataclass(frozen=True)
class Different:
    """The set of all values of a field for which a condition holds."""

    field: str
    where: Where = ()


@dataclass(frozen=True)
class Distribution:
    """How all values of a field are distributed for which a condition holds."""

    field: str
    where: Where = ()


Part = Number | Different | Distribution


def number(function: Function, measure: str | None = None, where: Where = ()) -> Number:
    """A number of a measure, or of records: how many, their sum, their least, their greatest."""
    rolled, merge, nothing = _NUMBERS[function]
    field = COUNT if measure is None else _FIELDS[function](measure)
    return Number(
        Measure("", function, measure, where), Measure("", rolled, field, where), merge, nothing
    )


def nothing_of(part: Part) -> Any:
    """What stands in the place of a part where nothing was found."""
    return part.nothing if isinstance(part, Number) else None


_NUMBERS: Mapping[Function, tuple[Function, Merge, Any]] = {
    Function.COUNT: (Function.SUM, add, 0),
    Function.SUM: (Function.SUM, add, 0),
    Function.MIN: (Function.MIN, lesser, None),
    Function.MAX: (Function.MAX, larger, None),
}
_FIELDS: Mapping[Function, Callable[[str], str]] = {
    Function.COUNT: documents.present,
    Function.SUM: documents.total,
    Function.MIN: documents.least,
    Function.MAX: documents.greatest,
}
