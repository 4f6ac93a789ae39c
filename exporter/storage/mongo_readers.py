"""Turns at reading: so many queries at a time, each with a limit.

The driver waits for servers in a few threads. Queries may take a part of them, so that recording
always finds one free, however many dashboards are open.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ..errors import Unavailable
from .base import StoreUnavailable

GRACE_SECONDS = 1.0
"""How long a server may be late with the message that it has given up a query."""

Answer = TypeVar("Answer")


class Readers:
    """`count` turns for queries that may take `timeout_ms`, the wait for a turn included."""

    def __init__(self, count: int, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._turns = asyncio.Semaphore(count)
        self._running: set[asyncio.Future[Any]] = set()

    async def run(self, query: Callable[[int], Awaitable[Answer]]) -> Answer:
        """The answer of `query`, called with the milliseconds that are left for it.

        Raises Unavailable when no turn comes, and StoreUnavailable when no answer does. A query
        that nobody waits for any more keeps its turn until it has ended.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_ms / 1000
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("Too many queries are running; try again later.") from None
        left = max(1, round((deadline - loop.time()) * 1000))
        job = asyncio.ensure_future(query(left))
        self._running.add(job)
        job.add_done_callback(self._ended)
        try:
            async with asyncio.timeout_at(deadline + GRACE_SECONDS):
                return await asyncio.shield(job)
        except TimeoutError:
            raise StoreUnavailable("MongoDB could not read: it does not answer.") from None

    async def close(self) -> None:
        """Return when all queries have ended; their limits see to that."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, job: "asyncio.Future[Any]") -> None:
        """A failure is known even where nobody waits for it."""
        self._running.discard(job)
        self._turns.release()
        if not job.cancelled():
            job.exception()
