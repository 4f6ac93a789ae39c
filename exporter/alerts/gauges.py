"""The gauges of alerts that are not resolved, over all tenants, from the store."""

from collections import Counter
from datetime import datetime

from ..metrics import alerts as alert_metrics
from ..metrics.tally import Labels
from ..metrics.values import Metrics
from ..records.alert import ALERT, UNRESOLVED
from ..storage.base import Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator


async def refresh(store: Store, metrics: Metrics) -> None:
    """Set every gauge of alerts to what the store says; nothing where the question fails."""
    rows = await store.aggregate(
        Aggregation(
            ALERT,
            (Measure("count"), Measure("oldest", Function.MIN, "startsAt")),
            where=(Filter("state", Operator.IN, UNRESOLVED),),
            by=("severity", "category", "state"),
        )
    )
    unresolved: Counter[Labels] = Counter()
    waiting: dict[Labels, float] = {}
    oldest: dict[Labels, float] = {}
    for row in rows:
        labels = row["severity"], row["category"]
        unresolved[labels] += row["count"]
        if row["state"] == "open":
            began: datetime = row["oldest"]
            waiting[labels] = row["count"]
            oldest[labels] = began.timestamp()
    metrics.replace(
        alert_metrics.ALERTS_OPEN, {labels: float(n) for labels, n in unresolved.items()}
    )
    metrics.replace(alert_metrics.ALERTS_UNACKNOWLEDGED, waiting)
    metrics.replace(alert_metrics.ALERT_OLDEST_UNACKNOWLEDGED, oldest)
