"""Funnels: how many users took one step after another, and how long that took them.

A user is in a funnel if they did its first step in the period. They take a further step with an
event of its name at or after the step before, within the window that opens with the first step;
later steps may lie after the period's end. Of a user who began more than once the attempt counts
that got furthest, and of several such the earliest. Events of no user do not count.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..records.engagement import ENGAGEMENT
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Measure, Operator, Where
from .answer import Answer, percent
from .period import OF_A_USER, Period, select

Attempt = list[datetime]
"""The times of the steps that were taken, in order."""


class FunnelStep(Answer, frozen=True):
    """One step of a funnel."""

    step: Annotated[str, Meta(description="The event's name.")]
    users: Annotated[int, Meta(description="Distinct users who got here.")]
    conversion_from_previous: Annotated[
        float | None,
        Meta(description="users / users of the step before, in %; null for the first step."),
    ]
    conversion_from_first: Annotated[
        float | None, Meta(description="users / users of the first step, in %.")
    ]
    median_seconds: Annotated[
        float | None,
        Meta(description="The time from the step before that half of its users did not exceed."),
    ]


async def funnel(
    store: Store,
    scope: Scope,
    period: Period,
    *,
    steps: Sequence[str],
    window: timedelta,
    where: Where = (),
) -> list[FunnelStep]:
    """Every step, with the users who got there. `steps` are different names of events."""
    named = Filter("event", Operator.IN, tuple(steps))
    reach = Period(period.start, period.end + window)
    rows = await store.aggregate(
        Aggregation(
            family=ENGAGEMENT,
            measures=(Measure("events"),),
            where=select(ENGAGEMENT, scope, reach, (OF_A_USER, named, *where)),
            by=("userId", "event", ENGAGEMENT.time_field),
        )
    )
    return await asyncio.to_thread(_steps, rows, steps, period.end, window)


def _steps(
    rows: Iterable[Row], steps: Sequence[str], end: datetime, window: timedelta
) -> list[FunnelStep]:
    """The steps, of rows in the order of user, event and time."""
    attempts = []
    for _, of_user in groupby(rows, lambda row: row["userId"]):
        times: dict[str, list[datetime]] = {}
        for row in of_user:
            times.setdefault(row["event"], []).append(row[ENGAGEMENT.time_field])
        attempts.append(_furthest(times, steps, end, window))
    found: list[FunnelStep] = []
    for place, step in enumerate(steps):
        here = [attempt for attempt in attempts if len(attempt) > place]
        took = sorted(attempt[place] - attempt[place - 1] for attempt in here) if place else []
        found.append(
            FunnelStep(
                step=step,
                users=len(here),
                conversion_from_previous=percent(len(here), found[-1].users) if place else None,
                conversion_from_first=percent(len(here), found[0].users if place else len(here)),
                median_seconds=took[(len(took) - 1) // 2].total_seconds() if took else None,
            )
        )
    return found


def _furthest(
    times: Mapping[str, Sequence[datetime]],
    steps: Sequence[str],
    end: datetime,
    window: timedelta,
) -> Attempt:
    """A user's attempt that got furthest; empty for who never began in the period.

    The times go up, and so do the beginnings: no step is ever looked for before the place where
    it was found last, so that this takes as long as there are events.
    """
    best: Attempt = []
    places = dict.fromkeys(steps, 0)
    for start in times.get(steps[0], ()):
        if start >= end:
            break
        attempt = [start]
        for step in steps[1:]:
            moments = times.get(step, ())
            while places[step] < len(moments) and moments[places[step]] < attempt[-1]:
                places[step] += 1
            if places[step] == len(moments) or moments[places[step]] >= start + window:
                break
            attempt.append(moments[places[step]])
        if len(attempt) > len(best):
            best = attempt
    return best
