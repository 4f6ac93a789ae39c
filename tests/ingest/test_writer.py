"""The group commit: what is acknowledged is durable and counted, what is not says so."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from exporter.errors import Unavailable
from exporter.family import Mirror
from exporter.ingest import writer as module
from exporter.ingest.step import Step
from exporter.ingest.writer import MAX_COMMIT, TURNS, Writer
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics
from exporter.records import AI_REQUEST, CREDIT
from exporter.records.ai_request import AiRequest
from exporter.records.credit import Credit
from exporter.storage.base import Outcome, StoreUnavailable

from ..conftest import NOW
from ..services.gated_store import GatedStore


def credit(usage_id: str) -> Step:
    document = Credit(
        usage_id=usage_id,
        feature_name="f",
        credits_used=1,
        created_at=NOW,
        tenant_id="default",
    )
    return Step(CREDIT, None, document)


async def until(condition: Any) -> None:
    """Return when the condition holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_what_arrives_during_a_write_is_the_next_write(
    writer: Writer, store: GatedStore
) -> None:
    store.gate.clear()
    first = writer.submit([credit("0")], 1)
    await until(lambda: store.begun == 1)
    later = [writer.submit([credit(str(n))], 1) for n in range(1, 6)]
    await until(lambda: writer.waiting == 6)
    store.gate.set()
    assert await asyncio.gather(first, *later) == [[Outcome.STORED]] * 6
    assert store.writes == [1, 5]


async def test_what_is_on_its_way_when_a_write_is_due_joins_it(
    writer: Writer, store: GatedStore
) -> None:
    calls = []
    for turn in range(TURNS):
        calls.append(writer.submit([credit(str(turn))], 1))
        await asyncio.sleep(0)
    assert await asyncio.gather(*calls) == [[Outcome.STORED]] * TURNS
    assert store.writes == [TURNS]


async def test_a_full_write_waits_for_nobody(store: GatedStore, metrics: Metrics) -> None:
    writer = Writer(store, metrics, max_events=2 * MAX_COMMIT, max_bytes=10**9)
    writer.start()
    full = writer.submit([credit(str(n)) for n in range(MAX_COMMIT)], 1)
    await asyncio.sleep(0)
    assert store.begun == 1
    assert await full == [Outcome.STORED] * MAX_COMMIT
    await writer.close()


async def test_after_a_long_write_the_next_waits_for_nobody(
    writer: Writer, store: GatedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUICK_SECONDS", 0.0)  # any write takes longer
    assert await writer.submit([credit("long")], 1) == [Outcome.STORED]
    following = writer.submit([credit("next")], 1)
    await asyncio.sleep(0)
    assert store.begun == 2
    assert await following == [Outcome.STORED]


async def test_each_caller_gets_the_outcomes_of_its_own_events(
    writer: Writer, store: GatedStore, metrics: Metrics
) -> None:
    store.gate.clear()
    calls = [writer.submit([credit(key) for key in keys], 1) for keys in ("ab", "bc", "a")]
    await until(lambda: writer.waiting == 5)
    store.gate.set()
    stored, duplicate = Outcome.STORED, Outcome.DUPLICATE
    assert await asyncio.gather(*calls) == [
        [stored, stored],
        [duplicate, stored],
        [duplicate],
    ]
    assert metrics.value(catalogue.EVENTS, ("credit", "stored")) == 3
    assert metrics.value(catalogue.EVENTS, ("credit", "duplicate")) == 2
    assert metrics.value(catalogue.CREDITS_USED, ("f",)) == 3


async def test_a_full_queue_refuses_and_takes_again_when_it_has_room(
    writer: Writer, store: GatedStore
) -> None:
    store.gate.clear()
    full = writer.submit([credit(str(n)) for n in range(10)], 1)
    await until(lambda: writer.waiting == 10)
    with pytest.raises(Unavailable) as caught:
        await writer.submit([credit("late")], 1)
    assert caught.value.retry_after >= 1
    store.gate.set()
    await full
    assert await writer.submit([credit("late")], 1) == [Outcome.STORED]


async def test_the_queue_is_bounded_in_bytes_as_well(writer: Writer, store: GatedStore) -> None:
    store.gate.clear()
    large = writer.submit([credit("a")], 900)
    await until(lambda: writer.waiting == 1)
    with pytest.raises(Unavailable):
        await writer.submit([credit("b")], 101)
    store.gate.set()
    await large
    assert await writer.submit([credit("b")], 101) == [Outcome.STORED]


@pytest.mark.parametrize("error", [StoreUnavailable("disk full"), RuntimeError("a bug")])
async def test_a_write_that_fails_is_not_acknowledged_and_the_next_one_goes_on(
    writer: Writer, store: GatedStore, metrics: Metrics, error: Exception
) -> None:
    store.error = error
    with pytest.raises(Unavailable) as caught:
        await writer.submit([credit("a"), credit("b")], 1)
    assert str(error) not in caught.value.message
    assert metrics.value(catalogue.EVENTS, ("credit", "failed")) == 2
    assert not metrics.value(catalogue.EVENTS, ("credit", "stored"))
    store.error = None
    assert await writer.submit([credit("a")], 1) == [Outcome.STORED]
    assert metrics.value(catalogue.EVENTS, ("credit", "stored")) == 1


async def test_a_caller_that_goes_away_does_not_stop_its_events(
    writer: Writer, store: GatedStore, metrics: Metrics
) -> None:
    store.gate.clear()
    for begun, error in ((1, None), (2, StoreUnavailable("gone"))):
        gone = writer.submit([credit("a")], 1)
        await until(lambda begun=begun: store.begun == begun)
        gone.cancel()
        store.error = error
        store.gate.set()
        await until(lambda: writer.waiting == 0)
        store.gate.clear()
    store.error = None
    assert await store.get(CREDIT, "default", "a") is not None
    assert metrics.value(catalogue.EVENTS, ("credit", "stored")) == 1


async def test_closing_writes_what_was_taken_and_takes_no_more(
    store: GatedStore, metrics: Metrics
) -> None:
    writer = Writer(store, metrics, max_events=10, max_bytes=1000)
    with pytest.raises(Unavailable):
        await writer.submit([credit("early")], 1)
    writer.start()
    store.gate.clear()
    taken = writer.submit([credit("a")], 1)
    await until(lambda: store.begun == 1)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await writer.submit([credit("late")], 1)
    store.gate.set()
    await closing
    assert await taken == [Outcome.STORED]
    assert await store.get(CREDIT, "default", "a") is not None


async def test_one_write_has_a_bound(store: GatedStore, metrics: Metrics) -> None:
    writer = Writer(store, metrics, max_events=3 * MAX_COMMIT, max_bytes=10**9)
    writer.start()
    store.gate.clear()
    calls = [writer.submit([credit(f"{call}-{n}") for n in range(1000)], 1) for call in range(12)]
    await until(lambda: writer.waiting == 12_000)
    store.gate.set()
    await asyncio.gather(*calls)
    assert max(store.writes) <= MAX_COMMIT
    assert sum(store.writes) == 12_000
    await writer.close()


async def test_a_mirror_that_fails_does_not_unmake_what_is_stored(
    store: GatedStore, metrics: Metrics
) -> None:
    def listener(step: Step) -> None:
        raise ValueError(step.family.kind)

    writer = Writer(store, metrics, max_events=10, max_bytes=1000, listeners=(listener,))
    writer.start()
    assert await writer.submit([credit("a")], 1) == [Outcome.STORED]
    assert metrics.value(catalogue.BACKGROUND_TASK_FAILURES, ("mirror",)) == 1
    assert metrics.value(catalogue.EVENTS, ("credit", "stored")) == 1
    await writer.close()


async def test_what_cannot_be_counted_is_acknowledged_all_the_same(
    store: GatedStore, metrics: Metrics
) -> None:
    def mirror(before: Any, after: Any, out: Mirror) -> None:
        out.inc(catalogue.EVENTS, ("a label is missing",))

    stored = credit("a")
    uncountable = Step(replace(stored.family, mirror=mirror), None, stored.after)
    writer = Writer(store, metrics, max_events=10, max_bytes=1000)
    writer.start()
    assert await writer.submit([uncountable], 1) == [Outcome.STORED]
    assert metrics.value(catalogue.BACKGROUND_TASK_FAILURES, ("mirror",)) == 1
    assert await writer.submit([credit("b")], 1) == [Outcome.STORED]
    assert metrics.value(catalogue.EVENTS, ("credit", "stored")) == 1
    await writer.close()


async def test_a_lost_swap_counts_nothing(writer: Writer, metrics: Metrics) -> None:
    request = AiRequest(request_id="r", model="m", created_at=NOW, tenant_id="default")
    await writer.submit([Step(AI_REQUEST, None, request)], 1)
    ended = AiRequest(
        request_id="r",
        model="m",
        created_at=NOW,
        tenant_id="default",
        status="completed",
        revision=1,
    )
    steps = [Step(AI_REQUEST, request, ended) for _ in range(2)]
    assert await writer.submit(steps, 1) == [Outcome.STORED, Outcome.STALE]
    assert metrics.value(catalogue.AI_REQUESTS, ("m", "completed", "", "")) == 1
