"""Which engine keeps the events: the one that the settings name, shown in the metrics."""

from .family import Family
from .metrics import catalogue
from .metrics.values import Metrics
from .records import FAMILIES
from .rollups.families import DERIVED
from .settings import Settings
from .storage.base import Store
from .storage.sqlite import SqliteStore

STORED: tuple[Family, ...] = (*FAMILIES, *DERIVED)
"""All that a store keeps: what is recorded, and what is derived from it."""


def choose(settings: Settings, metrics: Metrics) -> Store:
    """The store, not yet open; how long its operations take, and its pool, are observed."""

    def observe(operation: str, seconds: float) -> None:
        metrics.observe(catalogue.DATABASE_QUERY_DURATION, ("exporter", operation), seconds)

    def pool(state: str, connections: int) -> None:
        metrics.set(catalogue.DATABASE_CONNECTION_POOL, ("exporter", state), connections)

    if settings.mongodb_uri is not None:
        # Its driver is a tenth of the start, which the embedded engine does without.
        from .storage.mongo import MongoStore

        return MongoStore(
            settings.mongodb_uri,
            STORED,
            retention={family.kind: family.kept_for(settings) for family in STORED},
            query_timeout_ms=settings.query_timeout_ms,
            write_timeout_ms=settings.mongodb_write_timeout_ms,
            pool_size=settings.mongodb_pool_size,
            observe=observe,
            pool=pool,
        )
    return SqliteStore(
        settings.data_dir / "meterhouse.sqlite",
        STORED,
        query_timeout_ms=settings.query_timeout_ms,
        observe=observe,
    )
