import pytest
from redis.asyncio import Redis

from exporter.access.counters import MemoryCounter, RedisCounter
from tests.services.redis import RedisServer

from ..outside import Logged, Replica, Time

WINDOW_MS = 1000


def test_callers_are_counted_apart_and_by_window() -> None:
    counter = MemoryCounter()
    counts = [
        counter.add(caller, window, (window + 1) * WINDOW_MS, window * WINDOW_MS)
        for caller, window in [("a", 0), ("a", 0), ("b", 0), ("a", 1), ("a", 1), ("b", 1)]
    ]
    assert counts == [1, 2, 1, 1, 2, 1]


def test_windows_that_are_over_are_dropped() -> None:
    counter = MemoryCounter()
    for number in range(100):
        counter.add(f"old-{number}", 0, WINDOW_MS, 0)
    for number in range(100):
        counter.add(f"new-{number}", 1, 2 * WINDOW_MS, WINDOW_MS)
    assert len(counter) == 100
    assert counter.add("new-0", 1, 2 * WINDOW_MS, WINDOW_MS) == 2


def test_any_number_of_callers_stays_within_bounds() -> None:
    counter = MemoryCounter(callers=100)
    for number in range(10_000):
        counter.add(f"caller-{number}", 0, WINDOW_MS, 0)
    assert len(counter) == 100
    assert counter.add("caller-9999", 0, WINDOW_MS, 0) == 2
    assert counter.add("caller-0", 0, WINDOW_MS, 0) == 1


def test_a_caller_in_a_new_window_is_not_the_oldest_any_more() -> None:
    counter = MemoryCounter(callers=2)
    counter.add("a", 0, WINDOW_MS, 0)
    counter.add("b", 0, 2 * WINDOW_MS, 0)
    counter.add("a", 1, 2 * WINDOW_MS, WINDOW_MS)
    counter.add("c", 1, 2 * WINDOW_MS, WINDOW_MS)
    assert counter.add("a", 1, 2 * WINDOW_MS, WINDOW_MS) == 2


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
