"""The engines that the contract is checked on. Another one is another row of the table."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from exporter.engine import STORED
from exporter.storage.base import Store
from exporter.storage.mongo import MongoStore
from exporter.storage.sqlite import SqliteStore

from ..services.mongodb import connected, empty, own_database
from .documents import DERIVED

KEPT = (*STORED, DERIVED)
"""The families of the service, and one that is derived."""

Reach = Callable[[], Store]
"""Makes a store, not yet open, on the same data each time."""

Raw = Database[dict[str, Any]]
"""A MongoDB database by the plain, blocking driver."""


@asynccontextmanager
async def sqlite(request: pytest.FixtureRequest) -> AsyncIterator[Reach]:
    """SQLite files in a folder of the test, or of the module for a fixture that is its."""
    if request.scope == "function":
        folder = request.getfixturevalue("tmp_path")
    else:
        folder = request.getfixturevalue("tmp_path_factory").mktemp("sqlite")
    yield lambda: SqliteStore(
        folder / "data" / "events.db",
        KEPT,
        query_timeout_ms=30_000,
        observe=lambda operation, seconds: None,
    )


@asynccontextmanager
async def mongodb(request: pytest.FixtureRequest) -> AsyncIterator[Reach]:
    """One database for all tests, emptied before each: making its indexes takes a while."""
    uri = request.getfixturevalue("contract_database")
    empty(uri)
    yield lambda: mongo_store(uri)


ENGINES: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Reach]]] = {
    "sqlite": sqlite,
    "mongodb": mongodb,
}


def mongo_store(uri: str, **options: Any) -> MongoStore:
    """A store, not yet open, that keeps everything for as long as it can."""
    known: dict[str, Any] = {
        "retention": {family.kind: timedelta(days=36_500) for family in KEPT},
        "query_timeout_ms": 30_000,
        "write_timeout_ms": 30_000,
        "pool_size": 10,
        "observe": lambda operation, seconds: None,
        "pool": lambda state, connections: None,
    }
    return MongoStore(uri, KEPT, **{**known, **options})


@pytest.fixture(scope="session")
def contract_database(mongodb_uri: str) -> Iterator[str]:
    """The URI of the database that the contract is checked on."""
    with own_database(mongodb_uri) as uri:
        yield uri


@pytest.fixture(params=ENGINES)
async def reach(request: pytest.FixtureRequest) -> AsyncIterator[Reach]:
    """Makes stores of each engine in turn, on data that is empty at first."""
    async with ENGINES[request.param](request) as reach:
        yield reach


@pytest.fixture
async def store(reach: Reach) -> AsyncIterator[Store]:
    """An open, empty store."""
    store: Any = reach()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def mongo(contract_database: str) -> AsyncIterator[MongoStore]:
    """An open, empty store on MongoDB, for what is its own."""
    empty(contract_database)
    store = mongo_store(contract_database)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def raw(contract_database: str) -> Iterator[Raw]:
    """The database of `mongo`."""
    with connected(contract_database) as client:
        yield client.get_default_database()


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[str]:
    """The URI of a database that the test has for itself, without anything in it."""
    with own_database(mongodb_uri) as uri:
        yield uri
