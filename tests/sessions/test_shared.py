"""Sessions that replicas follow together: all their events, and each observed once by one of them,
whatever becomes of Redis and of the replicas."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from exporter.metrics.values import Metrics
from exporter.outage import Outage
from exporter.sessions.memory import MemorySessions
from exporter.sessions.shared import SENT, SESSIONS, TIMES, SharedSessions
from exporter.shared_redis import SharedRedis
from tests.outside import Logged, Replica, Time
from tests.recording import NOW, engagement, recorder
from tests.services.redis import RedisServer

from .observing import MINUTE, event, observed, sold

T = TypeVar("T")

OVER = 30.1
"""Minutes after its last event when a session is over for Redis."""


class Watch:
    """The sessions of one replica, and what it observed."""

    def __init__(self, redis: SharedRedis, **options: Any) -> None:
        self.metrics = Metrics()
        self.sessions = SharedSessions(self.metrics, redis, **options)

    def at(self, minutes: float, **values: Any) -> None:
        """An event so many minutes after NOW."""
        self.sessions.listen(event(minutes, **values))

    async def send(self, minutes: float) -> None:
        """What happens every second, so many minutes after NOW."""
        await self.sessions.send(NOW + minutes * MINUTE)

    async def saw(self, minutes: float, **values: Any) -> None:
        """An event, and that it was sent at once."""
        self.at(minutes, **values)
        await self.send(minutes)

    def observed(self, plan: str = "free") -> tuple[float, float]:
        """How many sessions it observed, and their minutes in all."""
        return observed(self.metrics, plan)


Start = Callable[..., Watch]


@pytest.fixture
def start(replica: Replica) -> Start:
    """Starts replicas."""
    return lambda **options: Watch(replica(), **options)


def together(*watches: Watch) -> tuple[float, float]:
    """How many sessions replicas observed, and their minutes, in all."""
    counts, minutes = zip(*(watch.observed() for watch in watches), strict=True)
    return sum(counts), sum(minutes)


async def test_a_session_has_the_events_of_all_replicas(start: Start) -> None:
    one, two = start(), start()
    await one.saw(5)
    await two.saw(0)
    await one.saw(20)
    await two.saw(45)
    await one.send(45 + OVER)
    await two.send(45 + OVER)
    assert (one.observed(), two.observed()) == ((1, 45), (0, 0))


async def test_a_logout_ends_a_session_that_another_replica_saw(start: Start) -> None:
    one, two = start(), start()
    await one.saw(0)
    await two.saw(12, event="logout")
    assert two.observed() == (1, 12)
    await one.send(60)
    await two.send(60)
    assert together(one, two) == (1, 12)


async def test_what_came_after_the_logout_on_another_replica_is_a_new_session(start: Start) -> None:
    one, two = start(), start()
    await one.saw(0)
    await two.saw(4, event="logout")
    one.at(3)
    one.at(5)
    one.at(8)
    await one.send(8)
    await two.send(60)
    assert two.observed() == (2, 7)


async def test_replicas_that_sweep_at_once_observe_each_session_once(start: Start) -> None:
    fleet = [start() for _ in range(4)]
    for number in range(40):
        fleet[number % 4].at(0, session_id=f"s{number}")
        fleet[(number + 1) % 4].at(3, session_id=f"s{number}")
    await asyncio.gather(*(one.send(3) for one in fleet))
    await asyncio.gather(*(one.send(60) for one in fleet))
    assert together(*fleet) == (40, 120)


async def test_sessions_of_two_tenants_are_two(start: Start) -> None:
    one = start()
    one.at(0)
    one.at(9, tenant_id="globex")
    await one.send(9)
    await one.send(60)
    assert one.observed() == (2, 0)


async def test_a_session_counts_under_the_plan_of_its_last_event(start: Start) -> None:
    one, two = start(), start()
    await one.saw(0, user_plan="free")
    await two.saw(6, user_plan="gold ½")
    await one.saw(3, user_plan="pro")
    await one.saw(0, user_plan=None, session_id="s2")
    await one.send(60)
    assert one.observed("gold ½") == (1, 6)
    assert one.observed("") == (1, 0)


async def test_history_is_not_observed(start: Start) -> None:
    one = start()
    await one.send(0)
    for minutes in (-31, -600, -3000):
        one.at(minutes, session_id=f"s{minutes}")
    one.at(-300, event="logout")
    await one.send(0)
    await one.send(60)
    assert one.observed() == (0, 0)


async def test_an_event_of_long_ago_is_not_even_sent(start: Start, redis: Redis) -> None:
    one = start(most_waiting=1)
    await one.send(0)
    one.at(-2 * 24 * 60, session_id="old")
    await one.saw(0)
    assert await redis.zrange(TIMES, 0, -1) == [b"acme\0s1"]


async def test_only_engagement_is_listened_to(start: Start, redis: Redis) -> None:
    one = start()
    one.sessions.listen(sold())
    await one.send(0)
    assert await redis.zcard(TIMES) == 0


async def test_more_events_than_one_call_takes_are_sent_in_several(start: Start) -> None:
    one, two = start(), start()
    for number in range(2 * SENT + 1):
        one.at(0, session_id=f"s{number}")
        one.at(1, session_id=f"s{number}")
    await one.send(1)
    await two.send(60)
    await one.send(60)
    assert together(one, two) == (2 * SENT + 1, 2 * SENT + 1)


async def test_past_the_limit_sessions_are_not_followed_and_the_log_says_so(start: Start) -> None:
    one = start(most_followed=2)
    for session in ("s1", "s2", "s3"):
        one.at(0, session_id=session)
    with capture_logs() as logs:
        await one.send(0)
        await one.send(0)
    assert [(entry["event"], entry["events"]) for entry in logs] == [("sessions_not_followed", 1)]
    await one.send(60)
    assert one.observed() == (2, 0)


async def test_past_the_limit_events_do_not_wait_and_the_log_says_so(start: Start) -> None:
    one = start(most_waiting=2)
    for session in ("s1", "s2", "s3", "s4"):
        one.at(0, session_id=session)
    with capture_logs() as logs:
        await one.send(0)
    assert [(entry["event"], entry["events"]) for entry in logs] == [("sessions_not_followed", 2)]
    await one.send(60)
    assert one.observed() == (2, 0)


async def test_sessions_outlive_the_replicas_that_saw_them(start: Start) -> None:
    before = start()
    await before.saw(0)
    before.at(10)
    await before.sessions.close()
    after = start()
    await after.saw(25)
    await after.send(60)
    assert (before.observed(), after.observed()) == ((0, 0), (1, 25))


async def test_redis_keeps_no_sessions_for_replicas_that_never_come_back(
    start: Start, redis: Redis
) -> None:
    await start().saw(0)
    keys = await redis.keys()
    assert len(keys) == 3
    for key in keys:
        assert 0 < await redis.ttl(key) <= 24 * 60 * 60


async def test_the_background_job_sends_and_sweeps_by_the_clock(start: Start, time: Time) -> None:
    one = start()
    job = one.sessions.sweeper(time.clock)
    one.at(0)
    await job()
    assert one.observed() == (0, 0)
    time.advance(OVER * 60)
    await job()
    assert one.observed() == (1, 0)


async def test_an_empty_redis_learns_from_the_store_what_is_open(
    start: Start, tmp_path: Path
) -> None:
    async with recorder(tmp_path) as record:
        await record(
            engagement(timestamp=NOW - 20 * MINUTE),
            engagement(timestamp=NOW - 10 * MINUTE),
            engagement(session_id="s2", timestamp=NOW - 20 * MINUTE),
            engagement(session_id="s2", timestamp=NOW - 10 * MINUTE, event="logout"),
        )
        fleet = [start() for _ in range(2)]
        for one in fleet:
            await one.sessions.load(record.store, NOW)
        for one in fleet:
            await one.send(0)
        third = start()
        await third.sessions.load(record.store, NOW)
        await third.saw(5)
    for one in (*fleet, third):
        await one.send(60)
    assert together(*fleet, third) == (1, 25)


async def test_what_redis_knows_is_not_asked_of_the_store(start: Start, tmp_path: Path) -> None:
    await start().saw(0)
    one = start()
    async with recorder(tmp_path) as record:
        await record(engagement(session_id="stored", timestamp=NOW))
        await one.sessions.load(record.store, NOW)
    await one.send(60)
    assert one.observed() == (1, 0)


class Forgetful(SharedRedis):
    """Does every command twice: the answer to the first time gets lost on its way."""

    async def ask(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        await super().ask(command)
        return await super().ask(command)


async def test_a_lost_answer_loses_no_session(redis: Redis) -> None:
    one = Watch(Forgetful(redis))
    await one.saw(0)
    await one.saw(4, event="logout")
    await one.saw(5, session_id="s2")
    await one.send(60)
    assert one.observed() == (2, 4)


async def test_without_redis_a_replica_observes_what_it_saw(
    redis_server: RedisServer, start: Start, time: Time, logged: Logged
) -> None:
    one, two = start(), start()
    await one.saw(0)
    await one.saw(10, session_id="s2")
    redis_server.stop()
    await one.saw(6, event="logout")
    await two.saw(6, session_id="s3", event="logout")
    assert (one.observed(), two.observed()) == ((1, 6), (1, 0))
    await one.send(41)
    assert one.observed() == (2, 6)
    assert logged.events() == ["service_away"] * 2
    redis_server.start()
    time.advance(5)
    for watch in (one, two):
        await watch.send(42)
        await watch.send(90)
    assert together(one, two) == (3, 6)
    assert logged.events() == ["service_away"] * 2 + ["service_back"] * 2


async def test_a_redis_that_comes_back_empty_learns_what_is_open(
    redis_server: RedisServer, start: Start, time: Time
) -> None:
    one, two = start(), start()
    await one.saw(0)
    await two.saw(10)
    redis_server.stop()
    await one.saw(15)
    await two.send(15)
    redis_server.start()
    time.advance(5)
    await one.send(16)
    await two.saw(20)
    await one.send(20 + OVER)
    await two.send(20 + OVER)
    assert together(one, two) == (1, 20)


async def test_a_start_without_redis_follows_what_is_open_in_the_store(
    redis_server: RedisServer, start: Start, time: Time, tmp_path: Path
) -> None:
    redis_server.stop()
    one = start()
    async with recorder(tmp_path) as record:
        await record(engagement(timestamp=NOW - 10 * MINUTE))
        await one.sessions.load(record.store, NOW)
    await one.saw(0)
    redis_server.start()
    time.advance(5)
    await one.saw(3)
    two = start()
    await two.saw(5, event="logout")
    assert (one.observed(), two.observed()) == ((0, 0), (1, 15))


class Cut:
    """A replica whose way to Redis a test cuts, while Redis goes on."""

    def __init__(self, redis: Redis, time: Time) -> None:
        self._outage = Outage("redis", monotonic=time.monotonic)
        self._time = time
        self.watch = Watch(SharedRedis(redis, self._outage))

    def cut(self) -> None:
        """Redis cannot be asked."""
        self._outage.failed("cut")

    def mend(self) -> None:
        """Redis is asked again."""
        self._time.advance(5)


async def test_what_was_observed_while_alone_is_not_observed_again(
    redis: Redis, time: Time
) -> None:
    connection = Cut(redis, time)
    one = connection.watch
    await one.saw(0, session_id="idle")
    await one.saw(0, session_id="left")
    await one.saw(20, session_id="open")
    connection.cut()
    await one.saw(10, session_id="left", event="logout")
    await one.saw(35, session_id="open")
    assert one.observed() == (2, 10)
    connection.mend()
    await one.saw(40, session_id="open")
    await one.saw(41, session_id="idle")
    await one.saw(42, session_id="left", event="logout")
    assert one.observed() == (3, 10)  # a logout after 30 minutes is a session of its own
    await one.send(80)
    assert one.observed() == (5, 30)


async def test_any_number_of_sessions_that_ended_while_alone_are_not_observed_again(
    redis: Redis, time: Time
) -> None:
    connection = Cut(redis, time)
    one = connection.watch
    for number in range(2 * SENT + 1):
        one.at(0, session_id=f"s{number}")
    await one.send(0)
    connection.cut()
    await one.send(60)
    connection.mend()
    await one.send(61)
    assert one.observed() == (2 * SENT + 1, 0)
    assert await redis.zcard(TIMES) == 0


async def test_a_replica_that_was_alone_tells_the_others_what_it_saw(
    redis: Redis, time: Time, start: Start
) -> None:
    connection, two = Cut(redis, time), start()
    one = connection.watch
    await one.saw(0)
    connection.cut()
    await one.saw(3)
    await two.saw(5)
    connection.mend()
    await one.send(6)
    await two.saw(10, event="logout")
    assert together(one, two) == (1, 10)
    assert two.observed() == (1, 10)


async def test_a_redis_that_was_emptied_unnoticed_is_told_again(start: Start, redis: Redis) -> None:
    one, two = start(), start()
    await one.saw(0)
    await one.saw(1, session_id="left", event="logout")
    await two.saw(5)
    await redis.flushall()
    await one.saw(7)
    await two.send(7)
    await one.send(8)
    await two.send(8)
    await two.saw(9, event="logout")
    await one.send(60)
    await two.send(60)
    assert together(one, two) == (2, 9)


@pytest.mark.parametrize("key", [SESSIONS, TIMES])
async def test_a_full_redis_that_evicts_half_of_it_is_told_again(
    key: str, start: Start, redis: Redis
) -> None:
    one = start()
    await one.saw(0)
    await one.saw(0, session_id="s2")
    await redis.delete(key)
    await one.saw(7)
    await one.send(8)
    await one.send(60)
    assert one.observed() == (2, 7)
    assert (await redis.hlen(SESSIONS), await redis.zcard(TIMES)) == (1, 0)


async def test_what_is_told_again_of_a_session_that_logged_out_counts_from_the_logout(
    start: Start, redis: Redis
) -> None:
    one, two = start(), start()
    await one.saw(0)
    await two.saw(4, event="logout")
    await one.saw(8)
    await redis.flushall()
    for watch in (two, one) * 2:
        await watch.send(9)
    await one.send(60)
    assert together(one, two) == (2, 8)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["s1", "s2"]),
        st.integers(-40, 120),
        st.sampled_from(["view", "view", "view", "logout"]),
        st.sampled_from(["free", "pro"]),
    ),
    max_size=25,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
async def test_redis_follows_as_memory_does(steps: Any, redis: Redis) -> None:
    await redis.flushall()
    metrics = Metrics()
    memory = MemorySessions(metrics)
    shared = Watch(SharedRedis(redis))
    memory.sweep(NOW)
    for number, (session, minutes, name, plan) in enumerate(steps):
        step = event(minutes, session_id=session, event=name, user_plan=plan)
        memory.listen(step)
        shared.sessions.listen(step)
        if number % 7 == 0:
            await shared.send(0)
    await shared.send(0)
    memory.sweep(NOW + 200 * MINUTE)
    await shared.send(200)
    for plan in ("free", "pro"):
        assert shared.observed(plan) == observed(metrics, plan)
