"""The service's event loop is not kept waiting.

All calls of a replica take turns on one loop. A timer that asks to be called every tenth of a
second sees how late it is called; what counts is the longest delay since the last run.
"""

from typing import Annotated

from msgspec import Meta

from ...settings import Settings
from ..check import Check, Finding, Level, Seconds, Unhealthy
from ..tools import Tools


class EventLoop(Check, frozen=True, kw_only=True, tag="event_loop"):
    """Looks at the longest delay of a timer."""

    degraded: Annotated[Seconds, Meta(description="In seconds; a longer delay is degraded.")] = 0.5
    unhealthy: Annotated[Seconds, Meta(description="In seconds; a longer delay fails.")] = 5.0

    @classmethod
    def built_in(cls, settings: Settings) -> "EventLoop":
        """Every replica has a loop."""
        return cls()

    async def run(self, tools: Tools) -> Finding:
        """How late it was."""
        longest = tools.lag.take()
        message = f"Calls waited for up to {longest:.2f} s."
        if longest > self.unhealthy:
            raise Unhealthy(message)
        return Finding(Level.DEGRADED, message) if longest > self.degraded else Finding()
