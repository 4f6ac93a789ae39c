"""Retention: of those first seen in an interval, the share that was active in a later one.

A user belongs to the cohort of the interval in which their first event lies, of those that are
kept; period k is the k-th interval after it, and everybody is active in period 0. The interval
that is not over yet counts with what it has so far.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..family import Family
from ..storage.base import Store
from .activity import Seen, User, active_by_interval, seen
from .answer import Answer, percent
from .intervals import Interval, beginning, beginnings
from .period import Period, up_to

LONGEST: Mapping[Interval, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}
"""The longest time that each interval can last."""


class Retained(Answer, frozen=True):
    """What is left of a cohort in one interval."""

    period: Annotated[int, Meta(description="Intervals after the cohort's own, which is 0.")]
    time: Annotated[datetime, Meta(description="The beginning of the interval.")]
    users: Annotated[int, Meta(description="Users of the cohort who were active in it.")]
    rate: Annotated[float | None, Meta(description="users / users of the cohort, in %.")]


class Cohort(Answer, frozen=True):
    """The users who were first seen in one interval."""

    time: Annotated[datetime, Meta(description="The beginning of the cohort's interval.")]
    users: Annotated[int, Meta(description="Users whose first event lies in the interval.")]
    retention: list[Retained]


class Retention(Answer, frozen=True):
    """Cohorts by first activity, the oldest first."""

    interval: Interval
    cohorts: list[Cohort]


def last_intervals(end: datetime, interval: Interval, number: int) -> list[datetime]:
    """The beginnings of so many intervals, the last one being that of the moment before `end`."""
    return list(beginnings(end - number * LONGEST[interval], end, interval))[-number:]


async def retention(
    store: Store,
    families: Sequence[Family],
    scope: Scope,
    cohorts: Sequence[datetime],
    *,
    until: datetime,
    interval: Interval,
    periods: int,
) -> Retention:
    """The cohorts of the intervals that begin at `cohorts`, each over its first `periods` ones.

    Only intervals that began before `until` are listed, and only activity before it counts.
    """
    if not cohorts:
        return Retention(interval, [])
    everybody, active = await asyncio.gather(
        seen(store, families, scope, up_to(until)),
        active_by_interval(store, families, scope, Period(cohorts[0], until), interval),
    )
    intervals = list(beginnings(cohorts[0], until, interval))
    found = await asyncio.to_thread(
        _cohorts, cohorts, intervals, _by_first(everybody, interval), active, periods
    )
    return Retention(interval, found)


def _by_first(everybody: Mapping[User, Seen], interval: Interval) -> dict[datetime, set[User]]:
    users: defaultdict[datetime, set[User]] = defaultdict(set)
    for user, known in everybody.items():
        users[beginning(known.first, interval)].add(user)
    return users


def _cohorts(
    starts: Collection[datetime],
    intervals: Sequence[datetime],
    by_first: Mapping[datetime, set[User]],
    active: Mapping[datetime, set[User]],
    periods: int,
) -> list[Cohort]:
    places = {time: place for place, time in enumerate(intervals)}
    found = []
    for start in starts:
        users = by_first.get(start, set())
        place = places.get(start, len(intervals))
        retained = [
            Retained(
                period=number,
                time=time,
                users=(left := len(users & active.get(time, set()))),
                rate=percent(left, len(users)),
            )
            for number, time in enumerate(intervals[place : place + periods])
        ]
        found.append(Cohort(start, len(users), retained))
    return found
