"""Sessions followed in the memory of one process."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import structlog

from ..background import Job
from ..clock import EPOCH, Clock
from ..ingest.step import Step
from ..metrics import catalogue
from ..metrics.values import Metrics
from ..records.engagement import IDLE
from ..storage.base import Store, StoreUnavailable
from .base import Sighting, sighting
from .stored import Key, Session, open_sessions

log = structlog.get_logger(__name__)

MOST_FOLLOWED = 100_000
"""Sessions that are followed at once, in some 30 MB; those past it are not observed."""
SWEEP_SECONDS = 10.0


class MemorySessions:
    """Implements `base.Sessions`, for at most `most_followed` sessions at once.

    While it is `silent` it observes nothing: somebody else does.
    """

    sweep_seconds = SWEEP_SECONDS

    def __init__(self, metrics: Metrics, *, most_followed: int = MOST_FOLLOWED) -> None:
        self.silent = False
        self._metrics = metrics
        self._most_followed = most_followed
        self._sessions: dict[Key, Session] = {}
        self._swept = EPOCH
        self._not_followed = 0

    def __len__(self) -> int:
        """How many sessions are followed."""
        return len(self._sessions)

    def __iter__(self) -> Iterator[tuple[Key, Session]]:
        """The sessions that are followed, as they are so far."""
        return iter(self._sessions.items())

    def listen(self, step: Step) -> None:
        """See Sessions."""
        seen = sighting(step)
        if seen is not None:
            self.saw(seen)

    def saw(self, seen: Sighting) -> None:
        """Take in an event that was stored."""
        key, moment = (seen.tenant, seen.session), seen.moment
        session = self._sessions.get(key)
        if session is not None and moment - session.last >= IDLE:
            self._observe(session)
            session = None
        if session is None or (session.over and moment > session.last and not seen.logout):
            session = self._begin(key, moment, seen.plan)
        if session is None or session.over or session.first - moment >= IDLE:
            return  # history, or not followed
        if moment < session.first:
            session.first = moment
        elif moment >= session.last:
            session.last, session.plan = moment, seen.plan
        if seen.logout:
            self._observe(session)
            session.over = True

    def sweep(self, now: datetime) -> None:
        """End the sessions that have been idle for 30 minutes at `now`."""
        self._swept = now
        latest = now - IDLE
        for key in [key for key, session in self._sessions.items() if session.last <= latest]:
            self._observe(self._sessions.pop(key))
        if self._not_followed and not self.silent:
            log.warning(
                "sessions_not_followed", events=self._not_followed, most=self._most_followed
            )
        self._not_followed = 0

    def sweeper(self, clock: Clock) -> Job:
        """See Sessions."""

        async def run() -> None:
            self.sweep(clock())

        return run

    async def load(self, store: Store, now: datetime) -> None:
        """See Sessions: follows those that are open in the store.

        Nothing is observed: sessions that ended while the service was down are history. Without
        its store the service starts all the same, and follows those that begin.
        """
        self._swept = now
        try:
            open_now = await open_sessions(store, now)
        except StoreUnavailable as error:
            log.warning("sessions_not_loaded", reason=str(error))
            return
        self._sessions = dict(islice(open_now.items(), self._most_followed))

    async def close(self) -> None:
        """See Sessions: nothing is under way."""

    def _begin(self, key: Key, moment: datetime, plan: str) -> Session | None:
        """Follow a new session, unless it has ended already or too many are followed."""
        self._sessions.pop(key, None)
        if self._swept - moment >= IDLE:
            return None
        if len(self._sessions) >= self._most_followed:
            self._not_followed += 1
            return None
        session = self._sessions[key] = Session(moment, moment, plan)
        return session

    def _observe(self, session: Session) -> None:
        if not session.over and not self.silent:
            length = (session.last - session.first).total_seconds()
            self._metrics.observe(catalogue.USER_SESSION_DURATION, (session.plan,), length)
