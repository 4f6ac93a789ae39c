"""The engines that the contract is checked on. Another one is another row of the table."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from exporter.records import FAMILIES
from exporter.storage.base import Store
from exporter.storage.sqlite import SqliteStore

Reach = Callable[[], Store]
"""Makes a store, not yet open, on the same data each time."""


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Reach]:
    """SQLite files in a folder of the test."""
    yield lambda: SqliteStore(
        folder / "data" / "events.db",
        FAMILIES,
        query_timeout_ms=30_000,
        observe=lambda operation, seconds: None,
    )


ENGINES: dict[str, Callable[[Path], AbstractAsyncContextManager[Reach]]] = {"sqlite": sqlite}


@pytest.fixture(params=ENGINES)
async def reach(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Reach]:
    """Makes stores of each engine in turn, on data that is empty at first."""
    async with ENGINES[request.param](tmp_path) as reach:
        yield reach


@pytest.fixture
async def store(reach: Reach) -> AsyncIterator[Store]:
    """An open, empty store."""
    store: Any = reach()
    await store.open()
    yield store
    await store.close()
