"""A store that answers from rollups what they can answer, and everything else as it is.

Questions are asked as if there were nothing but records: closed buckets come from the rollups,
the open rest and what was written to since from the records, and the answer is the same.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ..clock import Clock
from ..errors import Invalid
from ..family import Family
from ..intervals import HOUR
from ..storage.base import Operation, Outcome, Row, Store
from ..storage.query import Aggregation, Filter, Find, Operator, Where, check_fields, equals, within
from . import progress
from .activity import ACTIVITY, USERS
from .collect import Collector
from .digests import Digest, Pieces, read_digest
from .documents import ROLLUP, TENANT, TIME, USER, kept, total
from .last_seen import LastSeen, Seen
from .pages import LENGTHS, counting, sought
from .plan import Cover, Progress, Range, Ranges, cover, joined, whole
from .question import EXACT, Question, asks_percentile, named, question, split_period
from .recent_counts import RecentCounts
from .sets import Members
from .sources import ROLLED, SUBJECTS
from .wanted import Groups, Key

WORTH_NARROWING = timedelta(hours=6)
"""A shorter period is read as it is, whoever it is about."""
MOST_RANGES = 2_000
"""Ranges of time that one question may name; a user who is active in more is in most hours."""
AT_ONCE = 2
"""Questions that read the records of an open hour at the same time: they can be many."""
DEEP = 1_000
"""Documents before a page from which on it is worth looking where they are."""


class RolledStore:
    """Implements `base.Store` on top of another one, with the same records."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.name, self.remote = store.name, store.remote
        self._store = store
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._marker = progress.Marker(store)
        self._progress = progress.Known(store)
        self._last_seen = LastSeen(store.aggregate, alone=not store.remote)
        self._recent_counts = RecentCounts(store.aggregate, alone=not store.remote)

    async def open(self) -> None:
        """Open the store beneath."""
        await self._store.open()

    async def close(self) -> None:
        """Close the store beneath."""
        await self._store.close()

    async def ping(self) -> None:
        """Ping the store beneath."""
        await self._store.ping()

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do all operations; the hours of what came late are marked before.

        Raises StoreUnavailable when the marks, or the operations, could not be written.
        """
        now = self._clock()
        on_time = now - progress.GRACE
        late = [
            moment
            for operation in operations
            if operation.family.kind in ROLLED
            for attribute in operation.family.times.values()
            if (moment := getattr(operation.document, attribute)) is not None and moment < on_time
        ]
        if late:
            with self._progress.changing():
                await self._marker.mark(late, now)
        if any(operation.family is progress.REACHED for operation in operations):
            with self._progress.changing():
                return await self._written(operations)
        return await self._written(operations)

    async def get(self, family: Family, tenant: str, key: str) -> Any | None:
        """The document with that key, or None."""
        return await self._store.get(family, tenant, key)

    async def find(self, query: Find) -> list[Any]:
        """The documents that a query means; of deep pages, only from hours with such documents."""
        return await self._store.find(query if query.offset < DEEP else await self._sought(query))

    async def put(self, family: Family, where: Where, documents: Sequence[Any]) -> None:
        """Make `documents` all there is of a derived family where `where` holds."""
        if family is not progress.MARKS:
            await self._store.put(family, where, documents)
            return
        with self._progress.changing():
            await self._store.put(family, where, documents)

    async def purge(self, family: Family, before: datetime) -> int:
        """Remove what happened before that time; the number removed."""
        return await self._store.purge(family, before)

    async def missing(self) -> list[str]:
        """What is declared and not there, in the store beneath."""
        return await self._store.missing()

    async def time(self) -> datetime | None:
        """The time by the clock of the store beneath."""
        return await self._store.time()

    async def aggregate(self, query: Aggregation) -> list[Row]:
        """The rows that a query means; raises Invalid for an undeclared field.

        A question for percentiles gets a further column `exact`: whether they are those of the
        records, or within what rollups promise (storage/log_buckets.py).
        """
        if problems := check_fields(query):
            raise Invalid.of(problems)
        rows = await self._recent_counts.rows(query, self._clock())
        if rows is not None:
            return rows
        asked = question(query)
        reached = None if asked is None else await self._progress.read()
        if asked is not None:
            parts = _cover(asked, reached)
            if parts.rolled or not SUBJECTS[query.family.kind].recorded:
                return await self._rolled(asked, parts)
        return await self._recorded(query, reached)

    async def members(self, query: Aggregation) -> dict[Key, set[int]]:
        """The sets behind an aggregation that counts different values, by what it groups by.

        They hold the values' hashes (sets.py). The query has one measure, and is one that
        rollups can answer; ValueError for another.
        """
        found = await self.sets(query)

        def together() -> dict[Key, set[int]]:
            return {key: members.hashes() for key, members in found.items()}

        return await asyncio.to_thread(together)

    async def sets(self, query: Aggregation) -> dict[Key, Members]:
        """The same as `members`, in a form that can be counted, and put together with others."""
        asked = question(query)
        if asked is None:
            raise ValueError(f"no rollup of {query.family.kind} has these sets")
        found = await self._groups(asked, _cover(asked, await self._progress.read()))
        return asked.sets(found)

    async def last_seen(self, start: datetime, end: datetime) -> Seen:
        """The users of all tenants with an event of any family in [start, end), about now, and
        the last one of each."""
        return await self._last_seen.during(start, end)

    async def pieces(
        self, digest: Digest, tenant: str, period: Range, names: Sequence[str] | None = None
    ) -> dict[str, Pieces] | None:
        """The pieces of a digest that make up a period, by name; of some of its names, if given.

        What is not in its documents is made of the records. None where all would be.
        """
        reached = await self._progress.read()
        parts = whole(period) if reached is None else cover(period, reached, digest.longest)
        if not parts.rolled:
            return None
        return await read_digest(self._store, digest, tenant, parts, names)

    async def _written(self, operations: Sequence[Operation]) -> list[Outcome]:
        try:
            outcomes = await self._store.write(operations)
        except BaseException:
            self._last_seen.forget()
            self._recent_counts.forget()
            raise
        self._last_seen.written(operations, outcomes)
        self._recent_counts.written(operations, outcomes)
        return outcomes

    async def _rolled(self, asked: Question, parts: Cover) -> list[Row]:
        return await asyncio.to_thread(asked.rows, await self._groups(asked, parts))

    async def _groups(self, asked: Question, parts: Cover) -> dict[str, Groups]:
        """What is collected for each share of a question, by its rollup's name."""
        subject = SUBJECTS[asked.asked.family.kind]
        found = {}
        for share in asked.shares:
            collector = Collector(
                self._store,
                subject,
                share.rollup,
                asked.where,
                asked.asked.by,
                share.wanted,
                asked.asked.present,
                self._turns,
            )
            found[share.rollup.name] = await collector.collect(parts)
        return found

    async def _recorded(self, query: Aggregation, reached: Progress | None) -> list[Row]:
        """The answer of the records: of one user's, those of the hours that they were active in."""
        where = await self._narrowed(query.family, query.where, reached)
        rows = await self._store.aggregate(replace(query, where=where))
        if asks_percentile(query) and not query.flat:
            for row in rows:
                row[EXACT] = True
        return rows

    async def _sought(self, query: Find) -> Find:
        """A deep page, of the hours alone in which its documents lie, or may lie."""
        for level in LENGTHS:
            counts = counting(query, level)
            if counts is None:
                where = await self._narrowed(query.family, query.where, None)
                return replace(query, where=where)
            query = sought(query, level, await self.aggregate(counts))
        return query

    async def _narrowed(self, family: Family, where: Where, reached: Progress | None) -> Where:
        """Filters for one user, with the hours alone in which they did something; others, and
        those that this would not help, as they are."""
        split = split_period(where, family.time_field)
        tenant, user = named(where, TENANT), named(where, USER)
        counted = family.kind in ACTIVITY.measures
        if split is None or tenant is None or user is None or not counted:
            return where
        period, rest = split
        reached = reached or await self._progress.read()
        parts = whole(period) if reached is None else cover(period, reached, "hour")
        if period[1] - period[0] < WORTH_NARROWING or not parts.rolled:
            return where
        active = await self._active_hours(family, tenant, user, parts.levels["hour"])
        ranges = joined([*parts.records, *((max(hour, period[0]), hour + HOUR) for hour in active)])
        if len(ranges) > MOST_RANGES:
            return where
        return (*rest, within(family.time_field, ranges))

    async def _active_hours(
        self, family: Family, tenant: str, user: str, ranges: Ranges
    ) -> list[datetime]:
        """The hours in which a user had events of a family."""
        rows = await self._store.aggregate(
            Aggregation(
                kept(ACTIVITY).levels["hour"],
                (),
                (
                    equals(TENANT, tenant),
                    equals(USER, user),
                    equals(ROLLUP, USERS),
                    within(TIME, ranges),
                    Filter(total(family.kind), Operator.GT, 0),
                ),
                (TIME,),
            )
        )
        return [row[TIME] for row in rows]


def _cover(asked: Question, reached: Progress | None) -> Cover:
    if reached is None:
        return whole(asked.period)
    return cover(asked.period, reached, asked.longest)
