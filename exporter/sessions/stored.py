"""Which sessions are open, as the store has it: for a start with an empty memory."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from ..records.engagement import ENGAGEMENT, IDLE, LOGOUT
from ..storage.base import Row, Store
from ..storage.query import (
    Aggregation,
    Filter,
    Function,
    Measure,
    Operator,
    TimeBucket,
    equals,
)
from .base import LOOK_BACK

Key = tuple[str, str]
"""The tenant and the sessionId."""


class Session(Struct):
    """A session so far, with the plan of its latest event.

    `over` after its logout: it was observed, and is kept for a while to know late events by.
    """

    first: datetime
    last: datetime
    plan: str
    over: bool = False


async def open_sessions(store: Store, now: datetime) -> dict[Key, Session]:
    """The sessions that are open at `now`, and those that ended by a logout a moment ago.

    Where one began is found by the hour: an idle half hour within one UTC hour is not seen, and
    what came after a logout counts from the logout. May raise StoreUnavailable.
    """
    rows = await store.aggregate(_recent(now))
    return await asyncio.to_thread(_open_sessions, rows, now)


def _recent(now: datetime) -> Aggregation:
    """The question for the latest sessions, by session and hour."""
    time = ENGAGEMENT.time_field
    logout = Measure("logout", Function.MAX, time, where=(equals("event", LOGOUT),))
    return Aggregation(
        family=ENGAGEMENT,
        measures=(
            Measure("first", Function.MIN, time),
            Measure("last", Function.MAX, time),
            logout,
        ),
        where=(Filter(time, Operator.GT, now - LOOK_BACK),),
        by=("tenantId", "sessionId", TimeBucket("hour"), "userPlan"),
    )


def _open_sessions(rows: Iterable[Row], now: datetime) -> dict[Key, Session]:
    """The sessions that are open at `now`, of rows by session and hour, in order of time."""
    sessions: dict[Key, Session] = {}
    logouts: dict[Key, datetime] = {}
    for row in rows:
        key = row["tenantId"], row["sessionId"]
        session = sessions.get(key)
        if session is None or row["first"] - session.last >= IDLE:
            session = sessions[key] = Session(row["first"], row["first"], "")
        if row["last"] >= session.last:
            session.last, session.plan = row["last"], row["userPlan"] or ""
        session.first = min(session.first, row["first"])
        if row["logout"] is not None:
            logouts[key] = max(row["logout"], logouts.get(key, row["logout"]))
    for key, moment in logouts.items():
        session = sessions[key]
        session.over = moment >= session.last
        if not session.over:
            session.first = max(session.first, moment)
    return {key: session for key, session in sessions.items() if now - session.last < IDLE}
