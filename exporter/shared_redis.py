"""The Redis that replicas share.

All it holds can be missed, so it is set up to fail fast, and whoever asks it can do without.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .outage import Outage, RedisAway

T = TypeVar("T")

CONNECTIONS = 32
WAIT_SECONDS = 0.5
"""For a connection to be made, to become free, and to answer: each at most so long."""


class SharedRedis:
    """A client of Redis, and whether it is there: one outage for all who use it, so that its
    absence is logged once and found out once."""

    def __init__(self, client: Redis, outage: Outage | None = None) -> None:
        self.client = client
        self._outage = outage or Outage("redis")

    async def ask(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """What `command` comes to; RedisAway where it fails or is not worth trying yet.

        A command may be done twice, the first time without an answer.
        """
        if not self._outage.attempt():
            raise RedisAway
        try:
            answer = await self.ask_anyway(command)
        except RedisAway as error:
            self._outage.failed(str(error))
            raise
        self._outage.succeeded()
        return answer

    async def ask_anyway(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """The same, tried also where it is not worth it: for those who look whether it is there.

        RedisAway has the name of what went wrong.
        """
        try:
            return await command(self.client)
        except (RedisError, OSError) as error:
            raise RedisAway(type(error).__name__) from error

    async def close(self) -> None:
        """Let go of its connections."""
        await self.client.aclose()


def connect(url: str, wait_seconds: float = WAIT_SECONDS) -> Redis:
    """A client for REDIS_URL, connected when first used; `await client.aclose()` when done.

    A call is tried once more at once, since a pooled connection may have died unnoticed.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=wait_seconds,
        socket_timeout=wait_seconds,
        socket_connect_timeout=wait_seconds,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)
