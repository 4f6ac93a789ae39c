"""Funnels: how many users took one step after another, and how long that took them.

A user is in a funnel if they did its first step in the period. They take a further step with an
event of its name at or after the step before, within the window that opens with the first step;
later steps may lie after the period's end. Of a user who began more than once the attempt counts
that got furthest, and of several such the earliest. Events of no user do not count.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..clock import epoch_ms
from ..records.engagement import ENGAGEMENT
from ..rollups.digests import Pieces
from ..rollups.moments import MOMENTS, next_moments, timelines
from ..rollups.store import RolledStore
from ..storage.query import Where
from .answer import Answer, percent
from .period import Period, select

MILLISECOND = timedelta(milliseconds=1)

Attempt = list[int]
"""The times of the steps that were taken, in order, in ms since 1970."""


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
    store: RolledStore,
    scope: Scope,
    period: Period,
    *,
    steps: Sequence[str],
    window: timedelta,
    where: Where = (),
) -> list[FunnelStep]:
    """Every step, with the users who got there. `steps` are different names of events."""
    reach = Period(period.start, period.end + window)
    pieces = None
    if scope.user is None and not where:
        pieces = await store.pieces(MOMENTS, scope.tenant, (reach.start, reach.end), steps)
    if pieces is None:
        pieces = await _recorded(store, select(ENGAGEMENT, scope, reach, where), steps)
    return await asyncio.to_thread(
        _steps, pieces, steps, epoch_ms(period.end), window // MILLISECOND
    )


async def _recorded(store: RolledStore, selected: Where, steps: Sequence[str]) -> dict[str, Pieces]:
    """The pieces of records."""
    rows = await store.aggregate(MOMENTS.records((*selected, *MOMENTS.named(steps))))
    found = await asyncio.to_thread(list, MOMENTS.pieces(rows))
    return {name: Pieces(recorded=(packed,)) for _, name, packed in found}


def _steps(
    pieces: Mapping[str, Pieces], steps: Sequence[str], end: int, window: int
) -> list[FunnelStep]:
    """The steps, of the moments of each; the end of the period and the window are in ms."""
    attempts = _attempts(pieces, steps, end, window)
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
                median_seconds=took[(len(took) - 1) // 2] / 1000 if took else None,
            )
        )
    return found


def _attempts(
    pieces: Mapping[str, Pieces], steps: Sequence[str], end: int, window: int
) -> list[Attempt]:
    """Each user's attempt that got furthest. Of the first step every moment counts, of each
    further one only those that come next after one of the step before."""
    first, *further = (pieces.get(step, Pieces()) for step in steps)
    times = [timelines((*first.kept, *first.recorded))]
    for of_step in further:
        times.append(next_moments(of_step, times[-1]))
    attempts = (
        _furthest([of_step.get(user, ()) for of_step in times], end, window) for user in times[0]
    )
    return [attempt for attempt in attempts if attempt]


def _furthest(times: Sequence[Sequence[int]], end: int, window: int) -> Attempt:
    """A user's attempt that got furthest, of the times of each step; empty for who never began in
    the period.

    Where an attempt fails for want of a step within the window, so does every one that begins so
    early that the step's next time lies beyond its window: those are passed over.
    """
    best: Attempt = []
    place = 0
    while place < len(times[0]) and (start := times[0][place]) < end and len(best) < len(times):
        attempt = [start]
        following = None
        for of_step in times[1:]:
            next_place = bisect_left(of_step, attempt[-1])
            following = of_step[next_place] if next_place < len(of_step) else None
            if following is None or following >= start + window:
                break
            attempt.append(following)
        if len(attempt) > len(best):
            best = attempt
        if following is None:
            break
        place = bisect_right(times[0], following - window, lo=place + 1)
    return best
