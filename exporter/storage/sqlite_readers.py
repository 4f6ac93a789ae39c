"""Reading SQLite off the event loop: a few read-only connections, each with a time limit.

In WAL mode readers neither wait for the writer nor hold it up. A connection belongs to one query
at a time, from the event loop's point of view too: so an interrupt always meets the query that it
is meant for.
"""

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from ..errors import Unavailable
from .base import StoreUnavailable
from .sqlite_groups import complete

REPEAT_INTERRUPT_SECONDS = 0.02
"""SQLite forgets an interrupt that comes between two statements, so it is repeated."""

NICENESS = 10
"""How far the readers' threads stand back where processors are scarce: recording goes before."""

CACHE_KIB = 1_000
"""Of pages, for each connection, and about what a query sorts in memory before it uses a file; the
system keeps the pages too. SQLite's own two thousand are no quicker, and take twice as much."""

Answer = TypeVar("Answer")


class Readers:
    """So many connections to the file at `path`, and a thread for each.

    timeout_ms: how long a query may take, and wait for a connection. niceness: of the threads.
    """

    def __init__(
        self, path: Path, count: int, timeout_ms: int, *, niceness: int = NICENESS
    ) -> None:
        self._path = path
        self._count = count
        self._opened = 0
        self._timeout_ms = timeout_ms
        self._idle: asyncio.LifoQueue[sqlite3.Connection] = asyncio.LifoQueue()
        self._threads = ThreadPoolExecutor(
            count,
            thread_name_prefix="sqlite-reader",
            initializer=_stand_back,
            initargs=(niceness,),
        )

    def open(self) -> None:
        """Connect; the file must be there. Blocks for a few system calls."""
        for _ in range(self._count):
            connection = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            complete(connection)
            self._idle.put_nowait(connection)
            self._opened += 1

    async def close(self) -> None:
        """Wait for the queries that are under way, then disconnect."""
        for _ in range(self._opened):
            (await self._idle.get()).close()
        self._threads.shutdown()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Nothing is read: what runs has ended, and what comes waits until the block does."""
        held: list[sqlite3.Connection] = []
        try:
            while len(held) < self._opened:
                held.append(await self._idle.get())
            yield
        finally:
            for connection in held:
                self._idle.put_nowait(connection)

    async def run(self, query: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """The answer of `query`, called with a connection in another thread.

        Raises Unavailable when it takes longer than the limit, the wait for a connection
        included, and StoreUnavailable when SQLite cannot read.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_ms / 1000
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self._idle.get()
        except TimeoutError:
            raise Unavailable("Too many queries are running; try again later.") from None
        job = loop.run_in_executor(self._threads, query, connection)
        limit = _Limit(connection, deadline)
        job.add_done_callback(limit.lift)
        job.add_done_callback(lambda _: self._idle.put_nowait(connection))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            limit.interrupt()  # nobody waits for the answer any more
            raise
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise Unavailable(
                    f"The query took longer than {self._timeout_ms} ms; ask for a shorter range."
                ) from error
            raise StoreUnavailable(f"SQLite could not read: {error}") from error


def _stand_back(niceness: int) -> None:
    """Make this thread so much nicer than the others; only Linux has that for each thread."""
    if sys.platform == "linux":
        own = threading.get_native_id()
        nice = os.getpriority(os.PRIO_PROCESS, own) + niceness
        os.setpriority(os.PRIO_PROCESS, own, nice)  # 19 is the most, and what more becomes


class _Limit:
    """Interrupts what a connection does from a time on, until that is done."""

    def __init__(self, connection: sqlite3.Connection, deadline: float) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._lifted = False
        self._timer = self._loop.call_at(deadline, self.interrupt)

    def interrupt(self) -> None:
        """Interrupt it now, and again; nothing once it is done, for others have it then."""
        self._timer.cancel()
        if self._lifted:
            return
        self._connection.interrupt()
        self._timer = self._loop.call_later(REPEAT_INTERRUPT_SECONDS, self.interrupt)

    def lift(self, job: "asyncio.Future[Answer]") -> None:
        """The query is done, well or badly; a failure is known even where nobody waits for it."""
        self._lifted = True
        self._timer.cancel()
        job.exception()
