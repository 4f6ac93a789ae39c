"""Answers to heavy questions, kept for a few seconds for those who ask the same again.

Dashboards ask the same few questions again and again, and many of them at once. An answer is kept
as the bytes that went out, in memory and, where replicas share a store and a Redis, in Redis as
well. While a question is being answered, whoever asks it too waits for that answer.
"""

import time
from collections.abc import Callable, Coroutine, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
from cachetools import TLRUCache

from .. import __version__
from ..access.principal import Principal
from ..metrics import catalogue
from ..metrics.values import Metrics
from ..outage import RedisAway
from ..single_flight import SingleFlight

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from ..shared_redis import SharedRedis

KEPT_BYTES = 32 * 1024 * 1024
LARGEST_BYTES = 1024 * 1024
"""What is kept in memory in all, and the largest answer that is kept at all."""
KEY_PREFIX = "meterhouse:answer:"
REMEMBERED = 100
"""Questions over which the hit rate is averaged, about: the latest weigh most."""


class Kept(msgspec.Struct, frozen=True):
    """An answer's bytes, and until when they may be given, on the stopwatch of this process."""

    body: bytes
    until: float


class Answer(msgspec.Struct, frozen=True):
    """An answer's bytes, and how many seconds ago they were made; None for this very call."""

    body: bytes
    age: float | None


def question(
    path: str, parameters: Mapping[str, str], caller: Principal, query: msgspec.Struct
) -> bytes:
    """What one answer is kept for: a route's path with its parameters, the query as it was read,
    and the records that the caller may see.

    Another user, tenant or role is another question; the admins of a tenant ask the same one.
    Raises Forbidden for a service key, which reads nothing.
    """
    scope = caller.read_scope()
    parts = (
        __version__,  # replicas of another version may spell the answer otherwise
        path,
        sorted(parameters.items()),
        caller.role.value,
        scope.tenant,
        scope.user,
        query,
    )
    return sha256(msgspec.msgpack.encode(parts)).digest()


class AnswerCache:
    """Keeps every answer for `seconds`; with 0 every question is asked, and for every caller.

    redis: for replicas with one store only, so that one can answer for another.
    """

    def __init__(
        self,
        seconds: float,
        metrics: Metrics,
        redis: "SharedRedis | None" = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._metrics = metrics
        self._redis = redis
        self._monotonic = monotonic
        self._memory: TLRUCache[bytes, Kept] = TLRUCache(
            KEPT_BYTES,
            ttu=lambda _key, kept, _now: kept.until,
            timer=monotonic,
            getsizeof=lambda kept: len(kept.body),
        )
        self._flights: SingleFlight[bytes, Answer] = SingleFlight()
        self._asked = 0
        self._hit_rate = 0.0

    async def get(self, key: bytes, ask: Callable[[], Coroutine[Any, Any, bytes]]) -> Answer:
        """The answer that is kept for `key`, or else what `ask` gives; raises what `ask` does."""
        if not self._seconds:
            return Answer(await ask(), None)
        kept = self._memory.get(key)
        if kept is not None:
            answer = Answer(kept.body, self._seconds - (kept.until - self._monotonic()))
        else:
            answer = await self._flights.run(key, lambda: self._find(key, ask))
        self._count(hit=answer.age is not None)
        return answer

    async def _find(self, key: bytes, ask: Callable[[], Coroutine[Any, Any, bytes]]) -> Answer:
        recalled = await self._recall(key)
        answer = recalled or Answer(await ask(), None)
        if len(answer.body) <= LARGEST_BYTES:
            until = self._monotonic() + self._seconds - (answer.age or 0)
            self._memory[key] = Kept(answer.body, until)
            if recalled is None:
                await self._share(key, answer.body)
        return answer

    async def _recall(self, key: bytes) -> Answer | None:
        """What a replica put into Redis, aged by Redis's own clock, which all of them share."""
        if self._redis is None:
            return None
        name = self._name(key)

        async def read(redis: "Redis") -> list[Any]:
            both = redis.pipeline(transaction=False)
            both.get(name)
            both.pttl(name)
            return await both.execute()

        try:
            body, left_ms = await self._redis.ask(read)
        except RedisAway:
            return None
        if body is None or left_ms <= 0:
            return None
        return Answer(body, max(0.0, self._seconds - left_ms / 1000))

    async def _share(self, key: bytes, body: bytes) -> None:
        if self._redis is None:
            return
        name, kept_ms = self._name(key), max(1, round(self._seconds * 1000))
        try:
            await self._redis.ask(lambda redis: redis.set(name, body, px=kept_ms))
        except RedisAway:
            return

    def _name(self, key: bytes) -> str:
        """The key in Redis. Replicas that keep answers for another time keep their own."""
        return f"{KEY_PREFIX}{self._seconds:g}:{key.hex()}"

    def _count(self, *, hit: bool) -> None:
        self._asked += 1
        weight = 1 / min(self._asked, REMEMBERED)
        self._hit_rate += (100.0 * hit - self._hit_rate) * weight
        labels = (catalogue.OWN_SERVICE, "answers")
        self._metrics.set(catalogue.CACHE_HIT_RATE, labels, self._hit_rate)
