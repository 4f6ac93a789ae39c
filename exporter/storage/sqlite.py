"""The embedded engine: one SQLite file in WAL mode, owned by one process.

One thread writes and a few read, at a pace that leaves recording its part of the processor
(pace.py); all that runs on the event loop is the compiling of queries and the hand-over. What
recording itself has to read has a connection of its own, and waits for no query.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from ..clock import epoch_ms
from ..family import Family
from . import sqlite_transactions
from .base import Operation, Outcome, Row, StoreUnavailable
from .pace import Pace, Timed
from .query import Aggregation, Find, Where
from .sqlite_checkpoints import Checkpoints
from .sqlite_query import (
    Statement,
    compile_aggregation,
    compile_find,
    compile_get,
    compile_removal,
)
from .sqlite_readers import Readers
from .sqlite_schema import Table, missing
from .sqlite_writer import WriterThread

READERS = 4
PURGE_STEP = 1_000
"""Rows in one transaction of a purge; a group commit waits for one at most."""

Answer = TypeVar("Answer")


class SqliteStore:
    """Implements `base.Store` on the file at `path`.

    families: what it keeps.
    query_timeout_ms: how long a read may take; past it, errors.Unavailable.
    observe: told of each operation (`write`, `put`, `get`, `find`, `aggregate`, `purge`, `ping`)
        and its seconds, the wait for its turn included; called on the event loop's thread. A purge
        is one operation for each of its steps.
    """

    name = "sqlite"
    remote = False

    def __init__(
        self,
        path: Path,
        families: Sequence[Family],
        *,
        query_timeout_ms: int,
        observe: Callable[[str, float], None],
    ) -> None:
        self._path = path
        self._tables = {family.collection: Table.of(family) for family in families}
        self._query_timeout_ms = query_timeout_ms
        self._observe = observe
        self._pace = Pace()
        self._parts: _Parts | None = None

    async def open(self) -> None:
        """Take the file, making it or what is missing in it.

        Raises StoreUnavailable, also where another process has it, and IncompatibleStore.
        """
        parts = _Parts.of(self._path, self._query_timeout_ms)
        try:
            await parts.writer.open(list(self._tables.values()))
            with sqlite_transactions.unavailable(f"open {self._path}"):
                parts.queries.open()
                parts.gets.open()
                parts.checkpoints.open()
        except BaseException:
            await parts.close()
            raise
        parts.checkpoints.written()  # new indexes, perhaps, or the log of a process that was killed
        self._parts = parts

    async def close(self) -> None:
        """Finish what is under way and let go of the file; nothing where it is not open."""
        parts, self._parts = self._parts, None
        if parts is not None:
            await parts.close()

    async def ping(self) -> None:
        """Return when a page was written durably; raises StoreUnavailable."""
        await self._write("ping", sqlite_transactions.touch)

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do all operations in one transaction; the outcome of each, when all are on the disk.

        Raises StoreUnavailable when nothing was done.
        """
        with self._pace.writing():
            return await self._write("write", sqlite_transactions.commit, self._tables, operations)

    async def put(self, family: Family, where: Where, documents: Sequence[Any]) -> None:
        """Make `documents` all there is of a derived family where `where` holds.

        One transaction. Raises StoreUnavailable when nothing was done, ValueError for documents
        that cannot be stored together, and Invalid for an undeclared field.
        """
        table = self._table(family)
        removal = compile_removal(where, table)
        rows = await asyncio.to_thread(sqlite_transactions.rows_of, table, documents)
        await self._write("put", sqlite_transactions.put, table, removal, rows)

    async def get(self, family: Family, tenant: str, key: str) -> Any | None:
        """The document with that key, or None."""
        try:
            statement = compile_get(self._table(family), tenant, key)
            with self._observed("get"):
                found = await self._open.gets.run(statement.run)
        except UnicodeEncodeError:  # half of a surrogate pair: no stored text has one
            return None
        return found[0] if found else None

    async def find(self, query: Find) -> list[Any]:
        """The documents that a query means; raises Invalid for an undeclared field."""
        return await self._read("find", compile_find(query, self._table(query.family)))

    async def aggregate(self, query: Aggregation) -> list[Row]:
        """The rows that a query means; raises Invalid for an undeclared field."""
        return await self._read("aggregate", compile_aggregation(query, self._table(query.family)))

    async def purge(self, family: Family, before: datetime) -> int:
        """Remove what happened before that time, step by step; the number removed."""
        table, removed = self._table(family), 0
        while True:
            step = await self._write(
                "purge", sqlite_transactions.purge, table, epoch_ms(before), PURGE_STEP
            )
            removed += step
            if step < PURGE_STEP:
                return removed

    async def missing(self) -> list[str]:
        """The names of the tables and indexes that are declared and not there."""
        tables = list(self._tables.values())
        return await self._open.queries.run(partial(missing, tables=tables))

    async def time(self) -> datetime | None:
        """Nothing: the clock of a file is that of this machine."""
        return None

    def _table(self, family: Family) -> Table:
        return self._tables[family.collection]

    @property
    def _open(self) -> "_Parts":
        if self._parts is None:
            raise StoreUnavailable("The store is not open.")
        return self._parts

    async def _write(
        self, operation: str, work: Callable[..., Answer], *arguments: object
    ) -> Answer:
        parts = self._open
        with self._observed(operation):
            answer = await parts.writer.run(work, *arguments)
        parts.checkpoints.written()
        return answer

    async def _read(self, operation: str, statement: Statement[Answer]) -> list[Answer]:
        with self._observed(operation):
            await self._pace.turn()
            query = Timed(statement.run)
            try:
                return await self._open.queries.run(query)
            finally:
                self._pace.rest(query.seconds)

    @contextmanager
    def _observed(self, operation: str) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            self._observe(operation, perf_counter() - began)


@dataclass(frozen=True)
class _Parts:
    """What an open store consists of."""

    writer: WriterThread
    queries: Readers
    gets: Readers
    checkpoints: Checkpoints

    @classmethod
    def of(cls, path: Path, query_timeout_ms: int) -> "_Parts":
        """The parts for a file; none of them is open yet."""
        writer = WriterThread(path)
        queries = Readers(path, READERS, query_timeout_ms)
        gets = Readers(path, 1, query_timeout_ms, niceness=0)
        return cls(writer, queries, gets, Checkpoints(path, writer, queries))

    async def close(self) -> None:
        """Let go of the file."""
        await self.checkpoints.close()
        await self.gets.close()
        await self.queries.close()
        await self.writer.close()
