"""The checks that every installation has, against the real thing."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis as Client

from exporter.access.principal import DEFAULT_TENANT
from exporter.health.check import Check, Finding, Level, Unhealthy
from exporter.health.checks.alertmanager import Alertmanager
from exporter.health.checks.auth_service import AuthService
from exporter.health.checks.clock import Clock
from exporter.health.checks.collections import Collections
from exporter.health.checks.database import Database
from exporter.health.checks.disk import Disk
from exporter.health.checks.event_loop import EventLoop
from exporter.health.checks.prometheus import Prometheus
from exporter.health.checks.redis import Redis
from exporter.records import HEALTH_PROBE, INCIDENT
from exporter.storage.base import Outcome, Store, StoreUnavailable

from ..conftest import NOW, MovingClock
from ..outside import Replica
from ..services.gated_store import GatedStore
from ..services.mongodb import connected
from ..services.redis import RedisServer
from ..storage.conftest import Reach
from .conftest import MakeTools
from .dependency import Dependency


async def failure(check: Check, tools: Any) -> str:
    """Why a check fails."""
    with pytest.raises(Unhealthy) as raised:
        await check.run(tools)
    return str(raised.value)


async def test_the_database_is_written_and_read_each_time(store: Store, tools: MakeTools) -> None:
    made = tools(store)
    tokens = set()
    for revision in range(3):
        assert await Database().run(made) == Finding()
        kept: Any = await store.get(HEALTH_PROBE, DEFAULT_TENANT, "a:5005")
        assert (kept.revision, kept.written_at) == (revision, NOW)
        tokens.add(kept.token)
    assert len(tokens) == 3


async def test_a_database_that_is_away_fails(gated: GatedStore, tools: MakeTools) -> None:
    gated.error = StoreUnavailable("MongoDB could not read: no server.")
    assert await failure(Database(), tools(gated)) == "MongoDB could not read: no server."
    assert await failure(Collections(), tools(gated)) == "MongoDB could not read: no server."


async def test_a_database_that_does_not_do_what_it_is_told_fails(
    gated: GatedStore, tools: MakeTools
) -> None:
    made = tools(gated)
    gated.says = Outcome.STORED
    assert await failure(Database(), made) == "What was written is not what is read."
    for outcome in (Outcome.STALE, Outcome.FAILED):
        gated.says = outcome
        said = await failure(Database(), made)
        assert said == f"A write comes to nothing: it is {outcome.value}."


async def test_nothing_is_missing_after_a_start(store: Store, tools: MakeTools) -> None:
    assert await Collections().run(tools(store)) == Finding()


async def test_a_collection_or_an_index_that_was_dropped_is_named(
    reach: Reach, store: Store, tools: MakeTools, request: pytest.FixtureRequest
) -> None:
    if store.name == "sqlite":
        drop_sqlite(request)
        wanted = "incidents by phase, maintenance_windows"
    else:
        drop_mongodb(request)
        wanted = "incidents {phase: 1}, maintenance_windows {"
    said = await failure(Collections(), tools(store))
    assert said.startswith(f"Missing: {wanted}")
    again: Any = reach()
    await store.close()
    await again.open()  # a start makes it
    assert await again.missing() == []
    await again.close()


def drop_sqlite(request: pytest.FixtureRequest) -> None:
    """Drop an index and a table behind the service's back."""
    folder: Path = request.getfixturevalue("tmp_path")
    with sqlite3.connect(folder / "data" / "events.db") as connection:
        connection.execute('DROP INDEX "incidents by phase"')
        connection.execute("DROP TABLE maintenance_windows")
        connection.execute("DELETE FROM meterhouse_fields WHERE collection = 'maintenance_windows'")


def drop_mongodb(request: pytest.FixtureRequest) -> None:
    """Likewise."""
    with connected(request.getfixturevalue("contract_database")) as client:
        database = client.get_default_database()
        database[INCIDENT.collection].drop_index([("phase", 1)])
        database.drop_collection("maintenance_windows")


async def test_redis_is_written_and_read(
    replica: Replica, redis: Client, redis_server: RedisServer, tools: MakeTools
) -> None:
    made = tools(redis=replica())
    assert await Redis().run(made) == Finding()
    key = "meterhouse:health:a:5005"
    assert 0 < await redis.ttl(key) <= 300
    await redis.config_set("maxmemory", "1")
    assert await failure(Redis(), made) == "It does not answer as it should (OutOfMemoryError)."
    redis_server.stop()
    assert (await failure(Redis(), made)).startswith("It does not answer as it should (")
    redis_server.start()
    assert await Redis().run(made) == Finding()
    assert await failure(Redis(), tools()) == "REDIS_URL is not set."


async def test_a_redis_that_forgets_fails(replica: Replica, tools: MakeTools) -> None:
    shared = replica()

    async def forget(*_: Any, **__: Any) -> None:
        return None

    shared.client.set = forget  # type: ignore[method-assign]  # as one of several that lags behind
    assert await failure(Redis(), tools(redis=shared)) == "What was set is not what is read."


async def test_the_auth_service_may_refuse_but_not_fail(
    tools: MakeTools, dependency: Dependency
) -> None:
    made = tools(auth_service_url=dependency.url.removesuffix("/health"))
    dependency.answer = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
    assert await AuthService().run(made) == Finding()
    assert dependency.request.startswith(b"GET /auth/me ")
    assert b"Authorization" not in dependency.request
    dependency.answer = b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"
    assert await failure(AuthService(), made) == "It answers with status 502, not one below 500."
    await dependency.stop()
    assert (await failure(AuthService(), made)).startswith("It cannot be reached")


@pytest.mark.parametrize(
    ("check", "setting"),
    [(Prometheus(), "prometheus_url"), (Alertmanager(), "alertmanager_url")],
    ids=["prometheus", "alertmanager"],
)
async def test_what_watches_us_is_asked_whether_it_is_ready(
    check: Check, setting: str, tools: MakeTools, dependency: Dependency
) -> None:
    made = tools(**{setting: dependency.url.removesuffix("/health")})
    assert await check.run(made) == Finding()
    assert dependency.request.startswith(b"GET /-/ready ")
    dependency.answer = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
    assert await failure(check, made) == "It answers with status 503, not 200."


@pytest.mark.parametrize(
    ("used", "level"), [(85.0, Level.HEALTHY), (85.1, Level.DEGRADED), (95.1, Level.UNHEALTHY)]
)
async def test_a_disk_is_as_well_as_it_has_room(
    tools: MakeTools, monkeypatch: pytest.MonkeyPatch, used: float, level: Level
) -> None:
    monkeypatch.setattr(psutil, "disk_usage", lambda path: SimpleNamespace(percent=used))
    if level is Level.UNHEALTHY:
        assert await failure(Disk(), tools()) == f"{used} % of the disk is used."
    else:
        assert await Disk().run(tools()) == Finding(level, f"{used} % of the disk is used.")


async def test_the_disk_of_the_data_folder_is_looked_at(tools: MakeTools, tmp_path: Path) -> None:
    used = psutil.disk_usage(str(tmp_path)).percent
    found = await Disk(degraded=100, unhealthy=100).run(tools(data_dir=tmp_path))
    assert found.message is not None
    assert float(found.message.split()[0]) == pytest.approx(used, abs=1)
    assert await failure(Disk(), tools(data_dir=tmp_path / "gone")) == (
        "It cannot be looked at: No such file or directory."
    )


@pytest.mark.parametrize(
    ("late", "level"), [(0.5, Level.HEALTHY), (0.6, Level.DEGRADED), (5.1, Level.UNHEALTHY)]
)
async def test_a_loop_is_as_well_as_it_is_punctual(
    tools: MakeTools, late: float, level: Level
) -> None:
    made = tools()
    made.lag._longest = late
    if level is Level.UNHEALTHY:
        assert await failure(EventLoop(), made) == "Calls waited for up to 5.10 s."
    else:
        assert (await EventLoop().run(made)).level is level


class Dated:
    """A service whose clock is off by so much."""

    def __init__(self) -> None:
        self.date: str | None = None
        app = web.Application()
        app.router.add_get("/", self._answer)
        self.server = TestServer(app)

    async def _answer(self, request: web.Request) -> web.Response:
        response = web.Response()
        if self.date is not None:
            response.headers["Date"] = self.date
        return response

    @property
    def url(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")


@pytest.fixture
async def dated() -> AsyncIterator[Dated]:
    one = Dated()
    await one.server.start_server()
    yield one
    await one.server.close()


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Sun, 15 Mar 2026 12:00:00 GMT", None),
        ("Sun, 15 Mar 2026 12:00:02 GMT", None),
        ("Sun, 15 Mar 2026 12:00:03 GMT", "3.0 s behind the clock of Prometheus."),
        ("Sun, 15 Mar 2026 11:59:56 GMT", "3.0 s ahead of the clock of Prometheus."),
    ],
)
async def test_a_clock_is_compared_with_the_date_of_an_answer(
    tools: MakeTools, dated: Dated, date: str, said: str | None
) -> None:
    dated.date = date
    found = await Clock().run(tools(NoClock(), prometheus_url=dated.url))
    assert found == (Finding() if said is None else Finding(Level.DEGRADED, said))


async def test_a_clock_that_is_far_off_fails(tools: MakeTools, dated: Dated) -> None:
    dated.date = "Sun, 15 Mar 2026 12:01:00 GMT"
    made = tools(NoClock(), alertmanager_url=dated.url)
    assert await failure(Clock(), made) == "60.0 s behind the clock of Alertmanager."


@pytest.mark.parametrize("date", ["tomorrow", "Sun, 15 Mar 2026 12:00:00 -0000"])
async def test_without_another_clock_nobody_knows(
    tools: MakeTools, dated: Dated, date: str
) -> None:
    dated.date = date
    unknown = Finding(Level.DEGRADED, "No other clock can be asked.")
    made = tools(NoClock(), auth_service_url=dated.url)
    assert await Clock().run(made) == unknown
    await dated.server.close()
    assert await Clock().run(made) == unknown


async def test_the_clocks_of_the_database_and_of_redis_are_asked_first(
    tools: MakeTools, store: Store, replica: Replica, clock: MovingClock
) -> None:
    made = tools(store, redis=replica())
    clock.moment = datetime.now(UTC)
    assert (await Clock().run(made)).level is Level.HEALTHY
    clock.moment = datetime.now(UTC) + timedelta(hours=1)
    name = "Redis" if store.name == "sqlite" else "the database"
    assert f"s ahead of the clock of {name}." in await failure(Clock(), made)


class NoClock:
    """A store without a clock of its own."""

    async def time(self) -> None:
        return None
