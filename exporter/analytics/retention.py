"""Retention: of those first seen in an interval, the share that was active in a later one.

A user belongs to the cohort of the interval in which their first event lies, of those that are
kept; period k is the k-th interval after it, and everybody is active in period 0. The interval
that is not over yet counts with what it has so far.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..intervals import Interval, beginnings
from ..rollups.store import RolledStore
from ..storage.together import together
from .activity import Users, active, active_by_interval
from .answer import Answer, percent
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
    store: RolledStore,
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
    earlier, found = await together(
        store,
        active(store, scope, up_to(cohorts[0])),
        active_by_interval(store, scope, Period(cohorts[0], until), interval),
    )
    intervals = list(beginnings(cohorts[0], until, interval))
    new = await asyncio.to_thread(_new, intervals, found, earlier)
    return Retention(interval, _cohorts(cohorts, intervals, new, found, periods))


def _new(
    intervals: Sequence[datetime], found: Mapping[datetime, Users], earlier: Users
) -> dict[datetime, Users]:
    """Those of each interval who were not active before it."""
    known, new = set(earlier), {}
    for time in intervals:
        users = found.get(time, set())
        new[time] = users - known
        known |= users
    return new


def _cohorts(
    starts: Collection[datetime],
    intervals: Sequence[datetime],
    new: Mapping[datetime, Users],
    found: Mapping[datetime, Users],
    periods: int,
) -> list[Cohort]:
    places = {time: place for place, time in enumerate(intervals)}
    cohorts = []
    for start in starts:
        users = new.get(start, set())
        place = places.get(start, len(intervals))
        retained = [
            Retained(
                period=number,
                time=time,
                users=(left := len(users & found.get(time, set()))),
                rate=percent(left, len(users)),
            )
            for number, time in enumerate(intervals[place : place + periods])
        ]
        cohorts.append(Cohort(start, len(users), retained))
    return cohorts
