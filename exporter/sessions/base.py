"""What following sessions is about, for those who follow them: memory.py, and shared.py for
replicas."""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from ..background import Job
from ..clock import Clock
from ..ingest.step import Step
from ..records.engagement import ENGAGEMENT, LOGOUT
from ..storage.base import Store

LOOK_BACK = timedelta(days=1)
"""How far back the beginning of an open session is looked for."""


class Sighting(NamedTuple):
    """An event of a session, as far as it matters to that."""

    tenant: str
    session: str
    moment: datetime
    plan: str
    logout: bool


def sighting(step: Step) -> Sighting | None:
    """What a stored step says of a session; None where it is no engagement event."""
    if step.family is not ENGAGEMENT:
        return None
    event = step.after
    return Sighting(
        event.tenant_id or "",
        event.session_id,
        event.timestamp,
        event.user_plan or "",
        event.event == LOGOUT,
    )


class Sessions(Protocol):
    """Follows the sessions of stored engagement events, and observes their lengths.

    sweep_seconds: how often the sweeper is to run.
    """

    sweep_seconds: float

    def listen(self, step: Step) -> None:
        """Take in what was stored; waits for nothing."""

    def sweeper(self, clock: Clock) -> Job:
        """A background job that ends the sessions that have been idle for 30 minutes."""

    async def load(self, store: Store, now: datetime) -> None:
        """Find out which sessions are open; to be called before the first event."""

    async def close(self) -> None:
        """Finish what is under way, after the last event."""
