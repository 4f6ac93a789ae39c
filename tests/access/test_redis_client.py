import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from exporter.access.redis_client import CONNECTIONS, connect
from tests.services.redis import RedisServer


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
