"""The one connection that writes, its thread, and the lock that keeps other processes out.

Group commits, the steps of a purge and pings take turns on the thread, first come, first served.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from .base import StoreUnavailable
from .lock_file import lock_file
from .sqlite_schema import Table, migrate
from .sqlite_transactions import transaction, unavailable

LOG_BYTES = 64 * 1024 * 1024
"""The size of the write-ahead log past which it is cut; a burst may take it there."""
DURABLE = "PRAGMA synchronous = FULL"
"""What was acknowledged outlives a power cut."""
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    DURABLE,
    "PRAGMA wal_autocheckpoint = 0",  # sqlite_checkpoints.py does it beside the commits
    f"PRAGMA journal_size_limit = {LOG_BYTES}",
    "PRAGMA cache_size = -8000",  # KiB; four times as much takes no time off
)
STATEMENTS = 1_024
"""Prepared statements that are kept: more than all tables' inserts together."""
BUSY_SECONDS = 1.0
"""How long to wait for a lock of another program."""

Answer = TypeVar("Answer")


class WriterThread:
    """Owns the file at `path`; no second one can, in this process or another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None

    async def open(self, tables: Sequence[Table]) -> None:
        """Take the lock, make what is missing of the folder, the file and the `tables`.

        Raises StoreUnavailable, also where another process has the file, and IncompatibleStore.
        """
        await self._in_thread(self._connect, tables)

    async def run(self, work: Callable[..., Answer], *arguments: object) -> Answer:
        """What `work` gives, called in the thread with the connection and the arguments.

        Work that has begun is done to its end, also where the caller is cancelled.
        """
        return await self._in_thread(self._work, work, *arguments)

    async def close(self) -> None:
        """Finish what is under way, move the log into the file, and let go of both."""
        await self._in_thread(self._disconnect)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[..., Answer], *arguments: object) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _connect(self, tables: Sequence[Table]) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = lock_file(self._path)
            # SQLite gives its other files the mode of this one: prompts are nobody else's.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be opened: {error.strerror}") from error
        with unavailable(f"open {self._path}"):
            self._connection = sqlite3.connect(
                self._path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS,
            )
            for pragma in PRAGMAS:
                self._connection.execute(pragma)
            with transaction(self._connection):
                migrate(self._connection, tables)

    def _work(self, work: Callable[..., Answer], *arguments: object) -> Answer:
        return work(self._connection, *arguments)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
