"""Every collection (a table, in SQLite) and every index is there.

The service makes them at its start. One that somebody drops later costs no event, but a unique
index that is gone lets duplicates in, and another one makes answers slow; the next start, or the
next outage of the database that ends, makes it again.
"""

from ...settings import Settings
from ...storage.base import StoreUnavailable
from ..check import Check, Finding, Unhealthy
from ..tools import Tools

SHOWN = 3
INTERVALS = 10
"""It runs so much less often: it asks about everything, and little of that ever changes."""
LONGEST = 3_600.0


class Collections(Check, frozen=True, kw_only=True, tag="collections"):
    """Compares what is declared with what is there."""

    @classmethod
    def built_in(cls, settings: Settings) -> "Collections":
        """Every installation has a store."""
        seconds = INTERVALS * settings.health_interval_seconds
        return cls(interval=min(seconds, LONGEST) or None)

    async def run(self, tools: Tools) -> Finding:
        """Healthy when nothing is missing."""
        try:
            missing = await tools.store.missing()
        except StoreUnavailable as error:
            raise Unhealthy(str(error)) from error
        if missing:
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            raise Unhealthy(f"Missing: {', '.join(missing[:SHOWN])}{more}.")
        return Finding()
