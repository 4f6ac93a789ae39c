"""Counts of calls in windows of time: in memory, or in the Redis that replicas share.

`limits` has a memory storage too, but it goes over all its keys every 10 ms and drops none before
its time: at 200,000 addresses that takes 70 % of a core, and nothing bounds the next million. This
one costs under a microsecond and stays within `CALLERS`.
"""

from collections import OrderedDict
from typing import Any

from limits.aio.storage import RedisStorage

from ..shared_redis import RedisAway, SharedRedis

CALLERS = 100_000
"""Callers that are counted at a time; past it, whoever was counted first is counted anew."""
SWEPT = 2
"""Entries looked at for every one that is added: enough to keep up, and never a pause."""


class MemoryCounter:
    """Counts for callers whose windows all have one length."""

    def __init__(self, callers: int = CALLERS) -> None:
        self._callers = callers
        # caller: [its window, calls, the window's end]. Not a dict, which takes ever longer to find
        # its first entry while entries are dropped there.
        self._counts: OrderedDict[str, list[int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, caller: str, window: int, ends: int, moment: int) -> int:
        """The calls of `caller` in its window of that number, this one included.

        `ends` is when the window does and `moment` is now, in ms.
        """
        counts = self._counts
        entry = counts.get(caller)
        if entry is not None:
            if entry[0] == window:
                entry[1] += 1
                return entry[1]
            del counts[caller]  # to come back at the end: the order is by age
        counts[caller] = [window, 1, ends]
        self._sweep(moment)
        return 1

    def _sweep(self, moment: int) -> None:
        """Drop the oldest entries, while they are over or too many."""
        counts = self._counts
        for _ in range(SWEPT):
            oldest = next(iter(counts))
            if len(counts) <= self._callers and counts[oldest][2] > moment:
                return
            del counts[oldest]


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
