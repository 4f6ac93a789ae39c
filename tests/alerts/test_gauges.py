"""The gauges of alerts that are not resolved, over all tenants, on each engine."""

from exporter.alerts.gauges import refresh
from exporter.alerts.history import AlertHistory
from exporter.alerts.story import acknowledged
from exporter.metrics import alerts as alert_metrics
from exporter.metrics.catalogue import Gauge
from exporter.metrics.values import Metrics
from exporter.storage.base import Store

from .reports import minutes, report

DISK = {"alertname": "DiskFullSoon", "severity": "info", "category": "resources"}


async def shown(store: Store, metrics: Metrics, gauge: Gauge) -> dict[tuple[str, ...], float]:
    """Every series of a gauge after a refresh."""
    await refresh(store, metrics)
    (family,) = (part for part in metrics.collect() if part.name == gauge.name)
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


async def test_what_burns_is_shown_until_it_is_resolved(
    history: AlertHistory, store: Store, metrics: Metrics
) -> None:
    first = report(-10, fingerprint="a")
    await history.notify(
        [
            first,
            report(-5, fingerprint="b", tenant="acme"),
            report(-1, fingerprint="c", labels=DISK),
            report(-9, -8, fingerprint="d"),
        ]
    )
    critical, low = ("critical", "sales"), ("low", "resources")
    assert await shown(store, metrics, alert_metrics.ALERTS_OPEN) == {critical: 2, low: 1}
    assert await shown(store, metrics, alert_metrics.ALERTS_UNACKNOWLEDGED) == {critical: 2, low: 1}
    assert await shown(store, metrics, alert_metrics.ALERT_OLDEST_UNACKNOWLEDGED) == {
        critical: minutes(-10).timestamp(),
        low: minutes(-1).timestamp(),
    }
    await history.change(
        "default", first.alert_id, lambda before, now: acknowledged(before, now, who="x", note=None)
    )
    assert await shown(store, metrics, alert_metrics.ALERTS_OPEN) == {critical: 2, low: 1}
    assert await shown(store, metrics, alert_metrics.ALERTS_UNACKNOWLEDGED) == {critical: 1, low: 1}
    oldest = await shown(store, metrics, alert_metrics.ALERT_OLDEST_UNACKNOWLEDGED)
    assert oldest[critical] == minutes(-5).timestamp()
    await history.notify(
        [
            report(-10, 0, fingerprint="a"),
            report(-5, 0, fingerprint="b", tenant="acme"),
            report(-1, 0, fingerprint="c", labels=DISK),
        ]
    )
    for gauge in (
        alert_metrics.ALERTS_OPEN,
        alert_metrics.ALERTS_UNACKNOWLEDGED,
        alert_metrics.ALERT_OLDEST_UNACKNOWLEDGED,
    ):
        assert await shown(store, metrics, gauge) == {}
