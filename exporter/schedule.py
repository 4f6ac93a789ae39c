"""Everything that runs again and again beside recording, and how often."""

import asyncio

from . import gauges, heap, housekeeping
from .alerts.evaluation_jobs import evaluation_jobs
from .alerts.jobs import alert_jobs
from .background import Job
from .engine import STORED
from .rollups.job import refreshing
from .sessions.base import Sessions
from .web.route import Services

WATCH_SECONDS = 5.0
TRIM_SECONDS = 10.0


def jobs(services: Services, sessions: Sessions) -> tuple[tuple[float, str, Job], ...]:
    """Each job with the seconds between its runs, and its name in the metrics and the log."""
    settings, store, clock = services.settings, services.store, services.clock
    metrics, machine = services.metrics, services.machine

    async def refresh_gauges() -> None:
        await gauges.refresh(store, metrics, clock())

    async def trim_heap() -> None:
        await asyncio.to_thread(heap.trim)

    return (
        (WATCH_SECONDS, "machine", machine.watch(metrics)),
        (TRIM_SECONDS, "heap", trim_heap),
        (
            settings.system_sample_seconds,
            "system_sample",
            machine.sample(services.writer, clock),
        ),
        (settings.gauges_refresh_seconds, "gauges", refresh_gauges),
        (settings.rollup_refresh_seconds, "rollups", refreshing(store, settings, clock)),
        *alert_jobs(
            settings,
            clock,
            store=store,
            metrics=metrics,
            history=services.alerts,
            alertmanager=services.alertmanager,
        ),
        *evaluation_jobs(
            settings,
            clock,
            store=store,
            metrics=metrics,
            history=services.alerts,
            announcer=services.announcer,
        ),
        *services.health.jobs(),
        (sessions.sweep_seconds, "sessions", sessions.sweeper(clock)),
        (
            settings.purge_interval_seconds,
            "purge",
            housekeeping.purge(store, STORED, settings, clock),
        ),
    )
