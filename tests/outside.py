"""What tests of anything outside need: a time that they move, what was logged, a real Redis."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis
from structlog.testing import capture_logs

from exporter import outage
from exporter.errors import MeterhouseError
from exporter.outage import Outage
from exporter.shared_redis import SharedRedis, connect

from .services.redis import RedisServer, running_redis

START = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
DEADLINE_SECONDS = 10.0


class Time:
    """A clock and a stopwatch that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Seconds, as time.monotonic has them."""
        return 1000.0 + self.seconds

    def advance(self, seconds: float) -> None:
        """Let that much time pass."""
        self.seconds += seconds


@pytest.fixture
def time() -> Time:
    """The time, standing still."""
    return Time()


@dataclass(frozen=True)
class Logged:
    """What was logged, by us and by libraries."""

    entries: list[Any]
    caplog: pytest.LogCaptureFixture

    def events(self) -> list[str]:
        """Our own log events, in order."""
        return [entry["event"] for entry in self.entries]

    def text(self) -> str:
        """All of it."""
        return repr(self.entries) + self.caplog.text


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Logged]:
    """Everything that is logged from here on, at every level."""
    caplog.set_level(logging.DEBUG)
    # A logger that was used before may hold on to the configuration of another test.
    monkeypatch.setattr(outage, "_log", structlog.get_logger())
    with capture_logs() as entries:
        yield Logged(entries, caplog)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running, empty redis-server."""
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """The service's own client of it."""
    client = connect(redis_server.url, wait_seconds=DEADLINE_SECONDS)
    yield client
    await client.aclose()


Replica = Callable[[], SharedRedis]


@pytest.fixture
def replica(redis: Redis, time: Time) -> Replica:
    """Makes what one replica has of that Redis; each finds out by itself whether it is there."""
    return lambda: SharedRedis(redis, Outage("redis", monotonic=time.monotonic))


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that is about to hold; fails where it does not come to."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not holds():  # what holds is mostly no event of ours
            await asyncio.sleep(0.001)


async def outcome(call: Awaitable[Any]) -> Any:
    """What a call returns, or the error that it raises."""
    try:
        return await call
    except (MeterhouseError, ValueError) as error:
        return error
