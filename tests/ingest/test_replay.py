"""The database goes away and comes back: nothing acknowledged is lost, nothing is counted twice."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.metrics import catalogue
from exporter.records import AI_REQUEST, CREDIT, FAMILIES, SALE
from exporter.storage.base import StoreUnavailable
from exporter.storage.spool import Spool
from exporter.storage.sqlite import SqliteStore

from ..conftest import Service, Start
from ..services.gated_store import GatedStore
from ..web.test_batch import ALL, BATCH
from ..web.test_tracking import AI, BODIES, CREDITS, FEEDBACK, RESELL, SELL, UPDATE

AWAY = StoreUnavailable("the database is away")


@pytest.fixture
async def store(tmp_path: Path) -> GatedStore:
    return GatedStore(
        SqliteStore(
            tmp_path / "database.sqlite",
            FAMILIES,
            query_timeout_ms=10_000,
            observe=lambda operation, seconds: None,
        )
    )


Restart = Callable[..., Awaitable[Service]]


@pytest.fixture
def restart(start: Start, store: GatedStore) -> Restart:
    """Starts the service on the same folder again, after the one that ran before has ended."""
    running: list[Service] = []

    async def begin(**settings: Any) -> Service:
        if running:
            await running[-1].client.close()
        running.append(await start(store, **settings))
        return running[-1]

    return begin


async def back(service: Service, store: GatedStore) -> None:
    """Let the database come back, and return when nothing waits for it."""
    store.error = None
    store.lose_answers = False
    async with asyncio.timeout(20):
        while service.metrics.value(catalogue.SPOOL_EVENTS, ()):
            await asyncio.sleep(0)


def counted(service: Service, family: str, outcome: str) -> float:
    return service.metrics.value(catalogue.EVENTS, (family, outcome)) or 0


async def test_events_wait_in_the_spool_and_are_stored_when_the_database_is_back(
    restart: Restart, store: GatedStore
) -> None:
    service = await restart()
    store.error = AWAY
    user = service.user()
    assert await user("POST", CREDITS, {**BODIES[CREDITS], "usageId": "u1"}) == (
        202,
        {"spooled": True},
    )
    status, answer = await service.service()("POST", BATCH, {"events": ALL})
    assert (status, answer["accepted"], answer["spooled"]) == (202, 5, True)
    assert (service.metrics.value(catalogue.SPOOL_EVENTS, ()) or 0) >= 6  # a sample may wait too
    assert service.metrics.value(catalogue.SPOOL_BYTES, ())
    assert service.metrics.value(catalogue.SPOOL_LIMIT, ()) == service.settings.spool_max_bytes
    assert counted(service, "credit", "spooled") == 2
    assert counted(service, "credit", "stored") == 0
    assert service.metrics.value(catalogue.CREDITS_USED, ("summary",)) is None
    await back(service, store)
    assert counted(service, "credit", "stored") == 2
    assert service.metrics.value(catalogue.CREDITS_USED, ("summary",)) == 6
    kept = await store.get(CREDIT, "default", "u1")
    assert kept is not None
    assert kept.user_id == "ada"
    assert (await user("POST", CREDITS, {**BODIES[CREDITS], "usageId": "u1"}))[0] == 200


async def test_changes_wait_behind_the_events_that_they_change(
    restart: Restart, store: GatedStore
) -> None:
    service = await restart()
    user = service.user()
    await user("POST", AI, {**BODIES[AI], "requestId": "before"})
    store.error = AWAY
    await user("POST", AI, BODIES[AI])
    await user("POST", SELL, {**BODIES[SELL], "status": "pending"})
    for method, path, body in (
        ("PUT", UPDATE + "before", {"status": "failed"}),
        ("PUT", UPDATE + "r1", {"status": "processing"}),
        ("PUT", UPDATE + "r1", {"status": "completed", "tokens": {"input": 5}}),
        ("PUT", UPDATE + "r1", {"status": "completed"}),
        ("POST", FEEDBACK + "r1", {"rating": 4}),
        ("PUT", RESELL + "t1", {"status": "completed"}),
        ("PUT", RESELL + "t1", {"status": "refunded", "refund": {"amount": 1.5}}),
    ):
        assert await user(method, path, body) == (202, {"spooled": True})
    await back(service, store)
    value = service.metrics.value
    assert value(catalogue.AI_REQUESTS, ("gpt-4o", "completed", "", "free")) == 1
    assert value(catalogue.AI_REQUESTS, ("gpt-4o", "failed", "", "free")) == 1
    assert value(catalogue.AI_REQUEST_TOKENS, ("gpt-4o", "input", "free")) == 5
    assert value(catalogue.AI_REQUEST_RATING, ("gpt-4o", "")) == 1
    assert value(catalogue.SALES_REVENUE, ("purchase", "", "USD")) == 10.5
    assert value(catalogue.SALES_REFUNDS, ("", "USD")) == 1.5
    kept = await store.get(SALE, "default", "t1")
    assert kept is not None
    assert kept.status == "refunded"


async def sampled(service: Service) -> None:
    """Return when the machine's first sample, which every service takes, is stored."""
    async with asyncio.timeout(10):
        while not counted(service, "system_sample", "stored"):
            await asyncio.sleep(0)


async def lose_answer(
    service: Service, store: GatedStore, method: str, path: str, body: dict[str, Any]
) -> None:
    """Make a call during which the database goes away after it has written."""
    await sampled(service)  # or the sample would be what is waited for below
    store.lose_answers, store.error = True, None
    store.gate.clear()
    call = asyncio.create_task(service.user()(method, path, body))
    async with asyncio.timeout(10):
        while not service.writer.waiting:
            await asyncio.sleep(0)
    store.error = AWAY
    store.gate.set()
    assert await call == (202, {"spooled": True})


async def test_a_write_whose_answer_was_lost_counts_once(
    restart: Restart, store: GatedStore
) -> None:
    service = await restart()
    await lose_answer(service, store, "POST", AI, BODIES[AI])
    await back(service, store)
    await lose_answer(service, store, "PUT", UPDATE + "r1", {"status": "failed"})
    await back(service, store)
    labels = ("gpt-4o", "failed", "", "free")
    assert service.metrics.value(catalogue.AI_REQUESTS, labels) == 1
    assert counted(service, "ai_request", "stored") == 1
    assert counted(service, "ai_request", "duplicate") == 0


async def test_a_replayed_change_whose_answer_was_lost_counts_once(
    restart: Restart, store: GatedStore
) -> None:
    service = await restart()
    await service.user()("POST", AI, BODIES[AI])
    store.error = AWAY
    await service.user()("PUT", UPDATE + "r1", {"status": "failed"})
    store.gate.clear()
    store.lose_answers, store.error = True, None
    async with asyncio.timeout(10):
        while not await store.get(AI_REQUEST, "default", "r1"):
            await asyncio.sleep(0)
    writes = len(store.writes)
    store.gate.set()
    async with asyncio.timeout(10):
        while len(store.writes) == writes:
            store.error = None
            await asyncio.sleep(0)
    store.error = AWAY
    await back(service, store)
    labels = ("gpt-4o", "failed", "", "free")
    assert service.metrics.value(catalogue.AI_REQUESTS, labels) == 1


async def test_what_another_life_has_stored_is_not_counted_again(
    restart: Restart, store: GatedStore
) -> None:
    service = await restart()
    await lose_answer(service, store, "POST", AI, {**BODIES[AI], "status": "completed"})
    service = await restart()
    assert counted(service, "ai_request", "stored") == 0
    await back(service, store)
    assert counted(service, "ai_request", "stored") == 0
    assert counted(service, "ai_request", "duplicate") == 1
    assert await store.get(AI_REQUEST, "default", "r1") is not None


async def test_what_waits_outlives_the_process(restart: Restart, store: GatedStore) -> None:
    service = await restart()
    store.error = AWAY
    user = service.user()
    await user("POST", AI, BODIES[AI])
    await user("PUT", UPDATE + "r1", {"status": "completed"})
    service = await restart()
    assert (service.metrics.value(catalogue.SPOOL_EVENTS, ()) or 0) >= 2
    await back(service, store)
    labels = ("gpt-4o", "completed", "", "free")
    assert service.metrics.value(catalogue.AI_REQUESTS, labels) == 1
    kept = await store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert kept.status == "completed"


async def test_a_full_spool_is_unavailable_and_says_so(restart: Restart, store: GatedStore) -> None:
    service = await restart(spool_max_bytes=2000)
    nobody, user = service.nobody(), service.user()
    store.error = AWAY
    assert (await nobody("GET", "/-/ready"))[0] == 200
    statuses = [(await user("POST", CREDITS, BODIES[CREDITS]))[0] for _ in range(20)]
    assert set(statuses) == {202, 503}
    assert statuses == sorted(statuses)
    response = await user.raw("POST", CREDITS, json=BODIES[CREDITS])
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert (await user("PUT", UPDATE + "r1", {"status": "failed"}))[0] in {202, 503}
    assert counted(service, "credit", "failed") == statuses.count(503) + 1
    status, health = await nobody("GET", "/health")
    assert (status, health["status"]) in {(200, "degraded"), (503, "unhealthy")}
    assert health["dependencies"][0]["message"] == "the database is away"
    await back(service, store)
    assert counted(service, "credit", "stored") == statuses.count(202)
    assert (await nobody("GET", "/health"))[0] == 200


async def test_reads_are_unavailable_while_the_database_is_away(
    restart: Restart, store: GatedStore
) -> None:
    service = await restart()
    store.error = AWAY
    response = await service.user().raw("GET", "/api/ai-tracking/stats")
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    status, health = await service.nobody()("GET", "/health")
    assert (status, health["status"]) == (200, "degraded")


async def test_the_service_starts_without_its_database(restart: Restart, store: GatedStore) -> None:
    store.error = AWAY
    service = await restart()
    assert (await service.user()("POST", AI, BODIES[AI]))[0] == 202
    await back(service, store)
    assert counted(service, "ai_request", "stored") == 1


async def test_a_change_that_cannot_be_done_is_set_aside_with_its_reason(
    restart: Restart, store: GatedStore, settings: Any
) -> None:
    service = await restart()
    user = service.user()
    await user("POST", AI, {**BODIES[AI], "status": "completed"})
    store.error = AWAY
    await user("PUT", UPDATE + "r1", {"status": "failed"})
    await user("PUT", UPDATE + "nobody's", {"status": "failed"})
    await user("POST", CREDITS, BODIES[CREDITS])
    await back(service, store)
    value = service.metrics.value
    assert value(catalogue.DEAD_LETTERS, ("conflict",)) == 1
    assert value(catalogue.DEAD_LETTERS, ("not_found",)) == 1
    assert value(catalogue.DEAD_LETTERS_WAITING, ()) == 2
    assert counted(service, "credit", "stored") == 1
    await service.client.close()
    spool = Spool(settings.data_dir / "spool.sqlite", 10**6)
    await spool.open()
    dead = await spool.dead(10)
    assert [entry.reason for entry in dead] == ["conflict", "not_found"]
    assert await spool.drop([dead[0].seq]) == 1
    assert await spool.retry([dead[1].seq, 999]) == 1
    assert (await spool.count()).waiting == 1
    await spool.close()


async def test_an_entry_that_cannot_be_read_is_set_aside(
    restart: Restart, store: GatedStore, settings: Any
) -> None:
    spool = Spool(settings.data_dir / "spool.sqlite", 10**6)
    await spool.open()
    await spool.append([b"nonsense", b"", b"\x81\xa4type\xa5event"])
    await spool.close()
    service = await restart()
    await sampled(service)
    await back(service, store)
    assert service.metrics.value(catalogue.DEAD_LETTERS, ("unreadable",)) == 3
    assert (await service.user()("POST", AI, BODIES[AI]))[0] == 201
