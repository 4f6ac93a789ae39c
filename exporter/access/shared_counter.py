"""Counts of calls in windows of time, in the Redis that replicas share.

To ask Redis takes longer than to record an event. So while it is asked about a caller, that
caller's next calls wait and are counted in one go.
"""

import asyncio
from typing import Any

from limits.aio.storage import RedisStorage

from ..outage import RedisAway
from ..shared_redis import SharedRedis

Count = int | None
"""The calls of a caller in its window; None where Redis is away."""


class RedisCounter:
    """Counts that every replica adds to; None where Redis is away."""

    def __init__(self, redis: SharedRedis) -> None:
        options: dict[str, Any] = {"connection_pool": redis.client.connection_pool}
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix="meterhouse:calls", **options
        )
        self._redis = redis
        self._waiting: dict[str, list[asyncio.Future[Count]]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def add(self, caller: str, window: int, seconds: int) -> Count:
        """Count a call; the calls of `caller` in its window, which Redis forgets in `seconds`."""
        key = f"{caller}:{window}"
        call: asyncio.Future[Count] = asyncio.get_running_loop().create_future()
        if key in self._waiting:
            self._waiting[key].append(call)
        else:
            self._waiting[key] = [call]
            task = asyncio.create_task(self._count(key, seconds))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return await call

    async def _count(self, key: str, seconds: int) -> None:
        """Count the calls that wait, until none does."""
        while calls := self._waiting[key]:
            self._waiting[key] = []
            try:
                last = await self._added(key, seconds, len(calls))
            except Exception as error:  # noqa: BLE001  # told to those who wait for it
                for call in calls:
                    if not call.cancelled():
                        call.set_exception(error)
                continue
            for number, call in enumerate(reversed(calls)):
                if not call.cancelled():
                    call.set_result(None if last is None else last - number)
        del self._waiting[key]

    async def _added(self, key: str, seconds: int, calls: int) -> Count:
        try:
            return await self._redis.ask(lambda _: self._storage.incr(key, seconds, calls))
        except RedisAway:
            return None
