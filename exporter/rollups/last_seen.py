"""When every user was last seen, by events of any family: what the gauges ask for, of all tenants.

Hours that have closed are in the rollups; the last one is in the records alone, and to read it all
at each refresh would take the longer the more it holds. So the answer is kept, and what came since
is put onto it: the records from where the last answer ended, and events that came later than that
and lie before it, of which the store tells. It is the answer of the records, whatever comes late,
out of order or from a clock that is ahead.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from ..records import TRACKED
from ..storage.base import Operation, Outcome, Row
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, between
from .activity import PLAN
from .documents import TENANT, USER
from .plan import Range
from .progress import closed_until

MOST_KEPT = 100_000
"""Users of the last hour that are kept, in some 25 MB; where there are more, records are read."""
MOST_LATE = 50_000
"""Late events that wait for the next answer; past it that is read anew."""

SHORTEST_PART = timedelta(seconds=3)
MOST_PARTS = 20
"""What came since the last answer is read in parts, so that there are few rows at a time."""

KINDS = frozenset(family.kind for family in TRACKED)
OF_A_USER = Filter(USER, Operator.NE, None)


class Last(NamedTuple):
    """The last event of a user: when it was, and the plan that it names, or ''."""

    time: datetime
    plan: str

    def counts(self, known: "Last | None") -> bool:
        """Whether it is the last one, beside another; of two at once the lesser plan is named."""
        if known is None or self.time > known.time:
            return True
        return self.time == known.time and self.plan < known.plan


Seen = dict[str, dict[str, Last]]
"""The last events of users, by tenant and user."""
_Sighting = tuple[str, str, Last]


class LastSeen:
    """The users of the last hour, for one that asks again and again about the time up to now.

    ask: answers a question from the records.
    alone: whether nobody else writes to that, so that `written` is told of everything; where
        somebody does, every answer is that of the records.
    """

    def __init__(
        self,
        ask: Callable[[Aggregation], Awaitable[list[Row]]],
        *,
        alone: bool,
        most_kept: int = MOST_KEPT,
        most_late: int = MOST_LATE,
    ) -> None:
        self._ask = ask
        self._alone = alone
        self._most_kept = most_kept
        self._most_late = most_late
        self._turn = asyncio.Lock()
        self._seen: Seen = {}
        self._kept: Range | None = None
        self._late: list[_Sighting] = []
        self._crowded: datetime | None = None

    async def during(self, start: datetime, end: datetime) -> Seen:
        """Who had an event in [start, end), and their last one before `end`.

        It is for questions about now, each of which ends where the last one did, or later.
        Another one is answered from the records.
        """
        floor = closed_until(end)
        async with self._turn:
            backwards = self._kept is not None and end < self._kept[1]
            possible = self._alone and start >= floor and not backwards
            if possible and self._crowded != floor:
                seen = await self._up_to(floor, end)
                if seen is not None:
                    return await asyncio.to_thread(_since, start, seen)
        found: Seen = {}
        await self._read(found, (start, end))
        return found

    def written(self, operations: Sequence[Operation], outcomes: Sequence[Outcome]) -> None:
        """Take in what of that was stored, and lies in the time that was read already."""
        if self._kept is None:
            return
        start, end = self._kept
        for operation, outcome in zip(operations, outcomes, strict=True):
            family, document = operation.family, operation.document
            if (
                family.kind in KINDS
                and start <= getattr(document, family.time_attribute) < end
                and outcome is Outcome.STORED
            ):
                self._came_late(document, getattr(document, family.time_attribute))

    def forget(self) -> None:
        """Begin anew, where something may have been stored that nobody told of."""
        self._kept, self._seen, self._late = None, {}, []

    def _came_late(self, document: Any, time: datetime) -> None:
        tenant, user = document.tenant_id, document.user_id
        last = Last(time, document.user_plan or "")
        if user is not None and last.counts(self._seen.get(tenant, {}).get(user)):
            self._late.append((tenant, user, last))
            if len(self._late) > self._most_late:
                self.forget()

    async def _up_to(self, start: datetime, end: datetime) -> Seen | None:
        """Those of [start, end), kept; None where what was known was forgotten meanwhile."""
        known, self._kept = self._kept, (start, end)  # what is stored of that from now on is late
        seen = self._seen
        try:
            if known is not None and known[0] < start:
                seen = await asyncio.to_thread(_since, start, seen)
            for part in _parts(start if known is None else max(start, known[1]), end):
                await self._read(seen, part)
        except BaseException:
            self.forget()
            raise
        late, self._late = self._late, []
        await asyncio.to_thread(_put, seen, late)
        if self._kept is None:
            return None
        self._seen = seen
        if sum(map(len, seen.values())) > self._most_kept:
            self._crowded = start
            self.forget()
        return seen

    async def _read(self, seen: Seen, period: Range) -> None:
        """Put onto what was seen what the records of a period say: one family after the other, so
        that the rows of one are in memory at a time."""
        for family in TRACKED:
            where = OF_A_USER, *between(family.time_field, *period)
            last = Measure("last", Function.MAX, family.time_field)
            rows = await self._ask(Aggregation(family, (last,), where, (TENANT, USER, PLAN)))
            await asyncio.to_thread(_put, seen, map(_sighting, rows))


def _parts(start: datetime, end: datetime) -> Iterator[Range]:
    """A period in parts whose length is some times SHORTEST_PART; MOST_PARTS at most."""
    length = SHORTEST_PART * ceil((end - start) / SHORTEST_PART / MOST_PARTS)
    while start < end:
        yield start, min(end, start + length)
        start += length


def _since(start: datetime, seen: Seen) -> Seen:
    """Those that were seen from `start` on."""
    return {
        tenant: {user: last for user, last in users.items() if last.time >= start}
        for tenant, users in seen.items()
    }


def _put(seen: Seen, more: Iterable[_Sighting]) -> None:
    """Put onto what was seen what was seen besides."""
    for tenant, user, last in more:
        users = seen.setdefault(tenant, {})
        if last.counts(users.get(user)):
            users[user] = last


def _sighting(row: Row) -> _Sighting:
    return row[TENANT], row[USER], Last(row["last"], row[PLAN] or "")
