"""Everything that runs again and again beside recording, and how often."""

from . import gauges, housekeeping
from .background import Job
from .records import FAMILIES, TRACKED
from .sessions.base import Sessions
from .web.route import Services

WATCH_SECONDS = 5.0


def jobs(services: Services, sessions: Sessions) -> tuple[tuple[float, str, Job], ...]:
    """Each job with the seconds between its runs, and its name in the metrics and the log."""
    settings, store, clock = services.settings, services.store, services.clock
    metrics, machine = services.metrics, services.machine

    async def refresh_gauges() -> None:
        await gauges.refresh(store, metrics, TRACKED, clock())

    return (
        (WATCH_SECONDS, "machine", machine.watch(metrics)),
        (
            settings.system_sample_seconds,
            "system_sample",
            machine.sample(services.writer, clock),
        ),
        (settings.gauges_refresh_seconds, "gauges", refresh_gauges),
        (sessions.sweep_seconds, "sessions", sessions.sweeper(clock)),
        (
            settings.purge_interval_seconds,
            "purge",
            housekeeping.purge(store, FAMILIES, settings, clock),
        ),
    )
