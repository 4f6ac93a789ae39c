"""Deliveries as the tests run them: real files, a clock that pauses move."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from exporter.alerts.channel import Channel
from exporter.alerts.delivery import Delivery
from exporter.alerts.policy import Policy
from exporter.metrics import alerts as alert_metrics
from exporter.metrics.values import Metrics
from exporter.storage.spool import Spool

from ..conftest import NOW, MovingClock
from ..outside import until

QUICK = Policy(timeout=0.2, patience=timedelta(minutes=5), waiting_bytes=20_000)


@dataclass
class Running:
    """A delivery, and what it was seen to do."""

    delivery: Delivery
    metrics: Metrics
    clock: MovingClock
    outbox: Spool
    pauses: list[float] = field(default_factory=list)

    def count(self, outcome: str) -> float:
        """How often that came of an announcement."""
        labels = (self.delivery.name, outcome)
        return self.metrics.value(alert_metrics.ALERT_DELIVERIES, labels) or 0.0

    async def until(self, outcome: str, times: int = 1) -> None:
        """Wait until that came of so many, and is shown in the gauges as well."""
        await until(lambda: self.count(outcome) >= times)
        await until(lambda: self.waiting() == self.outbox.fill.waiting)

    async def idle(self) -> None:
        """Wait until nothing waits."""
        await until(lambda: self.waiting() == 0.0)

    def waiting(self) -> float | None:
        """What the gauge says of what waits."""
        return self.metrics.value(alert_metrics.ALERT_DELIVERIES_WAITING, (self.delivery.name,))

    def dead(self) -> float | None:
        """What the gauge says of what was given up."""
        return self.metrics.value(alert_metrics.ALERT_DEAD_LETTERS, (self.delivery.name,))


@asynccontextmanager
async def delivering(
    channel: Channel,
    folder: Path,
    policy: Policy = QUICK,
    begin: Callable[[Running], None] = lambda running: None,
) -> AsyncIterator[Running]:
    """A running delivery to `channel`; its pauses move its clock, and take no time."""
    clock, metrics = MovingClock(NOW), Metrics()
    outbox = Spool(folder / f"{channel.name}.sqlite", policy.waiting_bytes)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.advance(seconds=seconds)
        await asyncio.sleep(0)

    delivery = Delivery(channel, outbox, metrics, clock, policy=policy, sleep=sleep)
    running = Running(delivery, metrics, clock, outbox, pauses)
    begin(running)
    await delivery.start()
    try:
        yield running
    finally:
        await delivery.close()
