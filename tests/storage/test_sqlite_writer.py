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
from exporter.storage import sqlite_transactions, sqlite_writer
from exporter.storage.base import Insert
from exporter.storage.sqlite_readers import Readers
from exporter.storage.sqlite_schema import Table
from exporter.storage.sqlite_writer import WriterThread

from .disks import no_more_bytes
from .documents import ai

LOG_BYTES = 256 * 1024
TABLE = Table.of(AI_REQUEST)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be."""
    return tmp_path / "events.db"


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[WriterThread]:
    """A writer that cuts its log early."""
    writer = WriterThread(path, LOG_BYTES)
    await writer.open([TABLE])
    yield writer
    await writer.close()


def log_size(path: Path) -> int:
    """Bytes in the write-ahead log."""
    return path.with_name(f"{path.name}-wal").stat().st_size


async def write_past(writer: WriterThread, path: Path, size: int, run: str) -> int:
    """Write 20 KiB at a time until the log is larger than `size`; how many writes it took."""
    for number in range(1_000):
        if log_size(path) > size:
            return number
        operation = Insert(AI_REQUEST, ai(f"{run} {number}", prompt="x" * 10_000))
        await writer.run(sqlite_transactions.commit, {"ai_requests": TABLE}, [operation])
    raise AssertionError("the log does not grow")


async def settled(writer: WriterThread) -> None:
    """Return when all that was queued for the writer is done."""
    await writer.run(lambda connection: None)
    await writer.run(lambda connection: None)


async def test_a_log_that_has_grown_is_cut(writer: WriterThread, path: Path) -> None:
    await write_past(writer, path, LOG_BYTES, "a")
    await settled(writer)
    assert log_size(path) == 0


async def test_a_log_that_somebody_reads_is_cut_when_they_have_read(
    writer: WriterThread, path: Path
) -> None:
    readers = Readers(path, 2, 60_000)
    readers.open()
    begun, read = threading.Event(), threading.Event()

    def hold(connection: sqlite3.Connection) -> Any:
        connection.execute("BEGIN")
        seen = connection.execute("SELECT count(*) FROM ai_requests").fetchone()
        begun.set()
        read.wait()
        assert connection.execute("SELECT count(*) FROM ai_requests").fetchone() == seen
        connection.execute("COMMIT")
        return seen

    holding = asyncio.create_task(readers.run(hold))
    await asyncio.to_thread(begun.wait)
    await write_past(writer, path, LOG_BYTES, "a")
    await settled(writer)
    assert log_size(path) > LOG_BYTES
    read.set()
    assert await holding == (0,)
    await write_past(writer, path, 2 * LOG_BYTES, "b")
    await settled(writer)
    assert log_size(path) == 0
    await write_past(writer, path, LOG_BYTES, "c")
    await settled(writer)
    assert log_size(path) == 0
    await readers.close()


async def test_a_log_that_cannot_be_cut_is_told_of_and_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger that was used before may hold on to the configuration of another test.
    monkeypatch.setattr(sqlite_writer, "log", structlog.get_logger())
    writer = WriterThread(path, log_bytes=0)
    await writer.open([TABLE])
    with capture_logs() as lines, no_more_bytes():
        await writer.run(lambda connection: None)
        await settled(writer)
        assert log_size(path) > 0
    assert {line["event"] for line in lines} == {"checkpoint_failed"}
    await settled(writer)
    assert log_size(path) == 0
    await writer.close()


async def test_a_log_that_is_to_be_cut_when_the_file_is_let_go_is_left_to_that(path: Path) -> None:
    writer = WriterThread(path, log_bytes=0)
    await writer.open([TABLE])
    closing = threading.Event()
    last = asyncio.create_task(writer.run(lambda connection: closing.wait()))
    await asyncio.sleep(0)
    close = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    closing.set()
    assert await last is True
    await close
    assert not path.with_name(f"{path.name}-wal").exists()
