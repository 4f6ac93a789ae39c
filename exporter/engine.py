"""Which engine keeps the events: the one that the settings name, shown in the metrics."""

from .metrics import catalogue
from .metrics.values import Metrics
from .records import FAMILIES
from .settings import Settings
from .storage.base import Store
from .storage.sqlite import SqliteStore


def choose(settings: Settings, metrics: Metrics) -> Store:
    """The store, not yet open; how long its operations take is observed."""

    def observe(operation: str, seconds: float) -> None:
        metrics.observe(catalogue.DATABASE_QUERY_DURATION, ("exporter", operation), seconds)

    return SqliteStore(
        settings.data_dir / "meterhouse.sqlite",
        FAMILIES,
        query_timeout_ms=settings.query_timeout_ms,
        observe=observe,
    )
