"""The connection to MongoDB: options of the driver, and what is to be seen of its pools.

The only module that names motor: see docs/adr/0007-motor.md.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from motor.frameworks import asyncio as motor_threads
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo import monitoring

SELECTION_MS = 1_000
"""How long a server is looked for; while none is there, every call ends after this."""

CONNECT_MS = 2_000
WAIT_QUEUE_MS = 1_000

READERS = max(1, motor_threads.max_workers // 2)
"""Queries at a time: half of motor's threads, of which it has five a core, or MOTOR_MAX_WORKERS."""

Client = AsyncIOMotorClient[dict[str, Any]]
Database = AsyncIOMotorDatabase[dict[str, Any]]
Collection = AsyncIOMotorCollection[dict[str, Any]]


def connect(
    uri: str, *, pool_size: int, socket_timeout_ms: int, pool: Callable[[str, int], None]
) -> Client:
    """A client of the running event loop, which connects when it is first used.

    Options that the URI names win. `pool` is told of the connections by state (`active`, `idle`,
    `total`), on the loop's thread. Raises pymongo's errors for a URI that is none.
    """
    options: dict[str, Any] = {
        "appName": "meterhouse",
        "maxPoolSize": pool_size,
        "serverSelectionTimeoutMS": SELECTION_MS,
        "connectTimeoutMS": CONNECT_MS,
        "waitQueueTimeoutMS": WAIT_QUEUE_MS,
        "socketTimeoutMS": socket_timeout_ms,
    }
    given = {name.lower() for name, _ in parse_qsl(urlsplit(uri).query)}
    chosen = {name: value for name, value in options.items() if name.lower() not in given}
    loop = asyncio.get_running_loop()
    return AsyncIOMotorClient(uri, io_loop=loop, event_listeners=[PoolWatch(loop, pool)], **chosen)


class PoolWatch(monitoring.ConnectionPoolListener):
    """Counts connections, of all pools together, from the driver's pool events.

    Those come in the driver's threads, two for each operation. The loop is told once for all that
    happens before it gets round to it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Callable[[str, int], None]) -> None:
        self._loop = loop
        self._pool = pool
        self._lock = Lock()
        self._total = 0
        self._active = 0
        self._told = True

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        """One more connection."""
        self._count(1, 0)

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        """One connection less."""
        self._count(-1, 0)

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        """A connection is in use."""
        self._count(0, 1)

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        """A connection is in use no more."""
        self._count(0, -1)

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Nothing: its connections are counted."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """Nothing: its connections are counted."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:
        """Nothing: its connections are closed one by one."""

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Nothing: its connections are closed one by one."""

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """Nothing: it was counted when it was created."""

    def connection_check_out_started(
        self, event: monitoring.ConnectionCheckOutStartedEvent
    ) -> None:
        """Nothing: it does not wait for long."""

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        """Nothing: the operation fails, and says so."""

    def _count(self, total: int, active: int) -> None:
        with self._lock:
            self._total += total
            self._active += active
            tell, self._told = self._told, False
        if tell:
            with suppress(RuntimeError):  # the loop has ended, and nobody looks any more
                self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        with self._lock:
            self._told = True
            total, active = self._total, self._active
        self._pool("active", active)
        self._pool("idle", total - active)
        self._pool("total", total)
