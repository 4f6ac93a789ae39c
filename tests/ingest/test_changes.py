"""Changes of one record by many at once: each is done once, or said to be impossible."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from exporter.metrics import catalogue
from exporter.records import AI_REQUEST, FAMILIES
from exporter.storage.base import Outcome
from exporter.storage.sqlite import SqliteStore

from ..conftest import Service, Start
from ..services.gated_store import GatedStore
from ..web.test_batch import BATCH
from ..web.test_tracking import AI, BODIES, CREDITS, FEEDBACK, UPDATE


@pytest.fixture
def store(tmp_path: Path) -> GatedStore:
    inner = SqliteStore(
        tmp_path / "database.sqlite",
        FAMILIES,
        query_timeout_ms=10_000,
        observe=lambda operation, seconds: None,
    )
    return GatedStore(inner)


async def test_of_many_endings_at_once_one_wins_and_counts(service: Service) -> None:
    user = service.user()
    await user("POST", AI, BODIES[AI])
    endings = ["completed", "failed", "cancelled"] * 4
    answers = await asyncio.gather(
        *(user("PUT", UPDATE + "r1", {"status": status}) for status in endings)
    )
    statuses = Counter(status for status, _ in answers)
    assert statuses == {200: 4, 409: 8}
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    counts = {
        status: service.metrics.value(catalogue.AI_REQUESTS, ("gpt-4o", status, "", "free"))
        for status in set(endings)
    }
    assert counts == {status: 1 if status == kept.status else None for status in counts}


async def test_many_ratings_at_once_all_arrive(service: Service) -> None:
    user = service.user()
    await user("POST", AI, BODIES[AI])
    answers = await asyncio.gather(
        *(user("POST", FEEDBACK + "r1", {"rating": n % 5 + 1}) for n in range(10))
    )
    assert {status for status, _ in answers} == {200}
    kept = await service.store.get(AI_REQUEST, "default", "r1")
    assert kept is not None
    assert kept.revision == 10
    assert service.metrics.value(catalogue.AI_REQUEST_RATING, ("gpt-4o", "")) == 1


@pytest.mark.parametrize("says", [Outcome.STALE, Outcome.FAILED])
async def test_a_change_that_the_store_never_takes_is_unavailable(
    start: Start, store: GatedStore, says: Outcome
) -> None:
    service = await start(store)
    user = service.user()
    await user("POST", AI, BODIES[AI])
    store.says = says
    response = await user.raw("PUT", UPDATE + "r1", json={"status": "failed"})
    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert not service.metrics.value(catalogue.AI_REQUESTS, ("gpt-4o", "failed", "", "free"))


async def test_an_event_that_the_store_refuses_is_the_callers_to_know(
    start: Start, store: GatedStore
) -> None:
    service = await start(store)
    store.says = Outcome.FAILED
    status, answer = await service.user()("POST", CREDITS, BODIES[CREDITS])
    assert (status, answer["error"]) == (400, "validation_error")
    events: list[Any] = [{"kind": "credit", **BODIES[CREDITS]}] * 2
    status, answer = await service.service()("POST", BATCH, {"events": events})
    assert (status, answer["accepted"]) == (200, 0)
    assert [entry["index"] for entry in answer["rejected"]] == [0, 1]
    assert service.metrics.value(catalogue.EVENTS, ("credit", "failed")) == 3
