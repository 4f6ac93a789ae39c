"""A scene for evaluators: a store, a clock that the test moves, and what people were told."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from exporter.alerts.announcement import Announcement
from exporter.alerts.announcer import Announcer
from exporter.alerts.evaluation import Evaluation, Turn
from exporter.alerts.evaluators import Evaluator
from exporter.alerts.history import AlertHistory
from exporter.alerts.register import Register
from exporter.alerts.replica_register import ReplicaRegister
from exporter.alerts.store_register import StoreRegister
from exporter.alerts.symptoms import Symptom, View
from exporter.engine import STORED
from exporter.metrics import alerts as alert_metrics
from exporter.metrics.values import Metrics
from exporter.records.alert import ALERT, Alert
from exporter.rollups.store import RolledStore
from exporter.storage.base import Store
from exporter.storage.query import Find, Order
from exporter.storage.sqlite import SqliteStore

from ..conftest import NOW, MovingClock
from ..recording import Recorder
from ..services.gated_store import GatedStore

MINUTE = timedelta(minutes=1)


class Ear(Announcer):
    """Keeps what people are told, by a channel that is always there."""

    def __init__(self, channels: tuple[str, ...] = ("slack", "email")) -> None:
        super().__init__()
        self.heard: list[Announcement] = []
        self._names = channels

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels."""
        return self._names

    async def tell(self, announced: Announcement) -> None:
        """Keep it."""
        self.heard.append(announced)

    def states(self) -> list[str]:
        """What was told, in order."""
        return [one.state for one in self.heard]


@dataclass
class Scene:
    """Everything that evaluations share, and what outlives their restarts."""

    store: Store
    folder: Path
    clock: MovingClock = field(default_factory=lambda: MovingClock(NOW))
    metrics: Metrics = field(default_factory=Metrics)
    ear: Ear = field(default_factory=Ear)

    @property
    def history(self) -> AlertHistory:
        """The history of alerts in the store."""
        return AlertHistory(self.store, self.metrics, self.clock)

    @property
    def record(self) -> Recorder:
        """Writes events into the store."""
        return Recorder(cast(RolledStore, self.store))  # which it only writes to

    def of_the_store(self, *evaluators: Evaluator, turn: Turn | None = None) -> Evaluation:
        """An evaluation, as it is after each start, whose alerts are records in the store."""
        names = [one.name for one in evaluators]
        register = StoreRegister(self.store, self.history, self.clock, names)
        return self._evaluation(evaluators, register, turn=turn)

    def of_the_replica(self, *evaluators: Evaluator) -> Evaluation:
        """The same, of alerts that are kept in a file."""
        register = ReplicaRegister(self.folder, self.history, self.clock)
        return self._evaluation(evaluators, register, labels={"instance": "a:5005"})

    def _evaluation(
        self, evaluators: Sequence[Evaluator], register: Register, **options: Any
    ) -> Evaluation:
        return Evaluation(
            evaluators,
            register,
            self.ear,
            store=self.store,
            metrics=self.metrics,
            clock=self.clock,
            **options,
        )

    async def alerts(self) -> list[Alert]:
        """All records, oldest first."""
        found: list[Alert] = await self.store.find(Find(ALERT, order=(Order("startsAt"),)))
        return found

    def looks(self, evaluator: Evaluator, outcome: str) -> float:
        """How often an evaluator found that."""
        labels = (evaluator.name, outcome)
        return self.metrics.value(alert_metrics.ALERT_EVALUATIONS, labels) or 0.0


@dataclass
class Ill:
    """What an evaluator finds, as the test says it."""

    value: float | None = 0.0
    error: Exception | None = None
    evaluator: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self.evaluator = self.named("Fever")

    def named(self, name: str) -> Evaluator:
        """An evaluator of that name: 38 is too much, 37 is fine."""
        return Evaluator(
            name=name,
            look=self.look,
            limit=38.0,
            calm=37.0,
            unit="degrees",
            severity="high",
            category="service",
            title="It is ill.",
            advice="Look for a doctor.",
        )

    async def look(self, view: View) -> Symptom | None:
        """What is found."""
        if self.error is not None:
            raise self.error
        return None if self.value is None else Symptom(self.value, f"it has {self.value:g} degrees")


@pytest.fixture
def ill() -> Ill:
    """Somebody who is well."""
    return Ill()


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[GatedStore]:
    """A store that can go away."""
    inner = SqliteStore(
        tmp_path / "meterhouse.sqlite",
        STORED,
        query_timeout_ms=10_000,
        observe=lambda operation, seconds: None,
    )
    await inner.open()
    yield GatedStore(inner)
    await inner.close()


@pytest.fixture
def scene(gate: GatedStore, tmp_path: Path) -> Scene:
    """A scene with that store."""
    return Scene(gate, tmp_path)
