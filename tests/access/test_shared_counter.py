"""Calls that replicas count together."""

import asyncio

import pytest
from redis.asyncio import Redis

from exporter.access.shared_counter import RedisCounter
from tests.services.redis import RedisServer

from ..outside import Logged, Replica, Time


async def test_replicas_count_together_in_redis(replica: Replica) -> None:
    one, two = (RedisCounter(replica()) for _ in range(2))
    assert [
        await one.add("a", 7, 60),
        await two.add("a", 7, 60),
        await two.add("a", 8, 60),
        await one.add("b", 7, 60),
    ] == [1, 2, 1, 1]


async def test_redis_forgets_a_window_by_itself(redis: Redis, replica: Replica) -> None:
    await RedisCounter(replica()).add("address:192.0.2.7", 7, 60)
    (key,) = await redis.keys()
    assert b"192.0.2.7:7" in key
    assert 0 < await redis.ttl(key) <= 60


@pytest.mark.parametrize("restarts", [1, 2])
async def test_redis_is_found_back_after_a_restart(
    restarts: int, redis_server: RedisServer, replica: Replica, time: Time, logged: Logged
) -> None:
    counter = RedisCounter(replica())
    for _ in range(restarts):
        assert await counter.add("a", 7, 60) == 1
        redis_server.stop()
        assert await counter.add("a", 7, 60) is None
        assert await counter.add("a", 7, 60) is None
        redis_server.start()
        time.advance(5)
    assert await counter.add("a", 7, 60) == 1
    assert logged.events() == ["service_away", "service_back"] * restarts


async def test_calls_at_once_are_counted_one_by_one_in_few_questions(
    redis: Redis, replica: Replica
) -> None:
    one, two = (RedisCounter(replica()) for _ in range(2))
    counts = await asyncio.gather(*(each.add("a", 7, 60) for each in [one, two] * 50))
    assert sorted(counts) == [*range(1, 101)]
    assert counts[::2] == sorted(counts[::2])
    stats = await redis.info("commandstats")
    assert 2 <= stats["cmdstat_incrby"]["calls"] <= 4


async def test_a_call_that_goes_away_was_made(replica: Replica) -> None:
    counter = RedisCounter(replica())
    calls = [asyncio.create_task(counter.add("a", 7, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    calls[1].cancel()
    assert [await calls[0], await calls[2]] == [1, 3]
    assert await counter.add("a", 7, 60) == 4


async def test_what_goes_wrong_is_told_to_everyone_who_waits(replica: Replica) -> None:
    counter = RedisCounter(replica())
    unspeakable = "\ud800"
    calls = [asyncio.create_task(counter.add(unspeakable, 7, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    calls[2].cancel()
    said = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(one) for one in said] == [*[UnicodeEncodeError] * 2, asyncio.CancelledError]
    with pytest.raises(UnicodeEncodeError):
        await counter.add(unspeakable, 7, 60)
    assert await counter.add("a", 7, 60) == 1
