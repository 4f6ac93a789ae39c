"""Health as the rest of the service sees it: what the checks say now, and what is kept of it.

Nothing here needs the store to say what is wrong: that it is away is the first thing to be told.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from ..analytics.period import Period
from ..background import Job
from ..clock import Clock
from ..errors import Unavailable
from ..metrics import health as metrics
from ..metrics.values import Metrics
from ..settings import Settings
from ..single_flight import SingleFlight
from ..storage.base import Store, StoreUnavailable
from ..storage.query import equals
from . import maintenance, uptime
from .check import Check, Level
from .declared import declared
from .incidents import Incidents, Tell
from .maintenance import Windows
from .recorder import Recorder
from .runner import Runner
from .swap import Swaps
from .tools import Tools, instance_name, open_session
from .track import Result, Track
from .uptime import Uptime

if TYPE_CHECKING:
    from ..shared_redis import SharedRedis

SETTLE_SECONDS = 5.0
SAVE_SECONDS = 30.0
UPTIME_SECONDS = 300.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class UptimeAt:
    """The uptime by the names of the windows, and when it was worked out."""

    at: datetime
    by_window: dict[str, Uptime]


class Health:
    """The checks of this replica, the incidents, the maintenance windows, the uptime.

    tell: is told of incidents of checks. Raises SettingError for a file of checks that cannot be
    used.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        shown: Metrics,
        clock: Clock,
        *,
        redis: "SharedRedis | None" = None,
        tell: Tell | None = None,
    ) -> None:
        self.checks = declared(settings)
        self.instance = instance_name(settings)
        self.swaps = Swaps(store, shown)
        self.windows = Windows(store, self.swaps)
        self.incidents = Incidents(
            store, self.swaps, self.windows, shown, instance=self.instance, tell=tell
        )
        self.tracks = {check.name: Track(check, self.instance) for check in self.checks}
        self._settings = settings
        self._store = store
        self._metrics = shown
        self._clock = clock
        self._redis = redis
        self._recorder = Recorder(store)
        self._tools: Tools | None = None
        self._runner: Runner | None = None
        self._uptime: UptimeAt | None = None
        self._flights: SingleFlight[str, UptimeAt] = SingleFlight()

    async def start(self) -> None:
        """Go on where this replica ended, and begin to run the checks."""
        if not self.checks:
            return
        self._tools = Tools(
            settings=self._settings,
            store=self._store,
            clock=self._clock,
            instance=self.instance,
            session=open_session(),
            redis=self._redis,
        )
        await self.resume()
        self._declare()
        self._tools.lag.start()
        self._runner = Runner(self.checks, self._tools, self.heard, self._metrics, self._clock)
        self._runner.start()

    async def resume(self) -> None:
        """Take up what the store knows: the checks that were down here, and the windows."""
        try:
            for service in await self.incidents.resume():
                if service in self.tracks:
                    self.tracks[service].level = Level.UNHEALTHY
            await self.windows.refresh(self._clock() - maintenance.LONGEST)
        except (StoreUnavailable, Unavailable) as error:
            log.warning("health_starts_anew", reason=str(error))

    async def close(self) -> None:
        """Stop the checks and write what they came to."""
        if self._runner is None or self._tools is None:
            return
        await self._runner.close()
        self._tools.lag.stop()
        await self._tools.session.close()
        for track in self.tracks.values():
            track.close()
        try:
            await self.save()
        except StoreUnavailable as error:
            log.warning("health_not_stored", reason=str(error))

    def jobs(self) -> tuple[tuple[float, str, Job], ...]:
        """What is to be done again and again beside the checks; nothing without any."""
        if not self.checks:
            return ()
        return (
            (SETTLE_SECONDS, "incidents", self.settle),
            (SAVE_SECONDS, "health_checks", self.save),
            (UPTIME_SECONDS, "uptime", self.refresh_uptime),
        )

    def heard(self, check: Check, result: Result) -> None:
        """Take in what became of a run."""
        track = self.tracks[check.name]
        change = track.add(result)
        if change is not None:
            log.warning(
                "health_changed",
                check=check.name,
                before=change.before.status,
                after=change.after.status,
                message=change.message,
            )
            if check.critical and change.after is Level.UNHEALTHY:
                self.incidents.down(check.name, change.since, change.message)
            elif check.critical and change.before is Level.UNHEALTHY:
                self.incidents.up(check.name, change.since)
        self._show(track, result)

    async def settle(self) -> None:
        """Tell the store of incidents, and show them; raises StoreUnavailable."""
        now = self._clock()
        try:
            await self.windows.refresh(now - maintenance.LONGEST)
            await self.incidents.settle(now)
        finally:
            self.incidents.show(now)
            for name in self.tracks:
                covered = self.windows.covers(name, now)
                self._metrics.set(metrics.CHECK_MAINTENANCE, (name,), float(covered))

    async def save(self) -> None:
        """Write the stretches of all checks; raises StoreUnavailable."""
        await self._recorder.save(self.tracks.values())

    async def refresh_uptime(self) -> None:
        """Work out the uptime anew; raises StoreUnavailable."""
        self._uptime = await self._flights.run("uptime", self._work_out)
        for window, found in self._uptime.by_window.items():
            if found.uptime is not None:
                self._metrics.set(metrics.UPTIME, (window,), found.uptime / 100)

    async def uptime(self, oldest: float) -> UptimeAt | None:
        """The uptime, at most `oldest` seconds old; older, or None, while the store is away."""
        known = self._uptime
        if known is None or (self._clock() - known.at).total_seconds() > oldest:
            try:
                await self.refresh_uptime()
            except (StoreUnavailable, Unavailable) as error:
                log.warning("uptime_not_known", reason=str(error))
        return self._uptime

    @property
    def level(self) -> Level:
        """Unhealthy while a critical check is down, degraded while anything is not as it should."""
        worst = Level.HEALTHY
        for track in self.tracks.values():
            shown = track.shown
            worst = max(worst, shown if track.check.critical else min(shown, Level.DEGRADED))
        return worst

    def seen(self) -> Sequence[Track]:
        """The checks that have run, by their names."""
        return [track for track in self.tracks.values() if track.last is not None]

    async def _work_out(self) -> UptimeAt:
        now = self._clock()
        period = Period(now - uptime.LONGEST, now)
        critical = (equals("critical", True),)
        stretches = await uptime.stretches(self._store, period, critical, uptime.TEXTS)
        windows = await self.windows.read(period.start)

        def work_out() -> dict[str, Uptime]:
            return {
                name: uptime.uptime(stretches, windows, Period(now - length, now))
                for name, length in uptime.WINDOWS.items()
            }

        return UptimeAt(now, await asyncio.to_thread(work_out))

    def _declare(self) -> None:
        self.incidents.declare()
        for check in self.checks:
            self._metrics.set(metrics.CHECK_INTERVAL, (check.name,), check.every)
            self._metrics.set(metrics.CHECK_CRITICAL, (check.name,), float(check.critical))

    def _show(self, track: Track, result: Result) -> None:
        name = (track.check.name,)
        up = track.level is not Level.UNHEALTHY
        self._metrics.set(metrics.CHECK_UP, name, float(up))
        self._metrics.set(metrics.CHECK_DEGRADED, name, float(track.shown is Level.DEGRADED))
        self._metrics.set(metrics.CHECK_DURATION, name, result.seconds)
        self._metrics.set(metrics.CHECK_LAST_RUN, name, result.at.timestamp())
        if result.finding.expires is not None:
            expires = result.finding.expires.timestamp()
            self._metrics.set(metrics.CHECK_TLS_EXPIRY, name, expires)
