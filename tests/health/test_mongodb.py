"""MongoDB behind a network that fails: what its check says, within two runs."""

from collections.abc import AsyncIterator

import pytest

from exporter.health.check import Check, Level
from exporter.health.checks.clock import Clock
from exporter.health.checks.database import Database
from exporter.health.runner import Runner
from exporter.metrics.values import Metrics
from exporter.storage.mongo import MongoStore

from ..conftest import MovingClock
from ..services.mongodb import own_database, through_proxy
from ..services.proxy import Proxy
from ..storage.conftest import mongo_store
from .conftest import MakeTools, track

TIMEOUT = 1.5


class Behind:
    """A store behind a proxy, and its check."""

    def __init__(self, proxy: Proxy, runner: Runner) -> None:
        self.proxy = proxy
        self.runner = runner
        self.track = track(Database(), timeout=TIMEOUT, slow=0.5)

    async def twice(self) -> Level:
        """What two runs come to."""
        for _ in range(2):
            self.track.add(await self.runner.run(self.track.check))
        return self.track.level


@pytest.fixture
async def behind(
    mongodb_uri: str, tools: MakeTools, clock: MovingClock
) -> AsyncIterator[tuple[Behind, MongoStore]]:
    """A store that is reached through a proxy."""
    with own_database(mongodb_uri) as uri:
        async with through_proxy(uri) as (proxy, address):
            store = mongo_store(address, write_timeout_ms=5_000)
            await store.open()
            runner = Runner((), tools(store), lambda *_: None, Metrics(), clock)
            yield Behind(proxy, runner), store
            proxy.frozen = False
            await store.close()


async def test_each_way_to_fail_is_told_and_each_way_back(
    behind: tuple[Behind, MongoStore],
) -> None:
    one, _ = behind
    assert await one.twice() is Level.HEALTHY
    one.proxy.delay = 0.15
    assert await one.twice() is Level.DEGRADED, "slow"
    one.proxy.delay = 0.0
    assert await one.twice() is Level.HEALTHY
    one.proxy.frozen = True
    assert await one.twice() is Level.UNHEALTHY, "hangs"
    assert one.track.last is not None
    assert one.track.last.finding.message == f"No answer within {TIMEOUT:g} s."
    one.proxy.frozen = False
    one.proxy.cut = True
    one.proxy.drop()
    assert await one.twice() is Level.UNHEALTHY, "away"
    one.proxy.cut = False
    await one.twice()
    assert await one.twice() is Level.HEALTHY


async def test_its_clock_and_its_indexes_are_not_asked_for_ever(
    behind: tuple[Behind, MongoStore],
) -> None:
    one, store = behind
    assert await store.missing() == []
    assert await store.time() is not None
    one.proxy.frozen = True
    check: Check = track(Clock(), timeout=0.3).check
    assert (await one.runner.run(check)).finding.message == "No answer within 0.3 s."
