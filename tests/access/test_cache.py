from datetime import timedelta

import pytest
from redis.asyncio import Redis

from exporter.access.cache import (
    KEPT_SECONDS,
    KEY_PREFIX,
    Confirmation,
    ConfirmationCache,
    MemoryCache,
    RedisCache,
)
from exporter.access.claims import Confirmed
from exporter.access.digest import digest
from exporter.shared_redis import SharedRedis, connect
from tests.services.redis import RedisServer

from ..outside import START, Logged, Replica, Time

TOKEN = "header.payload.signature"
ADA = Confirmation(Confirmed(id="ada", role="admin"), START)
BOB = Confirmation(Confirmed(id=42, plan="pro"), START + timedelta(seconds=1))


async def check_that_it_keeps(cache: ConfirmationCache) -> None:
    """What every cache does."""
    one, two = digest("one"), digest("two")
    assert await cache.get(one) is None
    await cache.put(one, ADA)
    await cache.put(two, BOB)
    assert [await cache.get(one), await cache.get(two)] == [ADA, BOB]
    await cache.put(one, BOB)
    assert await cache.get(one) == BOB
    await cache.forget(one)
    await cache.forget(one)
    assert [await cache.get(one), await cache.get(two)] == [None, BOB]


async def test_memory_keeps_what_it_is_given() -> None:
    await check_that_it_keeps(MemoryCache())


async def test_redis_keeps_what_it_is_given(replica: Replica) -> None:
    await check_that_it_keeps(RedisCache(replica()))


async def test_memory_is_bounded_and_drops_what_was_longest_unused() -> None:
    cache = MemoryCache(2)
    for name in ("one", "two"):
        await cache.put(digest(name), ADA)
    await cache.get(digest("one"))
    await cache.put(digest("three"), ADA)
    assert await cache.get(digest("one")) == ADA
    assert await cache.get(digest("two")) is None


async def test_replicas_share_what_redis_keeps(replica: Replica) -> None:
    await RedisCache(replica()).put(digest(TOKEN), ADA)
    other = RedisCache(replica())
    assert await other.get(digest(TOKEN)) == ADA
    await other.forget(digest(TOKEN))
    assert await RedisCache(replica()).get(digest(TOKEN)) is None


async def test_redis_holds_no_token_and_forgets_by_itself(redis: Redis, replica: Replica) -> None:
    await RedisCache(replica()).put(digest(TOKEN), ADA)
    key = KEY_PREFIX + digest(TOKEN).hex()
    assert await redis.keys() == [key.encode()]
    assert 0 < await redis.ttl(key) <= KEPT_SECONDS
    assert TOKEN.encode() not in await redis.get(key)


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"nonsense", b"{}", b"\xff"),
        b'{"said":{"role":"root"},"at":"2026-03-15T12:00:00Z"}',
        b'{"said":{},"at":"2026-03-15T12:00:00"}',
        b'{"said":{"id":"\xff"},"at":"2026-03-15T12:00:00Z"}',
    ],
)
async def test_what_makes_no_sense_in_redis_is_nothing(
    value: bytes, redis: Redis, replica: Replica
) -> None:
    await redis.set(KEY_PREFIX + digest(TOKEN).hex(), value)
    assert await RedisCache(replica()).get(digest(TOKEN)) is None


async def test_the_password_of_redis_is_not_logged(logged: Logged) -> None:
    client = connect("redis://somebody:hunter2-of-redis@127.0.0.1:1/0")
    cache = RedisCache(SharedRedis(client))
    await cache.put(digest(TOKEN), ADA)
    assert await cache.get(digest(TOKEN)) == ADA
    await client.aclose()
    assert logged.events() == ["service_away"]
    assert "hunter2" not in logged.text()


async def test_without_redis_memory_goes_on_and_redis_is_found_back(
    redis_server: RedisServer, redis: Redis, replica: Replica, time: Time, logged: Logged
) -> None:
    cache = RedisCache(replica())
    await cache.put(digest("before"), ADA)
    redis_server.stop()
    await cache.put(digest("during"), BOB)
    assert await cache.get(digest("before")) == ADA
    assert await cache.get(digest("during")) == BOB
    await cache.forget(digest("before"))
    assert await cache.get(digest("before")) is None
    redis_server.start()
    time.advance(5)
    await cache.put(digest("after"), ADA)
    assert await redis.keys() == [(KEY_PREFIX + digest("after").hex()).encode()]
    assert logged.events() == ["service_away", "service_back"]
