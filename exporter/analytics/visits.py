"""Sessions: how long people stayed, how many pages they saw, how many left after one event.

A session is the events of one sessionId that lie in the period. It ends at a `logout`, or where 30
minutes pass without an event; what the same sessionId does after that is another session. Its
length is its last event less its first. A bounce is a session of one event.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from ..access.principal import Scope
from ..records.engagement import ENGAGEMENT, IDLE, LOGOUT
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, Where, equals
from .answer import Answer, percent
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


class Visit(Struct):
    """One session so far. `over` after its logout: what comes later is another one."""

    first: datetime
    last: datetime
    events: int = 0
    pages: int = 0
    over: bool = False


_TIME = ENGAGEMENT.time_field
_IS_LOGOUT = (equals("event", LOGOUT),)
_BY_SESSION = (
    Measure("events"),
    Measure("first", Function.MIN, _TIME),
    Measure("last", Function.MAX, _TIME),
    Measure("logout", Function.MIN, _TIME, where=_IS_LOGOUT),
    Measure("pages", Function.DISTINCT, "page"),
)
_BY_MOMENT = (Measure("events"), Measure("logouts", where=_IS_LOGOUT))


async def session_stats(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> SessionStats:
    """The sessions of the scope in the period.

    Most sessionIds are seen to be one session by their first and last event alone; only of the
    others every event is looked at.
    """
    selected = select(ENGAGEMENT, scope, period, where)
    rows = await store.aggregate(Aggregation(ENGAGEMENT, _BY_SESSION, selected, by=("sessionId",)))
    visits, several = await asyncio.to_thread(_sorted_out, rows)
    for place in range(0, len(several), AT_ONCE):
        named = Filter("sessionId", Operator.IN, tuple(several[place : place + AT_ONCE]))
        moments = await store.aggregate(
            Aggregation(ENGAGEMENT, _BY_MOMENT, (*selected, named), by=("sessionId", _TIME, "page"))
        )
        visits += await asyncio.to_thread(_split, moments)
    return await asyncio.to_thread(_stats, visits)


def _sorted_out(rows: Iterable[Row]) -> tuple[list[Visit], list[str]]:
    """The sessionIds that are one session, as such, and those that may be several."""
    visits, several = [], []
    for row in rows:
        first, last = row["first"], row["last"]
        if last - first < IDLE and row["logout"] in (None, last):
            visits.append(Visit(first, last, row["events"], row["pages"]))
        else:
            several.append(row["sessionId"])
    return visits, several


def _split(rows: Iterable[Row]) -> list[Visit]:
    """The sessions of rows by sessionId and moment, in their order."""
    visits: list[Visit] = []
    current, name, pages = None, None, set[str]()
    for row in rows:
        moment = row[_TIME]
        if current is None or row["sessionId"] != name or _ends(current, row):
            current, name, pages = Visit(moment, moment), row["sessionId"], set()
            visits.append(current)
        current.events += row["events"]
        if not current.over:
            current.last = moment
        if row["page"] is not None:
            pages.add(row["page"])
        current.pages = len(pages)
        current.over = current.over or row["logouts"] > 0
    return visits


def _ends(visit: Visit, row: Row) -> bool:
    """Whether an event belongs to another session than the one before it."""
    moment = row[_TIME]
    if moment - visit.last >= IDLE:
        return True
    return visit.over and moment > visit.last and row["logouts"] < row["events"]


def _stats(visits: Sequence[Visit]) -> SessionStats:
    count = len(visits)
    lengths = sorted((visit.last - visit.first).total_seconds() for visit in visits)
    bounces = sum(visit.events == 1 for visit in visits)
    return SessionStats(
        count=count,
        avg_length=sum(lengths) / count if count else None,
        median_length=lengths[(count - 1) // 2] if count else None,
        avg_events=sum(visit.events for visit in visits) / count if count else None,
        avg_pages=sum(visit.pages for visit in visits) / count if count else None,
        bounces=bounces,
        bounce_rate=percent(bounces, count),
    )
