"""The service on each engine in turn, and what the tests of alerts need beside it."""

import pytest

from exporter.alerts.history import AlertHistory
from exporter.metrics.values import Metrics
from exporter.storage.base import Store

from ..conftest import NOW, MovingClock, Service, Start
from ..storage.conftest import Reach, contract_database, reach, store  # noqa: F401  # fixtures
from .scene import gate, ill, scene  # noqa: F401  # fixtures


@pytest.fixture
def clock() -> MovingClock:
    """A clock that the test moves."""
    return MovingClock(NOW)


@pytest.fixture
def metrics() -> Metrics:
    """Metrics of nobody else."""
    return Metrics()


@pytest.fixture
def history(store: Store, metrics: Metrics, clock: MovingClock) -> AlertHistory:  # noqa: F811
    """The history of alerts in each engine in turn, empty."""
    return AlertHistory(store, metrics, clock)


@pytest.fixture
async def everywhere(start: Start, reach: Reach) -> Service:  # noqa: F811
    """A running service on each engine in turn."""
    return await start(store=reach())
