"""Collecting what is wanted of the parts of a period, and putting that of each group together.

The same is done for an answer and for a rollup itself: a day is what its hours come to, and an
hour is what its records come to.
"""

import asyncio
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from ..family import Rollup
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
from .documents import ROLLUP, TIME, USER, Level, column, only
from .plan import Cover, Ranges
from .question import named
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


class Told(NamedTuple):
    """A set that need not be asked for: filters leave one value to what is in it.

    members: what stands in its place in every group of which there is anything.
    """

    place: int
    members: Members


@dataclass
class Collector:
    """Collects what is wanted of a subject, by one of its rollups.

    where, by, present: in the names of the subject, without the period.
    turns: how many may read records at the same time, whose rows are many in an open hour.
    """

    store: Store
    subject: Subject
    rollup: Rollup
    where: Where
    by: Sequence[By]
    wanted: Sequence[Part]
    present: Sequence[str] = ()
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
        time = source.name(self.subject.family.time_of(self.rollup))
        where = dict.fromkeys((*self.where, *only(self.rollup)))
        common = *source.filters(tuple(where)), *source.where, within(time, ranges)
        present = [source.name(field) for field in self.present]
        about = Aggregation(source.family, (), common, source.groups(self.by), present=present)
        figures = [
            Figure(place, measure, part.merge)
            for place, part in self._places(Number)
            if (measure := source.measure(part.records)) is not None
        ]
        columns = [_of_records(place, part, source) for place, part in self._untold]
        columns += [_of_records(place, part, source) for place, part in self._places(Distribution)]
        await self._ask_all(about, figures, columns)

    async def _rolled(self, level: Level, ranges: Ranges) -> None:
        """Add what lies in the rollup documents of a level."""
        by = [_kept_by(part, level) for part in self.by]
        where = tuple(part for part in self.where if part not in only(self.rollup))
        common = *_renamed(where), equals(ROLLUP, self.rollup.name), within(TIME, ranges)
        present = [column(field) for field in self.present]
        about = Aggregation(self.subject.kept.levels[level], (), common, by, present=present)
        figures = [
            Figure(place, replace(part.rolled, where=_renamed(part.rolled.where)), part.merge)
            for place, part in self._places(Number)
        ]
        columns = [self._of_documents(place, part) for place, part in self._untold]
        columns += [self._of_documents(place, part) for place, part in self._places(Distribution)]
        await self._ask_all(about, figures, columns, self._one_by_one(by))

    @property
    def _adds_up(self) -> bool:
        """Whether numbers may come in several rows for a group: not where the larger one counts,
        as in roll's `onto`."""
        return all(part.adds_up for _, part in self._places(Number))

    def _one_by_one(self, by: Sequence[By]) -> Container[str]:
        """The questions in which documents come as they are, to be put together here: where a group
        has few that are alike, grouping them takes longer.

        Sets differ, but for those of one user at different times. A bucket has few documents of
        one user, and one for each group where all is told that its rollup is by.
        """
        told = {part.field for part in self.where if part.op is Operator.EQ}
        alone = {*self.rollup.by} <= told.union(part for part in self.by if isinstance(part, str))
        if TIME not in by:
            return (PACKED,) if alone else ()
        return (PACKED, VALUES) if alone or USER in told else (PACKED,)

    @cached_property
    def _told(self) -> list[Told]:
        """The sets of which filters tell what is in them."""
        found = []
        for place, part in self._places(Different):
            value = None if part.where else named(self.where, part.field)
            if value is not None:
                members = Members()
                members.add(value)
                found.append(Told(place, members))
        return found

    @property
    def _untold(self) -> Iterable[tuple[int, Different]]:
        """The other sets, each with its place in a group."""
        told = {one.place for one in self._told}
        return ((place, part) for place, part in self._places(Different) if place not in told)

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

    async def _ask_all(
        self,
        about: Aggregation,
        figures: Sequence[Figure],
        columns: Sequence[Column],
        one_by_one: Container[str] = (),
    ) -> None:
        """Ask for everything at once, as `_ask` does, or for numbers before where they have to come
        whole."""
        if self._adds_up:
            await self._ask(about, figures, columns, told=self._told, one_by_one=one_by_one)
        else:
            await self._ask(about, figures, (), told=self._told)
            await self._ask(about, (), columns)

    async def _ask(
        self,
        about: Aggregation,
        figures: Sequence[Figure],
        columns: Sequence[Column],
        *,
        told: Sequence[Told] = (),
        one_by_one: Container[str] = (),
    ) -> None:
        """Ask for numbers, sets and distributions, and add what is found.

        about: of what, and by what; it asks for no measure yet. one_by_one: the questions that do
        not put documents together. Numbers come with the first question that is about everything,
        and so in parts; what is told comes with it too.
        """
        asked: dict[tuple[Where, str], list[Column]] = {}
        for one in columns:
            asked.setdefault((one.where, one.together), []).append(one)
        if (figures or told) and not any(where == () for where, _ in asked):
            asked[(), VALUES] = []
        for (where, kind), together in asked.items():
            numbers, sets = (figures, told) if where == () else ((), ())
            measures = [replace(one.measure, name=_at(one.place)) for one in numbers]
            if together or sets:
                measures.append(Measure(_TIMES))
            query = replace(
                about,
                measures=measures,
                where=(*about.where, *where),
                by=(*about.by, *(one.by for one in together)),
                each=kind in one_by_one,
                flat=True,
            )
            rows: Sequence[Any] = await self.store.aggregate(query)
            if len(rows) < MANY:
                self._add(rows, len(about.by), together, numbers, sets)
            else:
                await asyncio.to_thread(self._add, rows, len(about.by), together, numbers, sets)
            if where == ():
                figures = told = ()

    def _add(
        self,
        rows: Iterable[tuple[Any, ...]],
        by: int,
        columns: Sequence[Column],
        figures: Sequence[Figure],
        told: Sequence[Told],
    ) -> None:
        """Put what rows have onto what their groups have: so many values that they are grouped
        by, those of the columns, the figures, and how many times; and what is told."""
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
            for place, members in told:
                if row[-1]:  # without groups there is a row over nothing too
                    group[place] = members


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
