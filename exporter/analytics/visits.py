"""Sessions: how long people stayed, how many pages they saw, how many left after one event.

A session is the events of one sessionId that lie in the period. It ends at a `logout`, or where 30
minutes pass without an event; what the same sessionId does after that is another session, but a
repeated logout is a part of what it ended. Its length is its last event less its first. A bounce
is a session of one event.
"""

import asyncio
from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..clock import epoch_ms
from ..records.engagement import ENGAGEMENT, IDLE, LOGOUT
from ..rollups.digests import NAMELESS, Pieces
from ..rollups.store import RolledStore
from ..rollups.visits import MILLISECONDS, VISITS, Totals, joined, moments, whole
from ..storage.base import Row
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, Where, equals
from .answer import Answer, Exact, percent
from .period import Period, select

AT_ONCE = 10_000
"""SessionIds that are named in one question."""


class SessionStats(Answer, frozen=True):
    """The sessions of a period."""

    count: Annotated[int, Meta(description="Sessions.")]
    avg_length: Annotated[
        float | None, Meta(description="Sum of the sessions' lengths / sessions, in s.")
    ]
    median_length: Annotated[
        float | None, Meta(description="The length in s that half of the sessions do not exceed.")
    ]
    avg_events: Annotated[float | None, Meta(description="Events of the sessions / sessions.")]
    avg_pages: Annotated[
        float | None,
        Meta(description="Distinct pages of each session, added up / sessions."),
    ]
    bounces: Annotated[int, Meta(description="Sessions of one event.")]
    bounce_rate: Annotated[float | None, Meta(description="bounces / sessions, in %.")]
    exact: Exact = True


_TIME = ENGAGEMENT.time_field
_BY_SESSION = (
    Measure("events"),
    Measure("first", Function.MIN, _TIME),
    Measure("last", Function.MAX, _TIME),
    Measure("logout", Function.MIN, _TIME, where=(equals("event", LOGOUT),)),
    Measure("pages", Function.DISTINCT, "page"),
)


async def session_stats(
    store: RolledStore, scope: Scope, period: Period, where: Where = ()
) -> SessionStats:
    """The sessions of the scope in the period.

    Those of a whole tenant come from rollups, as far as they go; their median length is then
    within what rollups promise.
    """
    if scope.user is None and not where:
        pieces = await store.pieces(VISITS, scope.tenant, (period.start, period.end))
        if pieces is not None:
            totals = await asyncio.to_thread(whole, pieces.get(NAMELESS, Pieces()))
            return _stats(totals, totals.median, exact=False)
    return await _recorded(store, select(ENGAGEMENT, scope, period, where))


async def _recorded(store: RolledStore, selected: Where) -> SessionStats:
    """The sessions of records.

    Most sessionIds are seen to be one session by their first and last event alone; only of the
    others every event is looked at.
    """
    totals = Totals()
    rows = await store.aggregate(Aggregation(ENGAGEMENT, _BY_SESSION, selected, by=("sessionId",)))
    lengths, several = await asyncio.to_thread(_sorted_out, rows, totals)
    for place in range(0, len(several), AT_ONCE):
        named = Filter("sessionId", Operator.IN, tuple(several[place : place + AT_ONCE]))
        found = await store.aggregate(VISITS.records((*selected, named)))
        lengths += await asyncio.to_thread(_split, found, totals)
    lengths.sort()
    median = lengths[(len(lengths) - 1) // 2] / MILLISECONDS if lengths else None
    return _stats(totals, median, exact=True)


def _sorted_out(rows: Iterable[Row], totals: Totals) -> tuple[list[int], list[str]]:
    """Count the sessionIds that are one session; their lengths in ms, and the sessionIds that may
    be several."""
    lengths, several = [], []
    for row in rows:
        first, last = row["first"], row["last"]
        if last - first < IDLE and row["logout"] in (None, last):
            lengths.append(epoch_ms(last) - epoch_ms(first))
            totals.add(lengths[-1], row["events"], row["pages"])
        else:
            several.append(row["sessionId"])
    return lengths, several


def _split(rows: Iterable[Row], totals: Totals) -> list[int]:
    """Count the sessions of rows by sessionId and moment, in their order; their lengths in ms."""
    visits = joined(moments(rows))
    totals.count_all(visits)
    return [visit.last - visit.first for visit in visits]


def _stats(totals: Totals, median: float | None, *, exact: bool) -> SessionStats:
    count = totals.count
    return SessionStats(
        count=count,
        avg_length=totals.length / count / MILLISECONDS if count else None,
        median_length=median,
        avg_events=totals.events / count if count else None,
        avg_pages=totals.pages / count if count else None,
        bounces=totals.bounces,
        bounce_rate=percent(totals.bounces, count),
        exact=exact,
    )
