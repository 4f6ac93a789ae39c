"""The clock of this machine agrees with another one.

The other one is that of the first of these that there is and that answers: the database, Redis,
and the `Date` of the auth service, Prometheus or Alertmanager, which is cut to the second. Half of
the time that the question took is not held against this clock. One that is wrong dates events
wrongly, refuses tokens that are good, and lets replicas take each other for gone.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated

from msgspec import Meta

from ...outage import RedisAway
from ...settings import Settings
from ...storage.base import StoreUnavailable
from ..check import Check, Finding, Level, Seconds, Unhealthy
from ..fetch import fetch
from ..tools import Tools

HALF_A_SECOND = timedelta(seconds=0.5)

Reading = tuple[datetime, timedelta]
"""The time of another clock, and how far off it may be read."""


class Clock(Check, frozen=True, kw_only=True, tag="clock"):
    """Compares the time with that of a dependency."""

    degraded: Annotated[Seconds, Meta(description="In seconds; off by more is degraded.")] = 2.0
    unhealthy: Annotated[Seconds, Meta(description="In seconds; off by more fails.")] = 30.0

    @classmethod
    def built_in(cls, settings: Settings) -> "Clock | None":
        """Where there is another machine to compare with."""
        others = settings.mongodb_uri, settings.redis_url, *_dated(settings).values()
        return cls() if any(others) else None

    async def run(self, tools: Tools) -> Finding:
        """How far the clocks are apart, at least."""
        for name, ask in _sources(tools).items():
            before = tools.clock()
            try:
                reading = await ask()
            except (Unhealthy, StoreUnavailable, RedisAway):
                continue
            if reading is not None:
                return self._judge(name, before, tools.clock(), reading)
        return Finding(Level.DEGRADED, "No other clock can be asked.")

    def _judge(self, name: str, before: datetime, after: datetime, reading: Reading) -> Finding:
        there, inexact = reading
        middle, half = before + (after - before) / 2, (after - before) / 2
        off = max(timedelta(), abs(there - middle) - half - inexact).total_seconds()
        direction = "ahead of" if middle > there else "behind"
        message = f"{off:.1f} s {direction} the clock of {name}."
        if off > self.unhealthy:
            raise Unhealthy(message)
        return Finding(Level.DEGRADED, message) if off > self.degraded else Finding()


def _dated(settings: Settings) -> dict[str, str | None]:
    return {
        "the auth service": settings.auth_service_url,
        "Prometheus": settings.prometheus_url,
        "Alertmanager": settings.alertmanager_url,
    }


def _sources(tools: Tools) -> dict[str, Callable[[], Awaitable[Reading | None]]]:
    sources: dict[str, Callable[[], Awaitable[Reading | None]]] = {
        "the database": lambda: _database(tools),
        "Redis": lambda: _redis(tools),
    }
    for name, url in _dated(tools.settings).items():
        if url is not None:
            sources[name] = lambda url=url: _date(tools, url)  # type: ignore[misc]  # bound now
    return sources


async def _database(tools: Tools) -> Reading | None:
    there = await tools.store.time()
    return None if there is None else (there, timedelta())


async def _redis(tools: Tools) -> Reading | None:
    if tools.redis is None:
        return None
    seconds, microseconds = await tools.redis.ask_anyway(lambda redis: redis.time())
    there = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)
    return there, timedelta()


async def _date(tools: Tools, url: str) -> Reading | None:
    said = (await fetch(tools, url, method="HEAD")).headers.get("Date")
    try:
        there = None if said is None else parsedate_to_datetime(said)
    except ValueError:
        return None
    if there is None or there.tzinfo is None:
        return None
    return there + HALF_A_SECOND, HALF_A_SECOND
