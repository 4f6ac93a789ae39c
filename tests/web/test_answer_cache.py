"""Kept answers: whose they are, for how long, and what is never kept."""

import asyncio
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from exporter.access.principal import Principal, Role
from exporter.engine import STORED
from exporter.errors import Forbidden, Invalid
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics
from exporter.settings import Settings
from exporter.storage.base import StoreUnavailable
from exporter.storage.sqlite import SqliteStore
from exporter.web.answer_cache import (
    KEPT_BYTES,
    KEY_PREFIX,
    LARGEST_BYTES,
    Answer,
    AnswerCache,
    question,
)
from exporter.web.period import PeriodQuery
from exporter.web.reading_ai import AiQuery
from exporter.web.route import Access, Reply, Route
from exporter.web.routes import all_routes

from ..conftest import Caller, Service, Start
from ..outside import Logged, Replica, Time, until
from ..services.gated_store import GatedStore
from ..services.redis import RedisServer
from .reading import YESTERDAY, counts, post

STATS = "/api/ai-tracking/stats"
SECONDS = 3.0


class Asked:
    """A question whose answers say how often it was asked."""

    def __init__(self, size: int = 0) -> None:
        self.times = 0
        self.go = asyncio.Event()
        self.go.set()
        self._size = size

    async def __call__(self) -> bytes:
        self.times += 1
        answer = str(self.times).encode().ljust(self._size)
        await self.go.wait()
        return answer


@pytest.fixture
def cache(time: Time) -> AnswerCache:
    """A cache in memory."""
    return AnswerCache(SECONDS, Metrics(), monotonic=time.monotonic)


@pytest.fixture
def shared(replica: Replica, time: Time) -> Callable[[], AnswerCache]:
    """Makes the caches of replicas with one Redis."""
    return lambda: AnswerCache(SECONDS, Metrics(), replica(), monotonic=time.monotonic)


async def test_an_answer_is_kept_and_says_how_old_it_is(cache: AnswerCache, time: Time) -> None:
    asked = Asked()
    assert await cache.get(b"k", asked) == Answer(b"1", None)
    time.advance(2)
    assert await cache.get(b"k", asked) == Answer(b"1", 2.0)
    assert await cache.get(b"other", asked) == Answer(b"2", None)
    time.advance(1)
    assert await cache.get(b"k", asked) == Answer(b"3", None)


async def test_a_question_is_asked_once_at_a_time(cache: AnswerCache) -> None:
    asked = Asked()
    asked.go.clear()
    callers = [asyncio.create_task(cache.get(b"k", asked)) for _ in range(5)]
    await until(lambda: asked.times == 1)
    asked.go.set()
    assert await asyncio.gather(*callers) == [Answer(b"1", None)] * 5


async def test_with_0_every_caller_asks(time: Time) -> None:
    cache = AnswerCache(0.0, Metrics(), monotonic=time.monotonic)
    asked = Asked()
    answers = await asyncio.gather(*(cache.get(b"k", asked) for _ in range(3)))
    assert [answer.body for answer in answers] == [b"1", b"2", b"3"]


async def test_a_failure_is_told_to_all_who_wait_and_not_kept(cache: AnswerCache) -> None:
    async def fail() -> bytes:
        raise Invalid.field("startDate", "no")

    failures = await asyncio.gather(
        *(cache.get(b"k", fail) for _ in range(3)), return_exceptions=True
    )
    assert [type(failure) for failure in failures] == [Invalid] * 3
    assert await cache.get(b"k", Asked()) == Answer(b"1", None)


async def test_memory_is_bounded_in_bytes(cache: AnswerCache) -> None:
    asked = Asked(LARGEST_BYTES)
    kept = KEPT_BYTES // LARGEST_BYTES
    for number in range(kept + 1):
        await cache.get(str(number).encode(), asked)
    assert asked.times == kept + 1
    await cache.get(str(kept).encode(), asked)
    assert asked.times == kept + 1
    await cache.get(b"0", asked)
    assert asked.times == kept + 2


async def test_an_answer_that_is_too_large_is_not_kept(
    shared: Callable[[], AnswerCache], redis: Redis
) -> None:
    asked = Asked(LARGEST_BYTES + 1)
    cache = shared()
    await cache.get(b"k", asked)
    await cache.get(b"k", asked)
    assert asked.times == 2
    assert await redis.keys() == []


async def test_the_hit_rate_is_that_of_the_last_questions(time: Time) -> None:
    metrics = Metrics()
    cache = AnswerCache(SECONDS, metrics, monotonic=time.monotonic)

    def hit_rate() -> float:
        [family] = [one for one in metrics.collect() if one.name == catalogue.CACHE_HIT_RATE.name]
        [sample] = family.samples
        assert sample.labels == {"service": "exporter", "cache_type": "answers"}
        return sample.value

    for _ in range(4):
        await cache.get(b"k", Asked())
    assert hit_rate() == 75.0
    for _ in range(1000):
        await cache.get(b"k", Asked())
    assert hit_rate() > 99.9


async def test_replicas_share_answers_and_their_age(
    shared: Callable[[], AnswerCache], redis: Redis, time: Time
) -> None:
    one, two = shared(), shared()
    asked = Asked()
    await one.get(b"k", asked)
    [key] = await redis.keys()
    assert key.startswith(KEY_PREFIX.encode())
    await redis.pexpire(key, 2000)  # as if it were a second old
    answer = await two.get(b"k", asked)
    assert answer.body == b"1"
    assert answer.age is not None
    assert 1.0 <= answer.age < 3.0
    await redis.delete(key)
    assert (await two.get(b"k", asked)).body == b"1"  # from memory now, and until it is 3 s old
    time.advance(2)
    assert (await two.get(b"k", asked)).body == b"2"


async def test_redis_forgets_an_answer_by_itself(
    shared: Callable[[], AnswerCache], redis: Redis
) -> None:
    await shared().get(b"k", Asked())
    [key] = await redis.keys()
    assert 0 < await redis.pttl(key) <= SECONDS * 1000


async def test_an_answer_without_an_end_is_not_believed(
    shared: Callable[[], AnswerCache], redis: Redis
) -> None:
    await shared().get(b"k", Asked())
    [key] = await redis.keys()
    await redis.persist(key)
    assert await shared().get(b"k", Asked()) == Answer(b"1", None)
    assert await redis.pttl(key) > 0


async def test_replicas_that_keep_answers_for_another_time_do_not_share(
    shared: Callable[[], AnswerCache], replica: Replica
) -> None:
    asked = Asked()
    await shared().get(b"k", asked)
    await AnswerCache(1.0, Metrics(), replica()).get(b"k", asked)
    assert asked.times == 2


async def test_without_redis_memory_goes_on_and_redis_is_found_back(
    redis_server: RedisServer,
    shared: Callable[[], AnswerCache],
    redis: Redis,
    time: Time,
    logged: Logged,
) -> None:
    cache = shared()
    redis_server.stop()
    assert await cache.get(b"k", Asked()) == Answer(b"1", None)
    assert await cache.get(b"k", Asked()) == Answer(b"1", 0.0)
    redis_server.start()
    time.advance(5)
    await cache.get(b"k", Asked())
    assert len(await redis.keys()) == 1
    assert logged.events() == ["service_away", "service_back"]


QUERY = AiQuery(model="gpt")


def asked(
    *,
    path: str = STATS,
    parameters: dict[str, str] | None = None,
    role: Role = Role.USER,
    name: str = "ada",
    tenant: str = "acme",
    query: Any = QUERY,
) -> bytes:
    """The key of a question."""
    return question(path, parameters or {}, Principal(role, name, tenant), query)


def test_every_part_of_a_question_makes_another_one() -> None:
    questions = [
        asked(),
        asked(path="/api/performance/stats"),
        asked(parameters={"userId": "ada"}),
        asked(parameters={"userId": "bob"}),
        asked(role=Role.ADMIN),
        asked(name="bob"),
        asked(tenant="globex"),
        asked(name="acme", tenant="ada"),
        asked(role=Role.ADMIN, tenant="globex"),
        asked(role=Role.ADMIN, query=AiQuery(model="gpt", user_id="ada")),
        asked(role=Role.ADMIN, query=AiQuery(model="gpt", user_id="bob")),
        asked(query=AiQuery()),
        asked(query=AiQuery(feature="gpt")),
        asked(query=AiQuery(model="gpt", period="7d")),
        asked(query=PeriodQuery()),
    ]
    for one, other in combinations(questions, 2):
        assert one != other


def test_the_admins_of_a_tenant_ask_the_same_question() -> None:
    assert asked(role=Role.ADMIN, name="root") == asked(role=Role.ADMIN, name="other")


def test_a_service_key_asks_nothing() -> None:
    with pytest.raises(Forbidden):
        asked(role=Role.SERVICE)


async def reply(_: Any) -> Reply:
    return Reply(200, {})


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST"},
        {"access": Access.PUBLIC},
        {"access": Access.CALLER},
        {"answers": {200: int, 202: int}},
    ],
)
def test_only_what_readers_ask_for_can_be_cached(fault: dict[str, Any]) -> None:
    declared = {"method": "GET", "path": "/x", "summary": "", "tag": "", "access": Access.READER}
    with pytest.raises(ValueError, match="/x"):
        Route(**{**declared, "handle": reply, "cached": True, **fault})


def test_numbers_are_cached_and_lists_of_events_are_not() -> None:
    cached = {route.path for route in all_routes() if route.cached}
    assert {STATS, "/api/metrics/top-metrics", "/api/performance/admin/stats"} <= cached
    assert not {path for path in cached if path.endswith(("/history", "/journey"))}


@pytest.fixture
async def caching(start: Start) -> Service:
    """A service that keeps answers."""
    return await start(answer_cache_seconds=60.0)


async def total(caller: Caller, query: str = "") -> tuple[int, str | None]:
    """The requests that somebody is told of, and the age of the answer."""
    response = await caller.raw("GET", STATS + query)
    assert response.status == 200
    answer = await response.json()
    return answer["stats"]["totalRequests"], response.headers.get("Age")


def requests(*users: str, tenant: str = "default") -> list[dict[str, Any]]:
    """An ended request of each user."""
    return [
        {
            "requestId": f"{tenant}-{user}-{number}",
            "model": "gpt",
            "userId": user,
            "tenantId": tenant,
            "createdAt": YESTERDAY,
        }
        for number, user in enumerate(users)
    ]


async def test_a_kept_answer_is_given_with_its_age(caching: Service) -> None:
    ada = caching.user()
    assert await total(ada) == (0, None)
    await post(caching, "ai_request", *requests("ada"))
    assert await total(ada) == (0, "0")
    assert await total(ada, "?period=7d") == (1, None)


async def test_the_order_of_parameters_and_their_defaults_do_not_matter(caching: Service) -> None:
    admin = caching.admin()
    top = "/api/metrics/top-metrics"
    for query in ("?metric=features&limit=10", "?limit=10&metric=features", "?metric=features"):
        response = await admin.raw("GET", top + query)
        assert response.status == 200
        assert ("Age" in response.headers) == (query != "?metric=features&limit=10")


async def test_head_is_answered_like_get(caching: Service) -> None:
    ada = caching.user()
    told = await ada.raw("GET", STATS)
    response = await ada.raw("HEAD", STATS)
    assert response.headers["Age"] == "0"
    assert response.headers["Content-Length"] == told.headers["Content-Length"]


async def test_nobody_is_given_the_answer_of_another_scope(caching: Service) -> None:
    await post(caching, "ai_request", *requests("ada", "ada", "bob"))
    await post(caching, "ai_request", *requests("ada", *["cy"] * 4, tenant="globex"))
    for _ in range(2):  # asked, and then from the cache
        assert await counts(caching, f"{STATS}?", "stats", "totalRequests") == {
            "ada": 2,
            "bob": 1,
            "bob asks for ada": 403,
            "admin": 3,
            "admin asks for ada": 2,
            "stranger": 5,
            "stranger asks for ada": 1,
            "service": 403,
        }
    assert await total(caching.user("ada", tenant="globex")) == (1, None)
    assert await total(caching.user("root")) == (0, None)  # of the same name as the admin


async def test_who_may_not_ask_is_refused_whatever_is_kept(caching: Service) -> None:
    path = "/api/metrics/top-metrics?metric=revenue"
    assert (await caching.admin().raw("GET", path)).status == 200
    assert (await caching.user("root").raw("GET", path)).status == 403
    assert (await caching.nobody().raw("GET", path)).status == 401
    assert (await caching.service().raw("GET", path)).status == 403
    assert (await caching.admin().raw("GET", path + "&limit=0")).status == 400
    assert (await caching.admin().raw("GET", path)).headers["Age"] == "0"


async def test_a_kept_answer_counts_against_the_rate(start: Start) -> None:
    service = await start(answer_cache_seconds=60.0, rate_limit_max_requests=2)
    answers = [await service.user().raw("GET", STATS) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[1].headers["Age"] == "0"
    assert answers[1].headers["RateLimit-Remaining"] == "0"


async def test_callers_who_ask_at_once_ask_the_store_once(start: Start, tmp_path: Path) -> None:
    store = Slow(sqlite(tmp_path / "one.sqlite"))
    service = await start(store, answer_cache_seconds=60.0)
    await total(service.admin(), "?period=7d")
    of_one, store.asked = store.asked, 0
    store.go.clear()
    asks = [asyncio.create_task(total(service.admin(f"admin-{n}"))) for n in range(5)]
    await until(lambda: store.asked > 0)
    store.go.set()
    assert [found for found, _ in await asyncio.gather(*asks)] == [0] * 5
    assert store.asked == of_one


async def test_an_answer_is_not_kept_while_the_store_is_away(start: Start, tmp_path: Path) -> None:
    store = GatedStore(sqlite(tmp_path / "one.sqlite"))
    service = await start(store, answer_cache_seconds=60.0)
    store.error = StoreUnavailable("away")
    assert (await service.user().raw("GET", STATS)).status == 503
    store.error = None
    assert await total(service.user()) == (0, None)


class Slow(GatedStore):
    """Answers the questions of callers when it is let go, and counts them."""

    def __init__(self, inner: SqliteStore) -> None:
        super().__init__(inner)
        self.asked = 0
        self.go = asyncio.Event()
        self.go.set()

    async def aggregate(self, query: Any) -> Any:
        if any(part.field == "tenantId" for part in query.where):  # the gauges are over all tenants
            self.asked += 1
            await self.go.wait()
        return await super().aggregate(query)


def sqlite(path: Path) -> SqliteStore:
    """A store that is told apart by its events from another one."""
    return SqliteStore(path, STORED, query_timeout_ms=10_000, observe=lambda *_: None)


async def test_replicas_of_one_store_answer_for_each_other(
    start: Start, redis_server: RedisServer, tmp_path: Path
) -> None:
    options = {"answer_cache_seconds": 60.0, "redis_url": redis_server.url}
    one, two = [
        await start(
            GatedStore(sqlite(tmp_path / name)), **options, data_dir=tmp_path / f"data-{name}"
        )
        for name in ("one", "two")
    ]
    await post(one, "ai_request", *requests("ada"))
    assert await total(one.user()) == (1, None)
    assert await total(two.user()) == (1, "0")
    assert await total(two.user("bob")) == (0, None)
    assert await total(two.admin()) == (0, None)


async def test_services_with_stores_of_their_own_do_not_answer_for_each_other(
    start: Start, redis_server: RedisServer, tmp_path: Path
) -> None:
    options = {"answer_cache_seconds": 60.0, "redis_url": redis_server.url}
    one, two = [await start(**options, data_dir=tmp_path / name) for name in ("one", "two")]
    await post(one, "ai_request", *requests("ada"))
    assert await total(one.user()) == (1, None)
    assert await total(two.user()) == (0, None)


async def test_a_cached_route_has_to_give_what_can_be_encoded(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = Route(
        method="GET",
        path="/reply",
        summary="A reply.",
        tag="Test",
        handle=reply,
        access=Access.READER,
        cached=True,
    )
    monkeypatch.setattr("exporter.app.all_routes", lambda: (declared,))
    service = await start(answer_cache_seconds=60.0)
    assert (await service.user().raw("GET", "/reply")).status == 500


def test_answers_are_kept_for_3_s_unless_set_otherwise() -> None:
    assert Settings().answer_cache_seconds == SECONDS
    assert Settings.from_environment({"ANSWER_CACHE_SECONDS": "0"}).answer_cache_seconds == 0
