"""The client of the Redis that replicas share, set up to fail fast: all it holds can be missed."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECTIONS = 32
WAIT_SECONDS = 0.5
"""For a connection to be made, to become free, and to answer: each at most so long."""


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
