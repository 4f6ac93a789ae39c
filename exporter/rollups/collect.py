"""Collecting numbers from the parts of a period, and putting those of each group together.

The same is done for an answer and for a rollup itself: a day is what its hours come to, and an
hour is what its records come to.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..family import Rollup
from ..storage.base import Row, Store
from ..storage.query import (
    Aggregation,
    By,
    Function,
    LogBucket,
    Measure,
    TimeBucket,
    Where,
    equals,
    within,
)
from . import documents
from .documents import COUNT, ROLLUP, TIME, Level, column
from .plan import Cover, Ranges
from .sets import Members, Spreads
from .sources import Source, Subject

Key = tuple[Any, ...]
Merge = Callable[[Any, Any], Any]

_BUCKET = "_bucket"
_TIMES = "_times"
"""How many documents hold the same distribution."""


def added(one: Any, other: Any) -> Any:
    """The sum of two."""
    return one + other


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
    is in the records' names. nothing: what it is over nothing.
    """

    records: Measure
    rolled: Measure
    merge: Merge
    nothing: Any = None

    @property
    def name(self) -> str:
        """What it is called in rows."""
        return self.records.name


@dataclass(frozen=True)
class Values:
    """All values of a field for which a condition holds: as a set, or as a distribution."""

    name: str
    field: str
    where: Where = ()


@dataclass(frozen=True)
class Wanted:
    """What is to be collected: numbers, sets, and distributions."""

    numbers: Sequence[Number] = ()
    members: Sequence[Values] = ()
    spreads: Sequence[Values] = ()


@dataclass
class Group:
    """What one group comes to so far, by the names of what is wanted."""

    numbers: dict[str, Any]
    members: dict[str, Members] = field(default_factory=dict)
    spreads: dict[str, Spreads] = field(default_factory=dict)


MANY = 1_000
"""Rows from which on adding them takes longer than the event loop should be held up."""
Groups = dict[Key, Group]
"""By the values that were grouped by."""


@dataclass
class Collector:
    """Collects what is wanted of a subject, by one of its rollups.

    where, by: in the names of the subject, without the period.
    """

    store: Store
    subject: Subject
    rollup: Rollup
    where: Where
    by: Sequence[By]
    wanted: Wanted
    groups: Groups = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def collect(self, cover: Cover) -> Groups:
        """The groups of all parts of a period."""
        parts = [self._rolled(level, ranges) for level, ranges in cover.levels.items() if ranges]
        if cover.records:
            parts += [self._recorded(source, cover.records) for source in self.subject.sources]
        await asyncio.gather(*parts)
        return self.groups

    async def _recorded(self, source: Source, ranges: Ranges) -> None:
        """Add what lies among the records of a source."""
        family = source.family
        common = (
            *source.filters(self.where),
            *source.where,
            within(family.time_field, ranges),
        )
        by = source.groups(self.by)
        names = _names(self.by)

        async def ask(measures: Sequence[Measure], where: Where, *more: By) -> list[Row]:
            asked = Aggregation(family, measures, (*common, *where), (*by, *more))
            return await self.store.aggregate(asked)

        measures = [source.measure(number.records) for number in self.wanted.numbers]
        known = [measure for measure in measures if measure is not None]
        if known:
            await self._take(self._add, await ask(known, ()), [_name(one) for one in by])
        for where, alike in _alike(self.wanted.members):
            rows = await ask((), source.filters(where), *(values.field for values in alike))
            await self._take(self._add_members, rows, alike, names)
        for values in self.wanted.spreads:
            bucket = LogBucket(values.field, _BUCKET)
            rows = await ask((Measure(COUNT),), source.filters(values.where), bucket)
            await self._take(self._add_counts, rows, values, names)

    async def _rolled(self, level: Level, ranges: Ranges) -> None:
        """Add what lies in the rollup documents of a level."""
        family = self.subject.kept.levels[level]
        common = (
            *_renamed(self.where),
            equals(ROLLUP, self.rollup.name),
            within(TIME, ranges),
        )
        by = [
            replace(part, field=TIME) if isinstance(part, TimeBucket) else column(str(part))
            for part in self.by
        ]
        names = [_name(part) for part in by]

        async def ask(measures: Sequence[Measure], where: Where, *more: By) -> list[Row]:
            asked = Aggregation(family, measures, (*common, *_renamed(where)), (*by, *more))
            return await self.store.aggregate(asked)

        if self.wanted.numbers:
            numbers = [
                replace(one.rolled, where=_renamed(one.rolled.where)) for one in self.wanted.numbers
            ]
            await self._take(self._add, await ask(numbers, ()), names)
        for where, alike in _alike(self._members(packed=True)):
            rows = await ask((), where, *(documents.members(values.field) for values in alike))
            await self._take(self._add_packed_members, rows, alike, names)
        for where, alike in _alike(self._members(packed=False)):
            kept_by = [replace(values, field=column(values.field)) for values in alike]
            rows = await ask((), where, *(values.field for values in kept_by))
            await self._take(self._add_members, rows, kept_by, names)
        for values in self.wanted.spreads:
            packed = documents.spread(values.field)
            rows = await ask((Measure(_TIMES),), values.where, packed)
            await self._take(self._add_packed_spreads, rows, values, names)

    async def _take(
        self, add: Callable[..., None], rows: Sequence[Row], *arguments: object
    ) -> None:
        """Add rows, many of them off the event loop: one answer's after the other."""
        async with self._turn:
            if len(rows) < MANY:
                add(rows, *arguments)
            else:
                await asyncio.to_thread(add, rows, *arguments)

    def _members(self, *, packed: bool) -> list[Values]:
        """The sets that the rollup keeps packed; or those of fields that it is kept by."""
        kept = self.rollup.members
        return [values for values in self.wanted.members if (values.field in kept) is packed]

    def _group(self, row: Row, names: Sequence[str]) -> Group:
        key = tuple([row[name] for name in names])
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(self._nothing())
        return group

    def _nothing(self) -> dict[str, Any]:
        return {number.name: number.nothing for number in self.wanted.numbers}

    def _add(self, rows: Sequence[Row], names: Sequence[str]) -> None:
        """Put the numbers of rows, which all have the same, onto those of their groups."""
        merges = [
            (number.name, number.merge)
            for number in self.wanted.numbers
            if rows and number.name in rows[0]
        ]
        nothing = self._nothing()
        for row in rows:
            key = tuple([row[name] for name in names])
            group = self.groups.get(key)
            if group is None:
                self.groups[key] = Group({**nothing, **{name: row[name] for name, _ in merges}})
                continue
            numbers = group.numbers
            for name, merge in merges:
                numbers[name] = merge(numbers[name], row[name])

    def _add_members(
        self, rows: Sequence[Row], alike: Sequence[Values], names: Sequence[str]
    ) -> None:
        columns = [(values.name, values.field) for values in alike]
        for row in rows:
            members = self._group(row, names).members
            for name, value in columns:
                if row[value] is not None:
                    found = members.get(name)
                    if found is None:
                        found = members[name] = Members()
                    found.add(row[value])

    def _add_packed_members(
        self, rows: Sequence[Row], alike: Sequence[Values], names: Sequence[str]
    ) -> None:
        columns = [(values.name, documents.members(values.field)) for values in alike]
        for row in rows:
            members = self._group(row, names).members
            for name, packed in columns:
                if row[packed] is not None:
                    members.setdefault(name, Members()).include(row[packed])

    def _add_counts(self, rows: Sequence[Row], values: Values, names: Sequence[str]) -> None:
        for row in rows:
            group = self._group(row, names)
            if row[_BUCKET] is not None:
                group.spreads.setdefault(values.name, Spreads()).add(row[_BUCKET], row[COUNT])

    def _add_packed_spreads(
        self, rows: Sequence[Row], values: Values, names: Sequence[str]
    ) -> None:
        packed = documents.spread(values.field)
        for row in rows:
            group = self._group(row, names)
            if row[packed] is not None:
                group.spreads.setdefault(values.name, Spreads()).include(row[packed], row[_TIMES])


def number(name: str, function: Function, measure: str | None = None, where: Where = ()) -> Number:
    """A number of a measure, or of records: how many, their sum, their least, their greatest."""
    rolled, merge, nothing = _NUMBERS[function]
    field = COUNT if measure is None else _FIELDS[function](measure)
    return Number(
        Measure(name, function, measure, where),
        Measure(name, rolled, field, where),
        merge,
        nothing,
    )


_NUMBERS: Mapping[Function, tuple[Function, Merge, Any]] = {
    Function.COUNT: (Function.SUM, added, 0),
    Function.SUM: (Function.SUM, added, 0),
    Function.MIN: (Function.MIN, lesser, None),
    Function.MAX: (Function.MAX, larger, None),
}
_FIELDS: Mapping[Function, Callable[[str], str]] = {
    Function.COUNT: documents.present,
    Function.SUM: documents.total,
    Function.MIN: documents.least,
    Function.MAX: documents.greatest,
}


def _alike(members: Iterable[Values]) -> list[tuple[Where, list[Values]]]:
    """The sets with the same condition together: they are read at once."""
    found: dict[Where, list[Values]] = {}
    for values in members:
        found.setdefault(values.where, []).append(values)
    return list(found.items())


def _renamed(where: Where) -> Where:
    return tuple(replace(part, field=column(part.field)) for part in where)


def _names(by: Sequence[By]) -> list[str]:
    return [_name(part) for part in by]


def _name(part: By) -> str:
    return part if isinstance(part, str) else part.name
