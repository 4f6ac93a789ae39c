import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from exporter.shared_redis import CONNECTIONS, RedisAway, SharedRedis, connect

from .outside import Logged, Replica, Time
from .services.redis import RedisServer


async def test_more_callers_than_connections_wait_for_their_turn(redis: Redis) -> None:
    counts = await asyncio.gather(*(redis.incr("calls") for _ in range(4 * CONNECTIONS)))
    assert sorted(counts) == list(range(1, 4 * CONNECTIONS + 1))


async def test_a_connection_that_died_unnoticed_fails_no_call(
    redis_server: RedisServer, redis: Redis
) -> None:
    await redis.ping()
    redis_server.stop()
    redis_server.start()
    assert await redis.ping()


async def test_a_redis_that_is_not_there_fails_the_call() -> None:
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(RedisConnectionError):
        await client.ping()
    await client.aclose()


async def test_a_redis_that_does_not_answer_fails_the_call() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    client = connect(address, wait_seconds=0.05)
    with pytest.raises(RedisTimeoutError):
        await client.ping()
    await client.aclose()
    server.close()
    await server.wait_closed()


async def test_an_outage_is_found_out_and_logged_once_for_all_who_ask(
    redis_server: RedisServer, replica: Replica, time: Time, logged: Logged
) -> None:
    shared = replica()
    assert await shared.ask(lambda redis: redis.incr("calls")) == 1
    redis_server.stop()
    for _ in range(3):
        with pytest.raises(RedisAway):
            await shared.ask(lambda redis: redis.incr("calls"))
    redis_server.start()
    with pytest.raises(RedisAway):  # it is not tried again before the pause is over
        await shared.ask(lambda redis: redis.incr("calls"))
    time.advance(5)
    assert await shared.ask(lambda redis: redis.incr("calls")) == 1
    assert logged.events() == ["service_away", "service_back"]
    assert logged.entries[0]["service"] == "redis"


async def test_a_command_that_redis_refuses_is_an_outage(redis: Redis, replica: Replica) -> None:
    await redis.set("text", "abc")
    with pytest.raises(RedisAway):
        await replica().ask(lambda client: client.incr("text"))


async def test_what_is_not_of_redis_is_not_an_outage(replica: Replica) -> None:
    async def broken(_: Redis) -> int:
        raise ValueError("ours")

    shared = replica()
    with pytest.raises(ValueError, match="ours"):
        await shared.ask(broken)
    assert await shared.ask(lambda redis: redis.incr("calls")) == 1


async def test_a_closed_client_lets_go_of_its_connections(redis_server: RedisServer) -> None:
    shared = SharedRedis(connect(redis_server.url))
    assert await shared.ask(lambda redis: redis.client_id())
    await shared.close()
    other = connect(redis_server.url)
    assert len(await other.client_list()) == 1
    await other.aclose()
