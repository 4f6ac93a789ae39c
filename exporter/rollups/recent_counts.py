"""Counts over the last minutes, of all tenants: what evaluators of alerts ask for, again and again.

They ask each minute about the last five, fifteen or sixty; to read all of that takes more than a
second of the processor where 2,600 events a second are recorded. So the counts of a minute that is
over are kept, and it is read again only where something was stored in it since, of which the store
tells. It is the answer of the records, whatever comes late or changes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import add
from typing import Any, NamedTuple

from ..storage.base import Operation, Outcome, Row
from ..storage.query import Aggregation, By, Function, Measure, Order, Where, within
from .documents import TENANT
from .ordering import in_order, sortable
from .plan import Range, Ranges, joined
from .question import split_period
from .wanted import Key

MINUTE = timedelta(minutes=1)
LONGEST = timedelta(hours=1)
"""A longer period is for rollups."""
READ = 3
"""Minutes that are read to be kept, for one answer: who asks again and again misses one or two."""
MOST_GROUPS = 10_000
"""Groups that a minute may have; where one has more, the answer is that of the records."""
MOST_KEPT = 100_000
"""Groups of all minutes that are kept, in some 25 MB."""
MOST_QUESTIONS = 16
"""Questions whose minutes are kept. Those go first that were not asked for the longest."""

Counts = Mapping[Key, Sequence[int]]
"""For each group its counts, in the order of the measures."""


class Counted(NamedTuple):
    """What is counted, whenever it was: what all answers have in common that share minutes."""

    kind: str
    measures: tuple[Measure, ...]
    where: Where
    by: tuple[By, ...]
    present: tuple[str, ...]


class RecentCounts:
    """Keeps the counts of minutes, for one that asks about the time up to now.

    ask: answers a question from the records.
    alone: whether nobody else writes to those, so that `written` is told of everything; where
        somebody does, nothing is kept.
    """

    def __init__(
        self,
        ask: Callable[[Aggregation], Awaitable[list[Any]]],
        *,
        alone: bool,
        most_groups: int = MOST_GROUPS,
        most_kept: int = MOST_KEPT,
    ) -> None:
        self._ask = ask
        self._alone = alone
        self._most_groups = most_groups
        self._most_kept = most_kept
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[Counted, dict[datetime, Counts | None]] = OrderedDict()
        self._until: dict[str, datetime] = {}

    async def rows(self, query: Aggregation, now: datetime) -> list[Row] | None:
        """The rows that a query means; None for another one than for counts alone, over all
        tenants, about some of the last minutes."""
        split = split_period(query.where, query.family.time_field)
        if not self._alone or split is None or not _is_recent(query, *split, now):
            return None
        period, where = split
        asked = replace(query, where=where, order=(), limit=self._most_groups + 1, flat=True)
        async with self._turn:
            known = await self._known(asked, self._minutes(asked), period)
            self._keep_few()
            parts = [*known.values()]
            if rest := _between([*known], period):
                parts.append(await self._counts(asked, rest))
        if any(len(counts) > self._most_groups for counts in parts):
            return await self._ask(query)
        return await asyncio.to_thread(_rows, query, parts)

    def written(self, operations: Sequence[Operation], outcomes: Sequence[Outcome]) -> None:
        """Forget the minutes in which some of that was stored."""
        if not self._until:
            return
        for operation, outcome in zip(operations, outcomes, strict=True):
            family = operation.family
            until = self._until.get(family.kind)
            if until is None or outcome is not Outcome.STORED:
                continue
            time: datetime = getattr(operation.document, family.time_attribute)
            if time < until:
                for counted, minutes in self._kept.items():
                    if counted.kind == family.kind:
                        minutes.pop(_beginning(time), None)

    def forget(self) -> None:
        """Begin anew, where something may have been stored that nobody told of."""
        self._kept.clear()
        self._until.clear()

    def _minutes(self, asked: Aggregation) -> dict[datetime, Counts | None]:
        """The minutes that are kept of what is asked; None stands where one is being read."""
        counted = Counted(
            asked.family.kind,
            tuple(asked.measures),
            tuple(asked.where),
            tuple(asked.by),
            tuple(asked.present),
        )
        minutes = self._kept.setdefault(counted, {})
        self._kept.move_to_end(counted)
        return minutes

    def _keep_few(self) -> None:
        """Forget questions, until neither they nor what is kept of them are too many."""
        groups = [
            sum(len(counts) for counts in minutes.values() if counts is not None)
            for minutes in self._kept.values()
        ]
        kept = sum(groups)
        for some in groups:
            if kept <= self._most_kept and len(self._kept) <= MOST_QUESTIONS:
                return
            self._kept.popitem(last=False)
            kept -= some

    async def _known(
        self, asked: Aggregation, minutes: dict[datetime, Counts | None], period: Range
    ) -> dict[datetime, Counts]:
        """Minutes of a period whose counts are kept, some of which were read for that."""
        start, end = period
        for minute in [*minutes]:
            if not start <= minute <= end - MINUTE:
                del minutes[minute]
        first = _beginning(start - timedelta(microseconds=1)) + MINUTE
        whole = [first + n * MINUTE for n in range((end - first) // MINUTE)]
        for minute in [minute for minute in whole if minute not in minutes][-READ:]:
            minutes[minute] = None  # what is stored in it from now on undoes that
            kind = asked.family.kind
            self._until[kind] = max(minute + MINUTE, self._until.get(kind, minute))
            try:
                counts = await self._counts(asked, ((minute, minute + MINUTE),))
            except BaseException:
                minutes.pop(minute, None)
                raise
            if minute in minutes:
                minutes[minute] = counts
        return {minute: counts for minute, counts in minutes.items() if counts is not None}

    async def _counts(self, asked: Aggregation, ranges: Ranges) -> Counts:
        """The counts of the records in some ranges of time."""
        where = (*asked.where, within(asked.family.time_field, ranges))
        rows = await self._ask(replace(asked, where=where))
        by = len(asked.by)
        return {row[:by]: row[by:] for row in rows}


def _is_recent(query: Aggregation, period: Range, where: Where, now: datetime) -> bool:
    start, end = period
    return (
        2 * MINUTE <= end - start <= LONGEST
        and now - MINUTE < end <= now + MINUTE
        and all(measure.function is Function.COUNT for measure in query.measures)
        and all(part.field != TENANT for part in where)
        and not (query.each or query.flat)
    )


def _beginning(time: datetime) -> datetime:
    """The beginning of the minute that a time lies in."""
    return time.replace(second=0, microsecond=0)


def _between(minutes: Sequence[datetime], period: Range) -> Ranges:
    """What a period has before, between and after some minutes of it."""
    start, end = period
    starts = [start, *(minute + MINUTE for minute in sorted(minutes))]
    ends = [*sorted(minutes), end]
    return joined([one for one in zip(starts, ends, strict=True) if one[0] < one[1]])


def _rows(query: Aggregation, parts: Iterable[Counts]) -> list[Row]:
    """The rows that a query means, of what its parts counted."""
    groups: dict[Key, Sequence[int]] = {}
    for counts in parts:
        for key, some in counts.items():
            known = groups.get(key)
            groups[key] = some if known is None else [*map(add, known, some)]
    names = [part if isinstance(part, str) else part.name for part in query.by]
    names += [measure.name for measure in query.measures]
    rows = [dict(zip(names, (*key, *groups[key]), strict=True)) for key in in_order(groups)]
    for part in reversed(query.order):
        rows = _ranked(rows, part)
    return rows[: query.limit]


def _ranked(rows: list[Row], order: Order) -> list[Row]:
    """Rows in that order; those that it leaves equal stay as they are."""
    return sorted(rows, key=lambda row: sortable(row[order.name]), reverse=order.descending)
