"""Sessions as they go on, and how long they were when they ended.

A session is the events of one sessionId of a tenant. It ends at its `logout`, or when 30 minutes
have passed without an event of it; then its length, from its first event to its last, is observed
once. The same sessionId after that is a new session. A session of one event has length 0.

Events may come late and out of order. One that lies within 30 minutes of an open session belongs
to it, and may make it longer at either end. One that is older than 30 minutes and belongs to no
open session is history: its session ended before anybody watched, and more of it may come in any
order, so that it is not observed. Filling in the past costs a comparison an event and leaves the
histogram alone.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

import structlog
from msgspec import Struct

from .background import Job
from .clock import EPOCH, Clock
from .ingest.step import Step
from .metrics import catalogue
from .metrics.values import Metrics
from .records.engagement import ENGAGEMENT, Engagement
from .storage.base import Row, Store, StoreUnavailable
from .storage.query import (
    Aggregation,
    Filter,
    Function,
    Measure,
    Operator,
    TimeBucket,
    equals,
)

log = structlog.get_logger(__name__)

IDLE = timedelta(minutes=30)
LOGOUT = "logout"
LOOK_BACK = timedelta(days=1)
"""How far back the beginning of an open session is looked for at start."""
MOST_FOLLOWED = 100_000
"""Sessions that are followed at once, in some 30 MB; those past it are not observed."""

Key = tuple[str, str]
"""The tenant and the sessionId."""


class _Session(Struct):
    """A session so far, with the plan of its latest event.

    `over` after its logout: it was observed, and is kept for a while to know late events by.
    """

    first: datetime
    last: datetime
    plan: str
    over: bool = False


class Sessions:
    """Follows the sessions of stored engagement events, in memory, and observes their lengths.

    `listen` is told of every stored step, and `sweep` is called every few seconds; neither waits
    for anything. At most `most_followed` sessions are followed at once.
    """

    def __init__(self, metrics: Metrics, *, most_followed: int = MOST_FOLLOWED) -> None:
        self._metrics = metrics
        self._most_followed = most_followed
        self._sessions: dict[Key, _Session] = {}
        self._swept = EPOCH
        self._not_followed = 0

    def __len__(self) -> int:
        """How many sessions are followed."""
        return len(self._sessions)

    def listen(self, step: Step) -> None:
        """Take in what was stored, where it is an engagement event."""
        if step.family is ENGAGEMENT:
            self.saw(step.after)

    def saw(self, event: Engagement) -> None:
        """Take in an event that was stored."""
        moment = event.timestamp
        if moment is None:
            return  # only what is not stored has no time
        key = event.tenant_id or "", event.session_id
        plan = event.user_plan or ""
        logout = event.event == LOGOUT
        session = self._sessions.get(key)
        if session is not None and moment - session.last >= IDLE:
            self._observe(session)
            session = None
        if session is None or (session.over and moment > session.last and not logout):
            session = self._begin(key, moment, plan)
        if session is None or session.over or session.first - moment >= IDLE:
            return  # history, or not followed
        if moment < session.first:
            session.first = moment
        elif moment >= session.last:
            session.last, session.plan = moment, plan
        if logout:
            self._observe(session)
            session.over = True

    def sweep(self, now: datetime) -> None:
        """End the sessions that have been idle for 30 minutes at `now`."""
        self._swept = now
        latest = now - IDLE
        for key in [key for key, session in self._sessions.items() if session.last <= latest]:
            self._observe(self._sessions.pop(key))
        if self._not_followed:
            log.warning(
                "sessions_not_followed", events=self._not_followed, most=self._most_followed
            )
            self._not_followed = 0

    def sweeper(self, clock: Clock) -> Job:
        """A background job that sweeps."""

        async def run() -> None:
            self.sweep(clock())

        return run

    async def load(self, store: Store, now: datetime) -> None:
        """Follow the sessions that are open in the store; to be called before the first event.

        Where one began is found by the hour: an idle half hour within one UTC hour is not seen,
        and what came after a logout counts from the logout. Nothing is observed: sessions that
        ended while the service was down are history. Without its store the service starts all
        the same, and follows those that begin.
        """
        self._swept = now
        try:
            rows = await store.aggregate(_recent(now))
        except StoreUnavailable as error:
            log.warning("sessions_not_loaded", reason=str(error))
            return
        open_now = await asyncio.to_thread(_open_sessions, rows, now)
        self._sessions = dict(islice(open_now.items(), self._most_followed))

    def _begin(self, key: Key, moment: datetime, plan: str) -> _Session | None:
        """Follow a new session, unless it has ended already or too many are followed."""
        self._sessions.pop(key, None)
        if self._swept - moment >= IDLE:
            return None
        if len(self._sessions) >= self._most_followed:
            self._not_followed += 1
            return None
        session = self._sessions[key] = _Session(moment, moment, plan)
        return session

    def _observe(self, session: _Session) -> None:
        if not session.over:
            length = (session.last - session.first).total_seconds()
            self._metrics.observe(catalogue.USER_SESSION_DURATION, (session.plan,), length)


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


def _open_sessions(rows: Iterable[Row], now: datetime) -> dict[Key, _Session]:
    """The sessions that are open at `now`, of rows by session and hour, in order of time."""
    sessions: dict[Key, _Session] = {}
    logouts: dict[Key, datetime] = {}
    for row in rows:
        key = row["tenantId"], row["sessionId"]
        session = sessions.get(key)
        if session is None or row["first"] - session.last >= IDLE:
            session = sessions[key] = _Session(row["first"], row["first"], "")
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
