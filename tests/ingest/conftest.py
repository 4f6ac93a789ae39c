"""A store whose writes can be held up, and the writer in front of it."""

from pathlib import Path
from typing import Any

import pytest

from exporter.ingest.writer import Writer
from exporter.metrics.values import Metrics
from exporter.records import AI_REQUEST, CREDIT
from exporter.storage.sqlite import SqliteStore

from ..services.gated_store import GatedStore


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    inner = SqliteStore(
        tmp_path / "test.sqlite",
        (AI_REQUEST, CREDIT),
        query_timeout_ms=10_000,
        observe=lambda operation, seconds: None,
    )
    gated = GatedStore(inner)
    await gated.open()
    yield gated
    await gated.close()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def writer(store: GatedStore, metrics: Metrics) -> Any:
    writer = Writer(store, metrics, max_events=10, max_bytes=1000)
    writer.start()
    yield writer
    store.gate.set()
    await writer.close()
