"""Collecting what is wanted of the parts of a period, and putting that of each group together.

The same is done for an answer and for a rollup itself: a day is what its hours come to, and an
hour is what its records come to.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from ..family import Family, Rollup
from ..storage.base import Store
from ..storage.query import (
    Aggregation,
    By,
    LogBucket,
    Measure,
    Operator,
    TimeBucket,
    Where,
    equals,
    within,
)
from . import documents
from .documents import ROLLUP, TIME, Level, column, only
from .plan import Cover, Ranges
from .sets import Members, Spreads
from .sources import Source, Subject
from .wanted import Different, Distribution, Groups, Merge, Number, Part, nothing_of

MANY = 1_000
"""Rows from which on adding them takes longer than the event loop should be held up."""

PACKED, VALUES = "packed", "values"
"""Sets and distributions that are asked for together, where they have the same condition."""

_TIMES = "_times"
"""In rows: how many records or documents have the same values."""

Of = TypeVar("Of", bound=Part)


class Figure(NamedTuple):
    """How a number is asked for: its place in groups, its measure, how its parts are put
    together."""

    place: int
    measure: Measure
    merge: Merge


class Column(NamedTuple):
    """How a set or a distribution is asked for: by what rows are grouped to find its values.

    where: of which records. together: those with the same are asked for at once.
    kind: what stands in its place in groups; `add(found, value, times)` puts a value into that.
    """

    place: int
    by: By
    where: Where
    together: str
    kind: type[Members | Spreads]
    add: Callable[[Any, Any, int], None]


@dataclass
class Collector:
    """Collects what is wanted of a subject, by one of its rollups.

    where, by: in the names of the subject, without the period.
    turns: how many may read records at the same time, whose rows are many in an open hour.
    """

    store: Store
    subject: Subject
    rollup: Rollup
    where: Where
    by: Sequence[By]
    wanted: Sequence[Part]
    turns: asyncio.Semaphore = field(default_factory=asyncio.Semaphore)
    groups: Groups = field(default_factory=dict)

    async def collect(self, cover: Cover) -> Groups:
        """The groups of all parts of a period; those are read one after the other, so that no
        more than one of them is in memory."""
        for level, ranges in cover.levels.items():
            if ranges:
                await self._rolled(level, ranges)
        if cover.records:
            for source in self.subject.sources:
                async with self.turns:
                    await self._recorded(source, cover.records)
        return self.groups

    async def _recorded(self, source: Source, ranges: Ranges) -> None:
        """Add what lies among the records of a source."""
        family, by = source.family, source.groups(self.by)
        time = source.name(self.subject.family.time_of(self.rollup))
        where = dict.fromkeys((*self.where, *only(self.rollup)))
        common = *source.filters(tuple(where)), *source.where, within(time, ranges)
        figures = [
            Figure(place, measure, part.merge)
            for place, part in self._places(Number)
            if (measure := source.measure(part.records)) is not None
        ]
        columns = [_of_records(place, part, source) for place, part in self._places(Different)]
        columns += [_of_records(place, part, source) for place, part in self._places(Distribution)]
        await self._ask(family, common, by, figures, ())  # one row each: see roll's `onto`
        await self._ask(family, common, by, (), columns)

    async def _rolled(self, level: Level, ranges: Ranges) -> None:
        """Add what lies in the rollup documents of a level."""
        family, by = self.subject.kept.levels[level], [_kept_by(part, level) for part in self.by]
        where = tuple(part for part in self.where if part not in only(self.rollup))
        common = *_renamed(where), equals(ROLLUP, self.rollup.name), within(TIME, ranges)
        figures = [
            Figure(place, replace(part.rolled, where=_renamed(part.rolled.where)), part.merge)
            for place, part in self._places(Number)
        ]
        columns = [self._of_documents(place, part) for place, part in self._places(Different)]
        columns += [self._of_documents(place, part) for place, part in self._places(Distribution)]
        await self._ask(family, common, by, figures, columns)

    @property
    def _alone(self) -> bool:
        """Whether no two documents of a bucket are of one group: then no two are alike."""
        told = {part.field for part in self.where if part.op is Operator.EQ}
        return {*self.rollup.by} <= told.union(by for by in self.by if isinstance(by, str))

    def _places(self, kind: type[Of]) -> Iterable[tuple[int, Of]]:
        """The parts of a kind, each with its place in a group."""
        return ((place, part) for place, part in enumerate(self.wanted) if isinstance(part, kind))

    def _of_documents(self, place: int, part: Different | Distribution) -> Column:
        """How documents are asked for a set or a distribution: most have it packed."""
        where = _renamed(part.where)
        if isinstance(part, Distribution):
            name = documents.spread(part.field)
            return Column(place, name, where, PACKED, Spreads, Spreads.include)
        if part.field in self.rollup.members:
            name = documents.members(part.field)
            return Column(place, name, where, PACKED, Members, Members.include)
        return Column(place, column(part.field), where, VALUES, Members, Members.add)

    async def _ask(
        self,
        family: Family,
        common: Where,
        by: Sequence[By],
        figures: Sequence[Figure],
        columns: Sequence[Column],
    ) -> None:
        """Ask for numbers, sets and distributions, and add what is found.

        Numbers come with the first question that is about everything, and so in parts.
        """
        asked: dict[tuple[Where, str], list[Column]] = {}
        for one in columns:
            asked.setdefault((one.where, one.together), []).append(one)
        if figures and not any(where == () for where, _ in asked):
            asked[(), VALUES] = []
        for (where, kind), together in asked.items():
            with_it, figures = (figures, ()) if where == () else ((), figures)
            measures = [replace(one.measure, name=_at(one.place)) for one in with_it]
            if together:
                measures.append(Measure(_TIMES))
            grouped = *by, *(one.by for one in together)
            each = kind == PACKED and self._alone
            query = Aggregation(family, measures, (*common, *where), grouped, each=each, flat=True)
            rows: Sequence[Any] = await self.store.aggregate(query)
            if len(rows) < MANY:
                self._add(rows, len(by), together, with_it)
            else:
                await asyncio.to_thread(self._add, rows, len(by), together, with_it)

    def _add(
        self,
        rows: Iterable[tuple[Any, ...]],
        by: int,
        columns: Sequence[Column],
        figures: Sequence[Figure],
    ) -> None:
        """Put what rows have onto what their groups have: so many values that they are grouped
        by, those of the columns, the figures, and how many times."""
        groups, nothing = self.groups, [nothing_of(part) for part in self.wanted]
        values = [(by + at, one.place, one.kind, one.add) for at, one in enumerate(columns)]
        first = by + len(columns)
        numbers = [(first + at, one.place, one.merge) for at, one in enumerate(figures)]
        for row in rows:
            key = row[:by]
            group = groups.get(key)
            if group is None:  # the figures as they are: most groups have one row
                group = groups[key] = nothing.copy()
                for at, place, _ in numbers:
                    group[place] = row[at]
            else:
                for at, place, merge in numbers:
                    group[place] = merge(group[place], row[at])
            for at, place, kind, add in values:
                value = row[at]
                if value is not None:
                    found = group[place]
                    if found is None:
                        found = group[place] = kind()
                    add(found, value, row[-1])


def _of_records(place: int, part: Different | Distribution, source: Source) -> Column:
    """How records are asked for a set, or for a distribution: that alone, for it has many rows."""
    where = source.filters(part.where)
    if isinstance(part, Different):
        return Column(place, part.field, where, VALUES, Members, Members.add)
    return Column(place, LogBucket(part.field), where, part.field, Spreads, Spreads.add)


def _kept_by(part: By, level: Level) -> By:
    """What documents of a level are grouped by; each has the beginning of its bucket as time."""
    if isinstance(part, TimeBucket):
        return TIME if part.interval == level else replace(part, field=TIME)
    return column(str(part))


def _renamed(where: Where) -> Where:
    return tuple(replace(part, field=column(part.field)) for part in where)


def _at(place: int) -> str:
    """What the number in a place is called in rows."""
    return f"@{place}"
