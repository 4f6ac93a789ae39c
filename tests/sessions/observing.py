"""Events of sessions, and what became of them in the metrics."""

from datetime import timedelta
from typing import Any

from exporter.ingest.step import Step
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics
from exporter.records.engagement import ENGAGEMENT
from exporter.records.sale import SALE
from tests.recording import NOW, engagement, sale

MINUTE = timedelta(minutes=1)


def event(minutes: float, **values: Any) -> Step:
    """A stored event so many minutes after NOW."""
    return Step(ENGAGEMENT, None, engagement(timestamp=NOW + minutes * MINUTE, **values))


def sold() -> Step:
    """A stored sale."""
    return Step(SALE, None, sale())


def observed(metrics: Metrics, plan: str = "free") -> tuple[float, float]:
    """How many sessions of a plan ended, and their minutes in all."""
    (family,) = (
        part for part in metrics.collect() if part.name == catalogue.USER_SESSION_DURATION.name
    )
    values = {
        sample.name.removeprefix(family.name): sample.value
        for sample in family.samples
        if sample.labels.get("user_plan") == plan
    }
    return values.get("_count", 0.0), values.get("_sum", 0.0) / 60
