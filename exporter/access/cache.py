"""Where the auth service's confirmations are kept: memory, or the Redis that replicas share.

Redis drops an entry after `KEPT_SECONDS`, memory the one that was longest unused; how old an entry
may be, and for what, the reader decides. Entries go by the digest of their token, and hold nothing
that could be used in its place.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import msgspec
from cachetools import LRUCache

from ..fields import Moment
from ..outage import RedisAway
from .claims import Confirmed

if TYPE_CHECKING:
    from ..shared_redis import SharedRedis

KEPT_SECONDS = 900
ENTRIES = 20_000
KEY_PREFIX = "meterhouse:confirmed:"


class Confirmation(msgspec.Struct, frozen=True):
    """What the auth service said of a token, and when."""

    said: Confirmed
    at: Moment


class ConfirmationCache(Protocol):
    """Confirmations by the digest of their token. No method fails for want of a server."""

    async def get(self, digest: bytes) -> Confirmation | None:
        """The confirmation kept for a token, if any."""

    async def put(self, digest: bytes, confirmation: Confirmation) -> None:
        """Keep a confirmation in the place of an earlier one."""

    async def forget(self, digest: bytes) -> None:
        """Keep none any more."""


class MemoryCache:
    """The last `ENTRIES` confirmations that were used, in this process."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._kept: LRUCache[bytes, Confirmation] = LRUCache(entries)

    async def get(self, digest: bytes) -> Confirmation | None:
        """See ConfirmationCache."""
        return self._kept.get(digest)

    async def put(self, digest: bytes, confirmation: Confirmation) -> None:
        """See ConfirmationCache."""
        self._kept[digest] = confirmation

    async def forget(self, digest: bytes) -> None:
        """See ConfirmationCache."""
        self._kept.pop(digest, None)


class RedisCache:
    """Confirmations in Redis, and in memory as well for when Redis is away."""

    def __init__(self, redis: "SharedRedis") -> None:
        self._redis = redis
        self._memory = MemoryCache()
        self._decoder = msgspec.json.Decoder(Confirmation)

    async def get(self, digest: bytes) -> Confirmation | None:
        """See ConfirmationCache. What another process wrote there is checked like any input."""
        try:
            value = await self._redis.ask(lambda redis: redis.get(_key(digest)))
            return None if value is None else self._decoder.decode(value)
        except RedisAway:
            return await self._memory.get(digest)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    async def put(self, digest: bytes, confirmation: Confirmation) -> None:
        """See ConfirmationCache."""
        await self._memory.put(digest, confirmation)
        value = msgspec.json.encode(confirmation)
        with suppress(RedisAway):
            await self._redis.ask(lambda redis: redis.set(_key(digest), value, ex=KEPT_SECONDS))

    async def forget(self, digest: bytes) -> None:
        """See ConfirmationCache."""
        await self._memory.forget(digest)
        with suppress(RedisAway):
            await self._redis.ask(lambda redis: redis.delete(_key(digest)))


def _key(digest: bytes) -> str:
    return KEY_PREFIX + digest.hex()
