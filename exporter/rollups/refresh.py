"""Keeping the rollups: hours that have closed, and hours that were written to since.

Every hour is made anew from its records, then its day from the hours and its month from the days,
so that doing it again does no harm, and nothing has to be known of what was there before. One
replica does it at a time.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import add
from typing import Any

from ..family import Family, Rollup
from ..intervals import DAY, HOUR, beginning, beginnings, following
from ..storage.base import Store
from ..storage.query import (
    Aggregation,
    By,
    Filter,
    Function,
    Measure,
    Operator,
    TimeBucket,
    between,
    equals,
)
from . import documents, progress
from .collect import Collector
from .digests import digest_again
from .documents import COUNT, FINER, KEY, LEVELS, ROLLUP, TENANT, TIME, Level, column, key_of
from .families import DIGESTS
from .plan import Cover, Range
from .sources import SUBJECTS, Subject
from .wanted import Different, Distribution, Groups, Number, Part, larger, number

AT_ONCE = 50_000
"""Records that are rolled up in one step, or one hour of them where that has more."""
LOOK_AHEAD = 366 * DAY
"""How much time is looked at for that at once."""


async def roll(
    store: Store, level: Level, span: Range, subject: Subject, *, onto: bool = False
) -> None:
    """Make all buckets of a level anew that lie in a span, of the level below.

    onto: some records may be gone. What was kept stays, and what is found besides is put onto
        it: of each number the larger one counts, since what came late can only have added to it.
    """
    finer = FINER.get(level)
    cover = Cover({}, (span,)) if finer is None else Cover({finer: (span,)}, ())
    if onto:
        cover = replace(cover, levels={**cover.levels, level: (span,)})
    by: tuple[By, ...] = (TimeBucket(level, name=TIME), TENANT)
    family = subject.kept.levels[level]
    for rollup in subject.family.rollups:
        wanted = _everything(rollup, onto=onto)
        parts = list(wanted.values())
        collector = Collector(store, subject, rollup, (), (*by, *rollup.by), parts)
        groups = await collector.collect(cover)
        made = await asyncio.to_thread(_documents, subject, rollup, wanted, groups)
        await store.put(family, (equals(ROLLUP, rollup.name), *between(TIME, *span)), made)


class Refresher:
    """Brings the rollups of a store up to what is recorded.

    kept_for: how long the records of a family are kept. Buckets whose records are gone are never
        made anew: what they came to is all that is left of them.
    go_on: asked after each step whether to do the next one; it may take its time.
    """

    def __init__(
        self,
        store: Store,
        kept_for: Callable[[Family], timedelta],
        go_on: Callable[[], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._kept_for = kept_for
        self._go_on = go_on

    async def run(self, now: datetime) -> None:
        """Roll up what has closed, and again what was written to since."""
        until = await self._advance(now)
        hours = sorted(await progress.settled_marks(self._store, now))
        for month, marked in groupby(hours, lambda hour: beginning(hour, "month")):
            of_month = list(marked)
            for _, in_day in groupby(of_month, lambda hour: beginning(hour, "day")):
                of_day = list(in_day)
                first, last = of_day[0], of_day[-1]
                if not await self._again((first, last + HOUR), until, now):
                    return
            await self._close_again("month", month, until, now)
            await progress.unmark(self._store, tuple((hour, hour + HOUR) for hour in of_month), now)

    async def rebuild(self, span: Range, now: datetime) -> bool:
        """Make all buckets anew that share a moment with a span and have closed; whether that
        came to its end."""
        until = await self._advance(now)
        first = (await self._beginning(now))["hour"]
        start, end = max(first, beginning(span[0], "hour")), min(span[1], until["hour"])
        for day in beginnings(start, end, "day"):
            if not await self._again((max(start, day), min(end, day + DAY)), until, now):
                return False
        for month in beginnings(start, end, "month"):
            await self._close_again("month", month, until, now)
        return True

    async def _advance(self, now: datetime) -> dict[Level, datetime]:
        """Roll up the hours that have closed, and the days and months that end with one of them;
        how far that is."""
        reached = await progress.read(self._store)
        until = dict(reached.until) if reached else await self._beginning(now)
        closed = progress.closed_until(now)
        while until["hour"] < closed:
            end = min(closed, until["hour"] + LOOK_AHEAD)
            for part, records in await self._steps((until["hour"], end)):
                if records:
                    for subject in SUBJECTS.values():
                        await roll(self._store, "hour", part, subject)
                    await self._digest("hour", part)
                until["hour"] = part[1]
                await self._close(until)
                await progress.write(self._store, until, now)
                await progress.unmark(self._store, (part,), now)
                if records and not await self._go_on():
                    return until
        return until

    async def _beginning(self, now: datetime) -> dict[Level, datetime]:
        """Where the rollups begin that there are none of yet: with the first record of an hour
        that has closed."""
        closed = progress.closed_until(now)
        first = closed
        for family in _families():
            before = Filter(family.time_field, Operator.LT, closed)  # an index ends there
            measures = (Measure("first", Function.MIN, family.time_field),)
            (row,) = await self._store.aggregate(Aggregation(family, measures, (before,)))
            first = min(first, row["first"] or closed)
        return {level: beginning(first, level) for level in LEVELS}

    async def _close(self, until: dict[Level, datetime]) -> None:
        """Roll up the days and the months that have ended with the last hour."""
        for level, finer in FINER.items():
            span = until[level], beginning(until[finer], level)
            if span[0] < span[1]:
                for subject in SUBJECTS.values():
                    await roll(self._store, level, span, subject)
                await self._digest(level, span)
                until[level] = span[1]

    async def _again(self, span: Range, until: Mapping[Level, datetime], now: datetime) -> bool:
        """Make the closed hours of a span within a day anew, and its day; whether to go on."""
        start, end = span[0], min(span[1], until["hour"])
        if start < end:
            kept_since = {now - self._kept_for(family) for family in _families()}
            for part, _ in await self._steps((start, end), kept_since):
                for subject in SUBJECTS.values():
                    gone = self._gone(subject, part[0], now)
                    if not all(gone):
                        await roll(self._store, "hour", part, subject, onto=any(gone))
                for digest in DIGESTS:
                    if part[0] >= now - self._kept_for(digest.family):
                        await digest_again(self._store, "hour", part, digest)
            await self._close_again("day", beginning(start, "day"), until, now)
        return await self._go_on()

    async def _close_again(
        self, level: Level, bucket: datetime, until: Mapping[Level, datetime], now: datetime
    ) -> None:
        """Make a closed bucket anew, of what of the level below may have changed."""
        if bucket < until[level]:
            for subject in SUBJECTS.values():
                if not all(self._gone(subject, following(bucket, level), now)):
                    await roll(self._store, level, (bucket, following(bucket, level)), subject)
            await self._digest(level, (bucket, following(bucket, level)))

    async def _digest(self, level: Level, span: Range) -> None:
        """Make the digests of a span anew."""
        for digest in DIGESTS:
            await digest_again(self._store, level, span, digest)

    def _gone(self, subject: Subject, start: datetime, now: datetime) -> list[bool]:
        """Of each source, whether some of its records from a time on may be gone."""
        return [start < now - self._kept_for(source.family) for source in subject.sources]

    async def _steps(self, span: Range, cuts: Collection[datetime] = ()) -> list[tuple[Range, int]]:
        """A span in parts that have not too many records, and how many those are.

        cuts: moments after which a part begins with the next hour.
        """
        counts: Counter[datetime] = Counter()
        for family in _families():
            for row in await self._store.aggregate(
                Aggregation(
                    family,
                    (Measure(COUNT),),
                    between(family.time_field, *span),
                    (TimeBucket("hour"),),
                )
            ):
                counts[row[TIME]] += row[COUNT]
        steps: list[tuple[Range, int]] = []
        for hour in beginnings(*span, "hour"):
            cut = any(hour - HOUR < moment <= hour for moment in cuts)
            if not steps or cut or steps[-1][1] + counts[hour] > AT_ONCE:
                steps.append(((hour, hour + HOUR), counts[hour]))
            else:
                (start, _), records = steps[-1]
                steps[-1] = (start, hour + HOUR), records + counts[hour]
        return steps


def _families() -> Iterable[Family]:
    """The families whose records rollups are made of."""
    sources = (source for subject in SUBJECTS.values() for source in subject.sources)
    return {source.family.kind: source.family for source in sources}.values()


def _everything(rollup: Rollup, *, onto: bool) -> dict[str, Part]:
    """All that a rollup keeps, by the names of its documents' fields."""
    found: dict[str, Part] = {COUNT: number(Function.COUNT)}
    for field in rollup.sums:
        found[documents.total(field)] = number(Function.SUM, field)
        found[documents.present(field)] = number(Function.COUNT, field)
    for field in rollup.extremes:
        found[documents.least(field)] = number(Function.MIN, field)
        found[documents.greatest(field)] = number(Function.MAX, field)
    if onto:
        found = {name: _not_less(part) for name, part in found.items()}
    found |= {documents.members(field): Different(field) for field in rollup.members}
    found |= {documents.spread(field): Distribution(field) for field in rollup.spreads}
    return found


def _not_less(part: Part) -> Part:
    """A number of which the larger one counts, where it would be added up."""
    if isinstance(part, Number) and part.merge is add:
        return replace(part, merge=larger)
    return part


def _documents(
    subject: Subject, rollup: Rollup, wanted: Mapping[str, Part], groups: Groups
) -> list[Any]:
    """The documents of groups, by the beginning of their bucket, the tenant, and the rollup's
    fields; `wanted` are the parts of each group, by the field that keeps them."""
    schema = subject.kept.schema
    names = (TIME, TENANT, *map(column, rollup.by), *wanted, ROLLUP, KEY)
    packed = [place for place, part in enumerate(wanted.values()) if not isinstance(part, Number)]
    fields = list(wanted)
    counted = [
        fields.index(documents.total(source.counted))
        for source in subject.sources
        if source.counted is not None and source.counted in rollup.sums
    ]
    made = []
    for group_key, group in groups.items():
        for place in packed:
            if group[place] is not None:
                group[place] = group[place].packed()
        if counted:
            group[fields.index(COUNT)] = sum([group[place] for place in counted])
        time, _, *by = group_key
        values = *group_key, *group, rollup.name, key_of(rollup, time, tuple(by))
        made.append(schema(**dict(zip(names, values, strict=True))))
    return made
