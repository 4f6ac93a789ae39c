"""The service as the tests call it: the real application, on a real SQLite file."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from exporter.app import init_app
from exporter.ingest.writer import Writer
from exporter.metrics.values import Metrics
from exporter.settings import ServiceKey, Settings
from exporter.storage.base import Store
from exporter.web.route import SERVICES

from .outside import logged, redis, redis_server, replica, time  # noqa: F401  # fixtures
from .services.mongodb import running_mongodb

SECRET = "a secret of the tests that is long enough for HS256"
NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)


class MovingClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        """Move on by `timedelta(**duration)`."""
        self.moment += timedelta(**duration)


@dataclass(frozen=True)
class Caller:
    """Somebody with a credential, who calls the service."""

    client: TestClient[Any, Any]
    headers: dict[str, str]

    async def __call__(
        self, method: str, path: str, body: Any = None, **options: Any
    ) -> tuple[int, Any]:
        """The status and the JSON of a call."""
        response = await self.raw(method, path, json=body, **options)
        return response.status, await response.json()

    async def raw(self, method: str, path: str, **options: Any) -> ClientResponse:
        """The response to a call."""
        headers = {**self.headers, **options.pop("headers", {})}
        if options.get("json") is None:
            options.pop("json", None)
        return await self.client.request(method, path, headers=headers, **options)


@dataclass(frozen=True)
class Service:
    """A running service and its parts."""

    client: TestClient[Any, Any]
    clock: MovingClock
    settings: Settings

    @property
    def metrics(self) -> Metrics:
        """What it counts."""
        return self.client.app[SERVICES].metrics  # type: ignore[index]  # a test server's app

    @property
    def store(self) -> Store:
        """Where it keeps its events."""
        return self.client.app[SERVICES].store  # type: ignore[index]  # a test server's app

    @property
    def writer(self) -> Writer:
        """What writes them."""
        return self.client.app[SERVICES].writer  # type: ignore[index]  # a test server's app

    def user(self, name: str = "ada", **claims: Any) -> Caller:
        """A user with a valid token."""
        token = make_token(self.clock(), sub=name, **claims)
        return Caller(self.client, {"Authorization": f"Bearer {token}"})

    def admin(self, name: str = "root", **claims: Any) -> Caller:
        """An admin with a valid token."""
        return self.user(name, role="admin", **claims)

    def service(self, key: str = "open-key") -> Caller:
        """A backend with a service key."""
        return Caller(self.client, {"X-API-Key": key})

    def nobody(self, **headers: str) -> Caller:
        """Somebody without a credential."""
        return Caller(self.client, headers)


def make_token(now: datetime, **claims: Any) -> str:
    """A token that is valid for an hour from `now`."""
    claims = {"exp": int((now + timedelta(hours=1)).timestamp()), **claims}
    return jwt.encode(claims, SECRET, "HS256")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings under which nothing but the test itself moves anything."""
    return Settings(
        app_env="test",
        data_dir=tmp_path / "data",
        jwt_secret=SECRET,
        api_keys=(
            ServiceKey("open", "open-key"),
            ServiceKey("bound", "bound-key", "acme"),
        ),
        rate_limit_max_requests=0,
        answer_cache_seconds=0.0,
        zero_first_seconds=0.0,
        health_interval_seconds=0.0,
        gauges_refresh_seconds=3600.0,
        rollup_refresh_seconds=3600.0,
        system_sample_seconds=3600.0,
        purge_interval_seconds=3600.0,
        store_alerts="off",
    )


Start = Callable[..., Awaitable[Service]]


@pytest.fixture
async def start(settings: Settings) -> AsyncIterator[Start]:
    """Starts services; `start(port=0, …)` overrides settings, `store=` the store."""
    clients: list[TestClient[Any, Any]] = []

    async def begin(store: Store | None = None, **overrides: Any) -> Service:
        chosen = replace(settings, **overrides)
        clock = MovingClock(NOW)
        app = init_app(chosen, store, CollectorRegistry(), clock)
        client = TestClient(TestServer(app))
        clients.append(client)
        await client.start_server()
        return Service(client, clock, chosen)

    yield begin
    for client in clients:
        await client.close()


@pytest.fixture
async def service(start: Start) -> Service:
    """A running service."""
    return await start()


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a MongoDB-compatible server, started when a test first asks for it."""
    with running_mongodb(tmp_path_factory.mktemp("mongodb")) as uri:
        yield uri
