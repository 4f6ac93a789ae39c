"""One replica's view of incidents, on a store that several share."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from exporter.access.principal import DEFAULT_TENANT
from exporter.health.incidents import Incidents
from exporter.health.maintenance import Windows
from exporter.health.swap import Swaps
from exporter.metrics import health as shown
from exporter.metrics.values import Metrics
from exporter.records import INCIDENT
from exporter.records.incident import Incident
from exporter.storage.base import Store, StoreUnavailable
from exporter.storage.query import Find, Order, equals

from ..conftest import MovingClock


class Replica:
    """One replica's view of incidents."""

    def __init__(self, store: Any, clock: MovingClock, name: str = "a") -> None:
        self.metrics = Metrics()
        self.swaps = Swaps(store, self.metrics)
        self.windows = Windows(store, self.swaps)
        self.told: list[tuple[str, str]] = []
        self.incidents = Incidents(
            store, self.swaps, self.windows, self.metrics, instance=name, tell=self.tell
        )
        self.clock = clock

    async def tell(self, incident: Incident) -> None:
        """Be told of an incident."""
        self.told.append((incident.incident_id, incident.phase))

    async def settle(self) -> None:
        """What the background job does."""
        await self.windows.refresh(self.clock() - timedelta(days=14))
        await self.incidents.settle(self.clock())
        self.incidents.show(self.clock())

    def open(self, severity: str = "critical") -> float | None:
        """What the gauge says."""
        return self.metrics.value(shown.INCIDENTS_OPEN, (severity,))


Begin = Callable[..., Replica]


async def settle_together(*replicas: Replica) -> None:
    """The background jobs of all at once, each of which comes again where the store was away.

    Of two writes that wait for each other, PostgreSQL below the MongoDB-compatible server ends one.
    """

    async def settle(one: Replica) -> None:
        try:
            await one.settle()
        except StoreUnavailable:
            await one.settle()

    await asyncio.gather(*map(settle, replicas))


async def kept(store: Store) -> list[Incident]:
    """All incidents, by their numbers."""
    found: list[Incident] = await store.find(
        Find(INCIDENT, (equals("tenantId", DEFAULT_TENANT),), (Order("number"),))
    )
    return found


def actions(incident: Incident) -> list[tuple[str, str]]:
    """Who did what with it."""
    return [(one["who"], one["action"]) for one in incident.timeline]
