"""The distributed engine: MongoDB 5.0 or later, from a single server to a sharded cluster.

The service must start, record and recover without anybody's help while the database is away, so
opening never waits for it: collections and indexes are made before the first write that succeeds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, TypeVar

import pymongo
import structlog
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import PyMongoError

from ..clock import to_milliseconds
from ..family import Family
from . import mongo_puts, mongo_schema, mongo_writes
from .base import IncompatibleStore, Operation, Outcome, Row, StoreUnavailable
from .mongo_client import READERS, Client, Database, connect
from .mongo_documents import CODEC, TENANT, Layout
from .mongo_errors import reading, unavailable
from .mongo_query import compile_aggregation, compile_find, compile_removal
from .mongo_readers import GRACE_SECONDS, Readers
from .query import Aggregation, Find, Where

DATABASE = "meterhouse"
"""Where the URI names no database."""

PINGS = "meterhouse_pings"
"""A collection with one document, which a ping writes."""

DURABLE = WriteConcern(w="majority", j=True)

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Opened:
    """A client with the database as it is written to, and as queries read it.

    Records that are changed are read from the primary; queries from where the URI says.
    """

    client: Client
    durable: Database
    queried: Database
    readers: Readers


class MongoStore:
    """Implements `base.Store` on the database that `uri` names.

    families: what it keeps. retention: for how long, by their kinds.
    query_timeout_ms: how long a read may take; past it, errors.Unavailable.
    write_timeout_ms: how long a write, a ping or a get may; past it, StoreUnavailable.
    pool_size: connections to each server at most.
    observe: told of each operation (`write`, `put`, `get`, `find`, `aggregate`, `ping`) and its
        seconds. A put is one operation for each of its steps.
    pool: told of the connections by state (`active`, `idle`, `total`).
    Both are called on the event loop's thread.
    """

    name = "mongodb"
    remote = True

    def __init__(
        self,
        uri: str,
        families: Sequence[Family],
        *,
        retention: Mapping[str, timedelta],
        query_timeout_ms: int,
        write_timeout_ms: int,
        pool_size: int,
        observe: Callable[[str, float], None],
        pool: Callable[[str, int], None],
    ) -> None:
        self._uri = uri
        self._layouts = {family.collection: Layout.of(family) for family in families}
        self._retention = dict(retention)
        self._query_timeout_ms = query_timeout_ms
        self._write_timeout_ms = write_timeout_ms
        self._pool_size = pool_size
        self._observe = observe
        self._pool = pool
        self._opened: _Opened | None = None
        self._recording: set[asyncio.Future[None]] = set()
        self._migrating = asyncio.Lock()
        self._migrated = False

    async def open(self) -> None:
        """Connect and make what is missing; while no server is there, that has to wait.

        Raises IncompatibleStore, also for a URI that is none.
        """
        try:
            client = connect(
                self._uri,
                pool_size=self._pool_size,
                socket_timeout_ms=self._query_timeout_ms + round(GRACE_SECONDS * 1000),
                pool=self._pool,
            )
            durable = client.get_default_database(DATABASE, CODEC, ReadPreference.PRIMARY, DURABLE)
        except (PyMongoError, ValueError) as error:
            # What the driver says of it may quote a password.
            raise IncompatibleStore(
                f"The address of MongoDB cannot be used ({type(error).__name__}); a user and a "
                "password in it have to be percent-encoded."
            ) from None
        queried = client.get_default_database(DATABASE, CODEC)
        self._opened = _Opened(client, durable, queried, Readers(READERS, self._query_timeout_ms))
        try:
            async with self._reach("connect") as opened:
                await self._migrate(opened)
        except StoreUnavailable as error:
            log.warning("database_unavailable", reason=str(error))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is under way and let go of all connections; nothing where it is not open."""
        opened, self._opened = self._opened, None
        self._migrated = False
        if opened is None:
            return
        await asyncio.gather(*self._recording)
        await opened.readers.close()
        with pymongo.timeout(GRACE_SECONDS):  # the driver says goodbye to a server that may hang
            await asyncio.to_thread(opened.client.close)

    async def ping(self) -> None:
        """Return when a document was written durably; raises StoreUnavailable."""

        async def touch(opened: _Opened) -> None:
            await mongo_schema.upsert(opened.durable[PINGS], "ping", {"$inc": {"count": 1}})

        await self._record("ping", "write", touch)

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do all operations; the outcome of each, when the majority has them in its journals.

        After StoreUnavailable some may be done: the same operations, by their ids, can be tried
        again.
        """

        async def commit(opened: _Opened) -> list[Outcome]:
            return await mongo_writes.commit(opened.durable, self._layouts, operations)

        return await self._record("write", "write", commit)

    async def put(self, family: Family, where: Where, documents: Sequence[Any]) -> None:
        """Make `documents` all there is of a derived family where `where` holds.

        Replaced in steps, each with the time limit of a write, before what is left is removed.
        After StoreUnavailable some steps may be done; the same call does the rest. Raises
        ValueError for documents that cannot be stored together, and Invalid for an undeclared
        field.
        """
        layout = self._layout(family)
        put = await asyncio.to_thread(
            mongo_puts.Put, layout, compile_removal(where, layout), documents
        )
        while not await self._record("put", "write", lambda opened: put.step(opened.durable)):
            pass

    async def get(self, family: Family, tenant: str, key: str) -> Any | None:
        """The document with that key, or None."""
        layout = self._layout(family)

        async def find_one(opened: _Opened) -> Any | None:
            collection = opened.durable[family.collection]
            return await collection.find_one({TENANT: tenant, family.key: key})

        try:
            stored = await self._record("get", "read", find_one)
        except UnicodeEncodeError:  # half of a surrogate pair: no stored text has one
            return None
        return None if stored is None else layout.document(stored)

    async def find(self, query: Find) -> list[Any]:
        """The documents that a query means; raises Invalid for an undeclared field."""
        command = compile_find(query, self._layout(query.family))
        if query.limit == 0:  # which for MongoDB is no limit
            return []

        async def find(database: Database, milliseconds: int) -> list[dict[str, Any]]:
            cursor = database[query.family.collection].find(
                command.filter,
                command.projection,
                sort=command.sort or None,
                skip=command.skip,
                limit=command.limit,
                allow_disk_use=True,
                max_time_ms=milliseconds,
            )
            return await cursor.to_list(None)

        found = await self._query("find", find)
        return await asyncio.to_thread(lambda: list(map(command.load, found)))

    async def aggregate(self, query: Aggregation) -> list[Row]:
        """The rows that a query means; raises Invalid for an undeclared field."""
        pipeline = compile_aggregation(query, self._layout(query.family))
        if query.limit == 0:
            return []

        async def run(database: Database, milliseconds: int) -> list[dict[str, Any]]:
            cursor = database[query.family.collection].aggregate(
                pipeline.stages, allowDiskUse=True, maxTimeMS=milliseconds
            )
            return await cursor.to_list(None)

        groups = await self._query("aggregate", run)
        if not groups and pipeline.over_nothing is not None:
            groups = [pipeline.over_nothing]
        return await asyncio.to_thread(lambda: list(map(pipeline.load, groups)))

    async def purge(self, family: Family, before: datetime) -> int:
        """Nothing: MongoDB's TTL indexes do it. 0."""
        return 0

    async def missing(self) -> list[str]:
        """The indexes that are declared and not there; raises StoreUnavailable."""
        async with self._reach("look at indexes") as opened:
            layouts = list(self._layouts.values())
            with self._limit():
                return await mongo_schema.missing(opened.durable, layouts, self._retention)

    async def time(self) -> datetime | None:
        """The time on the server that takes writes; raises StoreUnavailable."""
        async with self._reach("read the time") as opened:
            with self._limit():
                said = await opened.client.admin.command("hello")
        return to_milliseconds(said["localTime"].replace(tzinfo=UTC))

    def _layout(self, family: Family) -> Layout:
        return self._layouts[family.collection]

    async def _record(
        self, operation: str, doing: str, work: Callable[[_Opened], Awaitable[Answer]]
    ) -> Answer:
        """Do what recording needs, within its time limit; what it writes has its indexes."""
        began = perf_counter()
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._recording.add(ended)
        try:
            async with self._reach(doing) as opened:
                await self._migrate(opened)
                with self._limit():
                    return await work(opened)
        except IncompatibleStore as error:  # known after the start, which it does not stop now
            raise StoreUnavailable(str(error)) from error
        finally:
            self._recording.discard(ended)
            ended.set_result(None)
            self._observe(operation, perf_counter() - began)

    @asynccontextmanager
    async def _reach(self, doing: str) -> AsyncIterator[_Opened]:
        """What is opened, once a primary is there; what is done within needs a time limit.

        A limit of the driver's makes it look for a server until that is over, so one that is not
        there is looked for before. Behind an outage the indexes are looked at again: what comes
        back may be another server.
        """
        opened = self._opened
        if opened is None:
            raise StoreUnavailable("The store is not open.")
        try:
            with unavailable(doing):
                if not opened.client.delegate.topology_description.has_writable_server():
                    await opened.client.admin.command("ping")
                yield opened
        except StoreUnavailable:
            self._migrated = False
            raise

    def _limit(self) -> AbstractContextManager[None]:
        """The time of a write, for what is done within."""
        return pymongo.timeout(self._write_timeout_ms / 1000)

    async def _migrate(self, opened: _Opened) -> None:
        """Make what is missing; each family has the time of a write, so that more take longer."""
        if self._migrated:
            return
        async with self._migrating:
            if not self._migrated:
                for layout in self._layouts.values():
                    with self._limit():
                        await mongo_schema.migrate(opened.durable, [layout], self._retention)
                self._migrated = True

    async def _query(
        self,
        operation: str,
        query: Callable[[Database, int], Awaitable[Answer]],
    ) -> Answer:
        opened = self._opened
        if opened is None:
            raise StoreUnavailable("The store is not open.")
        began = perf_counter()
        try:
            with reading(self._query_timeout_ms):
                return await opened.readers.run(lambda left: query(opened.queried, left))
        finally:
            self._observe(operation, perf_counter() - began)
