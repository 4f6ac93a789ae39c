"""What runs again and again for the history of alerts, and how often."""

from datetime import timedelta

from ..background import Job
from ..clock import Clock
from ..metrics.values import Metrics
from ..settings import Settings
from ..storage.base import Store
from . import gauges
from .alertmanager import Alertmanager
from .history import AlertHistory
from .watch import AlertmanagerWatch, let_go


def alert_jobs(
    settings: Settings,
    clock: Clock,
    *,
    store: Store,
    metrics: Metrics,
    history: AlertHistory,
    alertmanager: Alertmanager,
) -> tuple[tuple[float, str, Job], ...]:
    """Each job with the seconds between its runs, and its name."""
    seconds = settings.gauges_refresh_seconds
    stale = timedelta(hours=settings.alerts_stale_hours)
    absence = timedelta(seconds=settings.alertmanager_absence_seconds)

    async def refresh() -> None:
        if stale:
            await let_go(history, clock, stale)
        await gauges.refresh(store, metrics)

    found: tuple[tuple[float, str, Job], ...] = ((seconds, "alerts", refresh),)
    if alertmanager.configured:
        watch = AlertmanagerWatch(history, alertmanager, clock, absence)
        found += ((seconds, "alertmanager", watch.run),)
    return found
