"""The write-ahead log does not grow without bound, also where there is always somebody reading."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from exporter.records import AI_REQUEST
from exporter.storage import sqlite_checkpoints, sqlite_transactions
from exporter.storage.base import Insert
from exporter.storage.sqlite import SqliteStore
from exporter.storage.sqlite_checkpoints import Checkpoints
from exporter.storage.sqlite_readers import Readers
from exporter.storage.sqlite_schema import Table
from exporter.storage.sqlite_writer import WriterThread

from ..outside import until
from .disks import no_more_bytes
from .documents import ai, keep

SHORT_BYTES = 128 * 1024
LOG_BYTES = 512 * 1024
TABLE = Table.of(AI_REQUEST)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be."""
    return tmp_path / "events.db"


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[WriterThread]:
    """The one who writes."""
    writer = WriterThread(path)
    await writer.open([TABLE])
    yield writer
    await writer.close()


@pytest.fixture
async def readers(path: Path, writer: WriterThread) -> AsyncIterator[Readers]:
    """Those who read."""
    readers = Readers(path, 2, 60_000)
    readers.open()
    yield readers
    await readers.close()


@pytest.fixture
async def checkpoints(
    path: Path, writer: WriterThread, readers: Readers
) -> AsyncIterator[Checkpoints]:
    """Checkpoints of a log that is soon long."""
    checkpoints = Checkpoints(path, writer, readers, short_bytes=SHORT_BYTES, log_bytes=LOG_BYTES)
    checkpoints.open()
    yield checkpoints
    await checkpoints.close()


def log_size(path: Path) -> int:
    """Bytes of the write-ahead log's file."""
    return path.with_name(f"{path.name}-wal").stat().st_size


async def write_past(writer: WriterThread, path: Path, size: int, run: str) -> None:
    """Write 20 KiB at a time until the log is larger than `size`."""
    for number in range(1_000):
        if log_size(path) > size:
            return
        await write(writer, f"{run} {number}")
    raise AssertionError("the log does not grow")


async def write(writer: WriterThread, name: str) -> None:
    """Write 20 KiB."""
    operation = Insert(AI_REQUEST, ai(name, prompt="x" * 10_000))
    await writer.run(sqlite_transactions.commit, {"ai_requests": TABLE}, [operation])


async def until_paused(readers: Readers) -> None:
    """Return when queries wait."""
    while True:
        try:
            async with asyncio.timeout(0.05):
                await count(readers)
        except TimeoutError:
            return


class Reading:
    """A read that goes on until it is `ended`, of what was there when it began."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def __call__(self, connection: sqlite3.Connection) -> Any:
        connection.execute("BEGIN")
        seen = connection.execute("SELECT count(*) FROM ai_requests").fetchone()
        self.begun.set()
        self.ended.wait()
        assert connection.execute("SELECT count(*) FROM ai_requests").fetchone() == seen
        connection.execute("COMMIT")
        return seen


async def count(readers: Readers) -> int:
    """How many requests there are."""
    sql = "SELECT count(*) FROM ai_requests"
    (number,) = await readers.run(lambda connection: connection.execute(sql).fetchone())
    return int(number)


async def test_a_log_that_is_not_short_any_more_begins_anew(
    writer: WriterThread, checkpoints: Checkpoints, path: Path
) -> None:
    for run in range(5):
        await write_past(writer, path, SHORT_BYTES, f"{run}")
        await checkpoints.checkpoint()
        await write(writer, f"first of {run}")
    assert log_size(path) < 2 * SHORT_BYTES


async def test_a_log_is_cut_at_the_same_size_each_time(
    writer: WriterThread, readers: Readers, checkpoints: Checkpoints, path: Path
) -> None:
    for run in range(3):
        await write_past(writer, path, LOG_BYTES, f"{run}")
        await checkpoints.checkpoint()
        assert log_size(path) == 0


async def test_a_log_that_is_read_all_the_time_is_cut_between_two_queries(
    writer: WriterThread, readers: Readers, checkpoints: Checkpoints, path: Path
) -> None:
    reading = Reading()
    held = asyncio.create_task(readers.run(reading))
    await asyncio.to_thread(reading.begun.wait)
    await write_past(writer, path, SHORT_BYTES, "a")
    await checkpoints.checkpoint()
    await write_past(writer, path, LOG_BYTES, "b")
    cutting = asyncio.create_task(checkpoints.checkpoint())
    await until_paused(readers)
    await write(writer, "written meanwhile")
    asked = asyncio.create_task(count(readers))
    reading.ended.set()
    assert await held == (0,)
    await cutting
    assert log_size(path) == 0
    assert await asked > 0


async def test_another_program_that_reads_holds_nobody_up(
    writer: WriterThread, readers: Readers, checkpoints: Checkpoints, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM ai_requests").fetchone()
    await write_past(writer, path, LOG_BYTES, "a")
    await checkpoints.checkpoint()
    await write(writer, "recording goes on")
    held = log_size(path)
    assert held > LOG_BYTES
    assert await count(readers) > 0
    other.close()
    await write_past(writer, path, held + LOG_BYTES, "b")  # as much again, and it is tried again
    await checkpoints.checkpoint()
    assert log_size(path) == 0


async def test_a_checkpoint_that_fails_is_told_of_and_tried_again(
    writer: WriterThread, checkpoints: Checkpoints, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger that was used before may hold on to the configuration of another test.
    monkeypatch.setattr(sqlite_checkpoints, "log", structlog.get_logger())
    await write_past(writer, path, LOG_BYTES, "a")
    with capture_logs() as lines, no_more_bytes():
        await checkpoints.checkpoint()
        assert log_size(path) > LOG_BYTES
    assert [line["event"] for line in lines] == ["checkpoint_failed"]
    await checkpoints.checkpoint()
    assert log_size(path) == 0


async def test_closing_does_not_wait_for_a_log_to_be_cut(
    writer: WriterThread, readers: Readers, path: Path
) -> None:
    checkpoints = Checkpoints(path, writer, readers, short_bytes=0, log_bytes=0)
    checkpoints.open()
    reading = Reading()
    held = asyncio.create_task(readers.run(reading))
    await asyncio.to_thread(reading.begun.wait)
    await write(writer, "a")
    checkpoints.written()
    await until_paused(readers)
    await checkpoints.close()
    assert await count(readers) == 1
    reading.ended.set()
    assert await held == (0,)


async def test_a_store_checkpoints_what_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    store = SqliteStore(
        path, [AI_REQUEST], query_timeout_ms=60_000, observe=lambda name, seconds: None
    )
    await store.open()
    before = path.stat().st_size
    await keep(store, AI_REQUEST, ai("r", prompt="x" * 10_000))
    await until(lambda: path.stat().st_size > before)
    await store.close()
