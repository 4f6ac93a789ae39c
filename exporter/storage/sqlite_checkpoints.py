"""Checkpoints: moving what was written from the write-ahead log into the file.

SQLite would do it within a commit, which then waits for thousands of pages to be copied. Here a
connection of its own copies beside those who write; all that a commit may wait for is the little
that was written meanwhile. After that the log begins anew, unless somebody reads.
"""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from .base import StoreUnavailable
from .sqlite_readers import Readers
from .sqlite_writer import DURABLE, LOG_BYTES, WriterThread

EVERY_SECONDS = 1.0
"""From a write to the checkpoint that follows it: so often there is one at most."""
SHORT_BYTES = 16 * 1024 * 1024
"""A log that is shorter is copied and no more: no commit waits for the end of it to be copied."""
WAIT_MS = 50
"""How long a cut waits for reads that need no turn, or for another program that reads."""

log = structlog.get_logger(__name__)


class Checkpoints:
    """Keeps the log of the file at `path` short, while `written` is called after each write.

    short_bytes: a log that is longer is to begin anew, when nobody reads. log_bytes: one that is
    longer is cut, for which queries wait until those that run have ended.
    """

    def __init__(
        self,
        path: Path,
        writer: WriterThread,
        readers: Readers,
        *,
        short_bytes: int = SHORT_BYTES,
        log_bytes: int = LOG_BYTES,
    ) -> None:
        self._path = path
        self._writer = writer
        self._readers = readers
        self._short_bytes = short_bytes
        self._log_bytes = self._limit = log_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-checkpoint")
        self._connection: sqlite3.Connection | None = None
        self._frame_bytes = 0
        self._next: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Connect; the file must be there. Blocks for a few system calls."""
        self._connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._connection.execute(DURABLE)
        (self._frame_bytes,) = self._connection.execute("PRAGMA page_size").fetchone()

    def written(self) -> None:
        """Something was written: there will be a checkpoint, soon."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._soon(), name="checkpoint")

    async def close(self) -> None:
        """End what is under way and disconnect; the writer moves the rest when it closes."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)
        self._thread.shutdown()
        if self._connection is not None:
            self._connection.close()

    async def checkpoint(self) -> None:
        """Move what is in the log into the file, and have a log that is long begin anew.

        What fails is tried again after the next write: until then, the log has it all.
        """
        try:
            size = await self._copied()
            if size > self._limit:
                self._limit = size + self._log_bytes  # another program may read, and goes on to
                async with self._readers.paused():
                    if await self._writer.run(cut):
                        self._limit = self._log_bytes
            elif size > self._short_bytes:
                await self._writer.run(copy)
            else:
                self._limit = self._log_bytes
        except (sqlite3.Error, StoreUnavailable) as error:
            log.warning("checkpoint_failed", reason=str(error))

    async def _soon(self) -> None:
        await asyncio.sleep(EVERY_SECONDS)
        await self.checkpoint()

    async def _copied(self) -> int:
        """Copy what is in the log, beside those who write; how many bytes that is."""
        if self._connection is None:
            raise StoreUnavailable("The store is not open.")
        loop = asyncio.get_running_loop()
        return self._frame_bytes * await loop.run_in_executor(self._thread, copy, self._connection)


def copy(connection: sqlite3.Connection) -> int:
    """Copy the pages in the log that nobody needs as they were before; how many the log has."""
    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)


def cut(connection: sqlite3.Connection) -> bool:
    """Copy all pages, and empty the log, unless another program reads it; whether it is empty."""
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        connection.execute(f"PRAGMA busy_timeout = {before}")
