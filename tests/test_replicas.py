"""Two replicas, each a process of its own, that share what replicas share."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from redis.asyncio import Redis

from .conftest import SECRET
from .services.mongodb import own_database
from .services.redis import RedisServer
from .services.service import KEY, Process, running

REQUESTS = 40
LIMIT = 10
DEADLINE_SECONDS = 30.0
TRACK = "/api/ai-tracking/track"
ENGAGE = "/api/analytics/engagement/track"
STATS = "/api/ai-tracking/stats"
STARTED = 'ai_requests_started_total{model="m",feature="",user_plan=""}'
COMPLETED = 'ai_requests_total{model="m",status="completed",feature="",user_plan=""}'
SESSIONS = 'user_session_duration_seconds_count{user_plan="free"}'
SESSION_SECONDS = 'user_session_duration_seconds_sum{user_plan="free"}'


@contextmanager
def replicas(folder: Path, redis: RedisServer, **environment: str) -> Iterator[list[Process]]:
    """Two running replicas, each with a data folder of its own."""
    environment = {"REDIS_URL": redis.url, "JWT_SECRET": SECRET, **environment}
    with ExitStack() as stack:
        yield [stack.enter_context(running(folder / name, **environment)) for name in "ab"]


def token(**claims: Any) -> dict[str, str]:
    """The header of a caller with that token."""
    claims = {"exp": time.time() + 600, "sub": "ada", **claims}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


async def call(
    replica: Process, method: str, path: str, body: Any = None, headers: Any = None
) -> tuple[int, Any]:
    """The status and the body of a call, by default with the service key."""
    async with (
        aiohttp.ClientSession(headers=headers or {"X-API-Key": KEY}) as session,
        session.request(method, replica.url + path, json=body) as response,
    ):
        return response.status, await response.json()


def total(both: list[Process], series: str) -> float:
    """A counter's value over both replicas."""
    return sum(replica.sample(series) for replica in both)


def offered(both: list[Process], family: str, outcome: str) -> float:
    """How many events of a family had that outcome."""
    return total(both, f'exporter_events_total{{family="{family}",outcome="{outcome}"}}')


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another process is about to do."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not holds():
            await asyncio.sleep(0.05)


async def act(replica: Process, session: str, ago: int, event: str = "view") -> None:
    """An event of a session of Ada's, so many minutes ago."""
    body = {
        "event": event,
        "sessionId": session,
        "userId": "ada",
        "userPlan": "free",
        "timestamp": (datetime.now(UTC) - timedelta(minutes=ago)).isoformat(),
    }
    assert (await call(replica, "POST", ENGAGE, body))[0] == 201


async def until_sent(both: list[Process], redis: Redis) -> None:
    """Wait until Redis has been told what the replicas saw so far."""
    for number, replica in enumerate(both):
        await act(replica, f"mark-{number}", 0)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await redis.hexists("meterhouse:sessions", f"default\0mark-{number}"):
                await asyncio.sleep(0.05)


async def test_what_is_sent_to_both_replicas_at_once_is_stored_and_counted_once(
    tmp_path: Path, redis_server: RedisServer, mongodb_uri: str
) -> None:
    with (
        own_database(mongodb_uri) as uri,
        replicas(tmp_path, redis_server, MONGODB_URI=uri) as both,
    ):
        requests = [{"requestId": f"r{n}", "model": "m", "userId": "ada"} for n in range(REQUESTS)]
        events = [{"event": "view", "sessionId": "s", "eventId": f"e{n}"} for n in range(REQUESTS)]
        answers = await asyncio.gather(
            *(call(one, "POST", TRACK, body) for body in requests for one in both),
            *(call(one, "POST", ENGAGE, body) for body in events for one in both),
        )
        statuses = sorted(status for status, _ in answers)
        assert statuses == [200] * REQUESTS + [201] * 2 * REQUESTS + [409] * REQUESTS
        for family in ("ai_request", "engagement"):
            assert offered(both, family, "stored") == REQUESTS
            assert offered(both, family, "duplicate") == REQUESTS
        assert total(both, STARTED) == REQUESTS
        for one in both:
            _, found = await call(one, "GET", STATS, headers=token(role="admin"))
            assert found["stats"]["totalRequests"] == REQUESTS


async def test_what_was_tracked_on_one_replica_is_updated_on_the_other(
    tmp_path: Path, redis_server: RedisServer, mongodb_uri: str
) -> None:
    with (
        own_database(mongodb_uri) as uri,
        replicas(tmp_path, redis_server, MONGODB_URI=uri) as both,
    ):
        one, two = both
        body = {"requestId": "r1", "model": "m", "userId": "ada"}
        assert (await call(one, "POST", TRACK, body))[0] == 201
        update = "/api/ai-tracking/update/r1"
        ends = await asyncio.gather(
            *(call(replica, "PUT", update, {"status": "completed"}) for replica in (one, two, two))
        )
        assert [status for status, _ in ends] == [200] * 3
        assert (await call(one, "PUT", update, {"status": "failed"}))[0] == 409
        assert (total(both, STARTED), total(both, COMPLETED)) == (1, 1)
        _, found = await call(two, "GET", STATS, headers=token())
        assert found["stats"]["successCount"] == 1


async def test_an_answer_of_one_replica_is_given_by_the_other(
    tmp_path: Path, redis_server: RedisServer, mongodb_uri: str
) -> None:
    with (
        own_database(mongodb_uri) as uri,
        replicas(tmp_path, redis_server, MONGODB_URI=uri, ANSWER_CACHE_SECONDS="300") as both,
    ):
        one, two = both
        await call(one, "GET", STATS, headers=token())
        body = {"requestId": "r1", "model": "m", "userId": "ada"}
        assert (await call(two, "POST", TRACK, body))[0] == 201
        totals = [
            (await call(two, "GET", STATS + query, headers=who))[1]["stats"]["totalRequests"]
            for query, who in (
                ("", token()),
                ("?period=1h", token()),
                ("", token(sub="bob")),
                ("", token(role="admin")),
            )
        ]
        assert totals == [0, 1, 0, 1]


async def limited(both: list[Process]) -> list[int]:
    """The statuses of twice as many calls as the limit allows, to one replica and the other."""
    headers = token()
    return [(await call(both[n % 2], "GET", STATS, headers=headers))[0] for n in range(2 * LIMIT)]


async def test_the_rate_limit_holds_across_replicas(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    limit = {"RATE_LIMIT_MAX_REQUESTS": str(LIMIT), "RATE_LIMIT_WINDOW_MS": "86400000"}
    with replicas(tmp_path, redis_server, **limit) as both:
        assert await limited(both) == [200] * LIMIT + [429] * LIMIT


async def test_a_session_on_both_replicas_is_observed_once(
    tmp_path: Path, redis_server: RedisServer, redis: Redis
) -> None:
    with replicas(tmp_path, redis_server) as both:
        one, two = both
        await act(one, "s1", 25)
        await act(two, "s1", 5)
        await act(one, "s1", 10)
        await until_sent(both, redis)
        await act(two, "s1", 0, "logout")
        await until(lambda: total(both, SESSIONS) == 1)
        one.terminate()
        await act(two, "s2", 0, "logout")
        await until(lambda: two.sample(SESSIONS) == 2)
        assert 25 * 60 <= two.sample(SESSION_SECONDS) < 26 * 60


def said(replica: Process, event: str) -> int:
    """How often a replica logged that."""
    return replica.log.read_text().count(event)


async def test_replicas_go_on_without_redis_and_find_it_back(
    tmp_path: Path, redis_server: RedisServer, redis: Redis
) -> None:
    with replicas(tmp_path, redis_server) as both:
        one, two = both
        await act(one, "before", 20)
        await until_sent(both, redis)
        redis_server.stop()
        await until(lambda: all(said(replica, "service_away") for replica in both))
        for replica in both:
            await act(replica, "alone", 3)
            assert (await call(replica, "GET", STATS, headers=token()))[0] == 200
        await act(one, "alone", 0, "logout")
        await until(lambda: one.sample(SESSIONS) == 1)  # what this one saw of it
        await act(two, "before", 10)
        redis_server.start()
        await until(lambda: all(said(replica, "service_back") for replica in both))
        await until_sent(both, redis)
        await act(two, "before", 0, "logout")
        await until(lambda: two.sample(SESSIONS) == 1)
        assert 20 * 60 <= two.sample(SESSION_SECONDS) < 21 * 60
        assert one.sample(SESSIONS) == 1
        for replica in both:
            assert (said(replica, "service_away"), said(replica, "service_back")) == (1, 1)
