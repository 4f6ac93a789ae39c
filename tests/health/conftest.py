"""What the tests of health share: a server to be asked, and what checks are run with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exporter.health.check import Check
from exporter.health.runner import Runner
from exporter.health.tools import Tools, open_session
from exporter.health.track import Result, Track
from exporter.metrics.values import Metrics
from exporter.settings import Settings
from exporter.storage.base import Store

from ..conftest import NOW, MovingClock
from ..services.gated_store import GatedStore
from ..storage.conftest import contract_database, reach, store  # noqa: F401  # fixtures
from .certificates import Authority
from .dependency import Dependency
from .replica import Begin, Replica

YEAR = timedelta(days=365)


@pytest.fixture
def clock() -> MovingClock:
    """A clock that the test moves."""
    return MovingClock(NOW)


@pytest.fixture
async def dependency() -> AsyncIterator[Dependency]:
    """A server that answers as it should, until told otherwise."""
    server = Dependency()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that is valid now."""
    now = datetime.now(UTC)
    return Authority.make(tmp_path, now - YEAR, now + YEAR)


@pytest.fixture
async def gated(store: Store) -> GatedStore:  # noqa: F811  # the fixture
    """A store on each engine that can be made to go away."""
    return GatedStore(store)  # type: ignore[arg-type]  # any store will do


MakeTools = Callable[..., Tools]


@pytest.fixture
async def tools(settings: Settings, clock: MovingClock) -> AsyncIterator[MakeTools]:
    """Makes what checks are run with: `tools(store=…, redis=…)`, with settings by their names."""
    made: list[Tools] = []

    def make(store: Any = None, redis: Any = None, **values: Any) -> Tools:  # noqa: F811
        chosen = Settings(**{**vars(settings), **values})
        one = Tools(
            settings=chosen,
            store=store,
            clock=clock,
            instance="a:5005",
            session=open_session(),
            redis=redis,
        )
        made.append(one)
        return one

    yield make
    for one in made:
        await one.session.close()


Run = Callable[[Check], Awaitable[Result]]


@pytest.fixture
async def run(tools: MakeTools, clock: MovingClock) -> Run:
    """One run of a check, within its time."""
    runner = Runner((), tools(), lambda check, result: None, Metrics(), clock)
    return runner.run


def ready(check: Check, **values: Any) -> Check:
    """A check with all that declared.py would give it."""
    known = {"name": check.name or "it", "interval": check.interval or 30.0}
    return msgspec.structs.replace(check, **{**known, **values})


def track(check: Check, **values: Any) -> Track:
    """The runs of a check on replica `a`."""
    return Track(ready(check, **values), "a:5005")


@pytest.fixture
def begin(gated: GatedStore, clock: MovingClock) -> Begin:
    """Starts replicas on the same store."""
    return lambda name="a": Replica(gated, clock, name)
