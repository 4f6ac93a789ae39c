"""The spool: an append-only file for what the database could not take, replayed when it is back.

A SQLite file, so that an entry is there after a kill at any moment, or was never acknowledged. It
knows nothing of what it holds: entries are bytes, in the order they came. What cannot be replayed
is set aside with its reason, and waits for a person.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from ..clock import epoch_ms, from_epoch_ms
from .base import StoreUnavailable
from .lock_file import lock_file

SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS dead (
    seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
"""
BUSY_SECONDS = 5.0
"""How long to wait for `meterhouse spool`, which may write to the file at the same time."""

Answer = TypeVar("Answer")


class SpoolFull(StoreUnavailable):
    """The spool has no room for what was offered; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Fill:
    """What a spool holds."""

    waiting: int = 0
    waiting_bytes: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Dead:
    """An entry that was set aside: why, and when."""

    seq: int
    entry: bytes
    reason: str
    at: datetime


class Spool:
    """The spool in the file at `path`, of at most `max_bytes` of entries.

    Everything runs in a thread of its own. Another process may look into it and move dead entries
    at the same time, so `count` has to be called now and then.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self.max_bytes = max_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        self.fill = Fill()

    @property
    def has_room(self) -> bool:
        """Whether it could take more than a trifle."""
        return self.fill.waiting_bytes < self.max_bytes * 0.99

    async def open(self, *, own: bool = True) -> None:
        """Make the file or take up what it holds; raises StoreUnavailable.

        There is one owner, who replays it: where another process owns it already, that is
        unavailable too. Who only looks after dead entries opens it without owning it.
        """
        if own:
            await self._run(self._own)
        await self._run(self._open)
        await self.count()

    async def close(self) -> None:
        """Let go of the file; what waits in it waits on."""
        await self._run(self._close)
        self._thread.shutdown()

    async def append(self, entries: Sequence[bytes]) -> None:
        """Keep entries, all of them and durably, or raise: SpoolFull, or StoreUnavailable."""
        size = sum(map(len, entries))
        if self.fill.waiting_bytes + size > self.max_bytes:
            raise SpoolFull("The spool is full.")

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO waiting (entry) VALUES (?)", ((entry,) for entry in entries)
            )

        await self._transaction(work)
        self.fill = Fill(
            self.fill.waiting + len(entries), self.fill.waiting_bytes + size, self.fill.dead
        )

    async def first(self, limit: int) -> list[tuple[int, bytes]]:
        """The entries that have waited longest, with their numbers."""

        def work(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
            return connection.execute(
                "SELECT seq, entry FROM waiting ORDER BY seq LIMIT ?", (limit,)
            ).fetchall()

        return await self._transaction(work)

    async def last(self) -> int:
        """The number of the newest entry that waits, 0 where none does."""

        def work(connection: sqlite3.Connection) -> int:
            (newest,) = connection.execute("SELECT MAX(seq) FROM waiting").fetchone()
            return newest or 0

        return await self._transaction(work)

    async def settle(
        self, done: Sequence[int], dead: Sequence[tuple[int, str]], now: datetime
    ) -> None:
        """Remove what is `done`, and set aside what is `dead`, with the reason of each."""

        def work(connection: sqlite3.Connection) -> list[int]:
            connection.executemany(
                "INSERT INTO dead (seq, entry, reason, at)"
                " SELECT seq, entry, ?2, ?3 FROM waiting WHERE seq = ?1",
                ((seq, reason, epoch_ms(now)) for seq, reason in dead),
            )
            return [
                size
                for seq in (*done, *(seq for seq, _ in dead))
                for (size,) in connection.execute(
                    "DELETE FROM waiting WHERE seq = ? RETURNING LENGTH(entry)", (seq,)
                )
            ]

        sizes = await self._transaction(work)
        self.fill = Fill(
            self.fill.waiting - len(sizes),
            self.fill.waiting_bytes - sum(sizes),
            self.fill.dead + len(dead),
        )

    async def count(self) -> Fill:
        """What it holds now, by reading all of it: others may have moved entries."""

        def work(connection: sqlite3.Connection) -> Fill:
            waiting, size = connection.execute(
                "SELECT COUNT(*), COALESCE(SUM(LENGTH(entry)), 0) FROM waiting"
            ).fetchone()
            (dead,) = connection.execute("SELECT COUNT(*) FROM dead").fetchone()
            return Fill(waiting, size, dead)

        self.fill = await self._transaction(work)
        return self.fill

    async def dead(self, limit: int) -> list[Dead]:
        """What was set aside, oldest first."""

        def work(connection: sqlite3.Connection) -> list[Dead]:
            rows = connection.execute(
                "SELECT seq, entry, reason, at FROM dead ORDER BY seq LIMIT ?", (limit,)
            )
            return [Dead(seq, entry, why, from_epoch_ms(at)) for seq, entry, why, at in rows]

        return await self._transaction(work)

    async def retry(self, seqs: Sequence[int]) -> int:
        """Let dead entries wait again, behind the others; how many of `seqs` there were."""

        def work(connection: sqlite3.Connection) -> int:
            moved = 0
            for seq in seqs:
                moved += connection.execute(
                    "INSERT INTO waiting (entry) SELECT entry FROM dead WHERE seq = ?", (seq,)
                ).rowcount
                connection.execute("DELETE FROM dead WHERE seq = ?", (seq,))
            return moved

        return await self._transaction(work)

    async def drop(self, seqs: Sequence[int]) -> int:
        """Forget dead entries; how many of `seqs` there were."""

        def work(connection: sqlite3.Connection) -> int:
            return sum(
                connection.execute("DELETE FROM dead WHERE seq = ?", (seq,)).rowcount
                for seq in seqs
            )

        return await self._transaction(work)

    async def _transaction(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        def run() -> Answer:
            connection = self._connection
            if connection is None:
                raise StoreUnavailable("The spool is not open.")
            try:
                with connection:  # commits, or rolls back where something is raised
                    connection.execute("BEGIN IMMEDIATE")
                    return work(connection)
            except sqlite3.Error as error:
                raise StoreUnavailable(f"The spool cannot be used: {error}") from error

        return await self._run(run)

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _own(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"The spool {self._path} cannot be opened: {error}") from error
        self._lock = lock_file(self._path)

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA journal_size_limit = 67108864")
            self._connection.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"The spool {self._path} cannot be opened: {error}") from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
