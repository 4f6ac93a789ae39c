"""Counts of calls in windows of time, in the Redis that replicas share."""

from typing import Any

from limits.aio.storage import RedisStorage

from ..outage import RedisAway
from ..shared_redis import SharedRedis


class RedisCounter:
    """Counts that every replica adds to; None where Redis is away."""

    def __init__(self, redis: SharedRedis) -> None:
        options: dict[str, Any] = {"connection_pool": redis.client.connection_pool}
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix="meterhouse:calls", **options
        )
        self._redis = redis

    async def add(self, caller: str, window: int, seconds: int) -> int | None:
        """The calls of `caller` in its window, which Redis forgets in `seconds`."""
        try:
            return await self._redis.ask(
                lambda _: self._storage.incr(f"{caller}:{window}", seconds)
            )
        except RedisAway:
            return None
