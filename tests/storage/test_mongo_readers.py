"""Turns at reading."""

import asyncio

import pytest

from exporter.errors import Unavailable
from exporter.storage import mongo_readers
from exporter.storage.base import StoreUnavailable
from exporter.storage.mongo_readers import Readers

LONG_MS = 60_000


async def give(milliseconds: int) -> int:
    """A query that is answered at once, by the limit it was given."""
    return milliseconds


async def test_a_query_is_told_how_long_it_may_take() -> None:
    assert await Readers(1, LONG_MS).run(give) == pytest.approx(LONG_MS, rel=0.2)


async def test_no_more_run_at_a_time_than_there_are_turns() -> None:
    readers, gate, running = Readers(2, LONG_MS), asyncio.Event(), []

    async def query(milliseconds: int) -> int:
        running.append(milliseconds)
        await gate.wait()
        return len(running)

    jobs = [asyncio.create_task(readers.run(query)) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(running) == 2
    gate.set()
    await asyncio.gather(*jobs)
    assert len(running) == 5


async def test_one_that_gets_no_turn_is_turned_away() -> None:
    readers, gate = Readers(1, 20), asyncio.Event()

    async def query(milliseconds: int) -> None:
        await gate.wait()

    first = asyncio.create_task(readers.run(query))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="Too many queries"):
        await readers.run(query)
    gate.set()
    await first


async def test_one_that_is_not_answered_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo_readers, "GRACE_SECONDS", 0.01)
    readers, gate = Readers(1, 10), asyncio.Event()

    async def query(milliseconds: int) -> None:
        await gate.wait()

    with pytest.raises(StoreUnavailable, match="does not answer"):
        await readers.run(query)
    gate.set()
    await readers.close()


async def test_one_that_nobody_waits_for_keeps_its_turn_until_it_ends() -> None:
    readers, gate, ended = Readers(1, LONG_MS), asyncio.Event(), []

    async def query(milliseconds: int) -> None:
        await gate.wait()
        ended.append("first")
        raise StoreUnavailable("of which nobody is told")

    async def next_query(milliseconds: int) -> None:
        ended.append("second")

    first = asyncio.create_task(readers.run(query))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(readers.run(next_query))
    gate.set()
    await second
    assert ended == ["first", "second"]


async def test_closing_waits_for_what_is_under_way() -> None:
    readers, gate = Readers(1, LONG_MS), asyncio.Event()

    async def query(milliseconds: int) -> str:
        await gate.wait()
        return "done"

    job = asyncio.create_task(readers.run(query))
    await asyncio.sleep(0)
    closing = asyncio.create_task(readers.close())
    await asyncio.sleep(0)
    assert not closing.done()
    gate.set()
    await closing
    assert await job == "done"
