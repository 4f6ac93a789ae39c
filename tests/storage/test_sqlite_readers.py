"""Reads on threads of their own: the time limit, the turn that each waits for, and going away."""

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.errors import Unavailable
from exporter.records import AI_REQUEST, FAMILIES
from exporter.storage.base import StoreUnavailable
from exporter.storage.query import Aggregation, Filter, Function, Measure, Operator
from exporter.storage.sqlite import SqliteStore
from exporter.storage.sqlite_readers import CACHE_KIB, NICENESS, Readers

from .documents import TENANT, ai, keep

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def endless(connection: sqlite3.Connection) -> Any:
    """A query that ends only when it is interrupted."""
    return connection.execute(ENDLESS).fetchall()


def short(connection: sqlite3.Connection) -> Any:
    """A query that ends at once."""
    return connection.execute("SELECT 1").fetchone()


def thousands(connection: sqlite3.Connection) -> Any:
    """A query that takes a few milliseconds."""
    return connection.execute(ENDLESS.replace("FROM n)", "FROM n LIMIT 20000)")).fetchone()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store, which owns the file that is read."""
    store = SqliteStore(
        tmp_path / "events.db", FAMILIES, query_timeout_ms=10, observe=lambda name, seconds: None
    )
    await store.open()
    yield store
    await store.close()


Start = Callable[..., Readers]


@pytest.fixture
async def readers(store: SqliteStore, tmp_path: Path) -> AsyncIterator[Start]:
    """Makes readers of the store's file."""
    started = []

    def start(count: int, timeout_ms: int) -> Readers:
        made = Readers(tmp_path / "events.db", count, timeout_ms)
        made.open()
        started.append(made)
        return made

    yield start
    for made in started:
        await made.close()


async def test_a_query_that_takes_too_long_is_given_up(readers: Start) -> None:
    reading = readers(1, 50)
    with pytest.raises(Unavailable, match="longer than 50 ms"):
        await reading.run(endless)


async def test_the_connection_goes_on_working_after_a_query_was_given_up(readers: Start) -> None:
    reading = readers(1, 200)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await reading.run(endless)
        assert await reading.run(short) == (1,)


async def test_a_query_that_begins_after_its_time_is_given_up_too(readers: Start) -> None:
    reading = readers(1, 10)
    late = threading.Event()

    def begin_late(connection: sqlite3.Connection) -> Any:
        late.wait()
        return endless(connection)

    asyncio.get_running_loop().call_later(0.1, late.set)
    with pytest.raises(Unavailable, match="longer than 10 ms"):
        await reading.run(begin_late)


async def test_a_query_that_finds_no_connection_in_time_is_given_up(readers: Start) -> None:
    reading = readers(1, 50)
    done = threading.Event()
    first = asyncio.create_task(reading.run(lambda connection: done.wait()))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="Too many queries"):
        await reading.run(short)
    done.set()
    assert await first is True


async def test_a_query_whose_caller_goes_away_makes_room_for_others(readers: Start) -> None:
    reading = readers(1, 30_000)
    begun = threading.Event()

    def begin(connection: sqlite3.Connection) -> Any:
        begun.set()
        return endless(connection)

    task = asyncio.create_task(reading.run(begin))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await reading.run(short) == (1,)


async def test_a_caller_that_goes_away_late_interrupts_nobody_else(readers: Start) -> None:
    reading = readers(1, 30_000)
    for turns in [*range(8)] * 10:
        read = threading.Event()

        def finish(connection: sqlite3.Connection, read: threading.Event = read) -> None:
            read.set()

        first = asyncio.create_task(reading.run(finish))
        second = asyncio.create_task(reading.run(thousands))
        while not read.is_set():
            await asyncio.sleep(0)
        for _ in range(turns):  # of the event loop, while the connection changes hands
            await asyncio.sleep(0)
        first.cancel()
        assert await second == (20_000,)


async def test_a_reader_holds_up_neither_writers_nor_other_readers(
    store: SqliteStore, readers: Start
) -> None:
    reading = readers(2, 30_000)
    long = asyncio.create_task(reading.run(endless))
    await keep(store, AI_REQUEST, ai("r"))
    count = 'SELECT count(*) FROM ai_requests WHERE "requestId" = ?'
    assert await reading.run(lambda each: each.execute(count, ("r",)).fetchone()) == (1,)
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long


async def test_a_reader_cannot_write(readers: Start) -> None:
    reading = readers(1, 30_000)
    with pytest.raises(StoreUnavailable, match="readonly"):
        await reading.run(lambda each: each.execute("DELETE FROM ai_requests"))


async def test_what_sqlite_cannot_read_is_unavailable(readers: Start) -> None:
    reading = readers(1, 30_000)
    with pytest.raises(StoreUnavailable, match="no such table"):
        await reading.run(lambda each: each.execute("SELECT * FROM nowhere"))
    assert await reading.run(short) == (1,)


async def test_each_connection_keeps_as_many_pages_as_is_said(readers: Start) -> None:
    def kept(connection: sqlite3.Connection) -> Any:
        return connection.execute("PRAGMA cache_size").fetchone()

    assert await readers(1, 30_000).run(kept) == (-CACHE_KIB,)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness for each thread")
async def test_readers_stand_back_behind_those_who_record(readers: Start) -> None:
    def niceness(_: object = None) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await readers(1, 30_000).run(niceness) == min(19, niceness() + NICENESS)


async def test_closing_waits_for_the_queries_that_run(readers: Start, tmp_path: Path) -> None:
    reading = Readers(tmp_path / "events.db", 2, 30_000)
    reading.open()
    done = threading.Event()

    def finish(connection: sqlite3.Connection) -> Any:
        done.wait()
        return short(connection)

    running = asyncio.create_task(reading.run(finish))
    await asyncio.sleep(0)
    closing = asyncio.create_task(reading.close())
    await asyncio.sleep(0)
    assert not closing.done()
    done.set()
    assert await running == (1,)
    await closing


async def test_the_store_gives_up_a_long_question_and_goes_on(store: SqliteStore) -> None:
    await keep(
        store, AI_REQUEST, *(ai(str(number), duration_ms=float(number)) for number in range(2_000))
    )
    medians = [
        Measure(
            str(bound),
            Function.PERCENTILE,
            "durationMs",
            (Filter("durationMs", Operator.GT, bound),),
            0.5,
        )
        for bound in range(100)
    ]
    with pytest.raises(Unavailable, match="longer than 10 ms"):
        await store.aggregate(Aggregation(AI_REQUEST, medians))
    await keep(store, AI_REQUEST, ai("r"))

    async def get() -> Any:
        while True:  # a busy machine may take its 10 ms for a short question too
            try:
                return await store.get(AI_REQUEST, TENANT, "r")
            except Unavailable:
                continue

    assert await asyncio.wait_for(get(), 30) == ai("r")
