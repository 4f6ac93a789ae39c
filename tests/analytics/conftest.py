"""A real store for the analytics to be asked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exporter.storage.base import Store

from ..recording import Recorder, recorder


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[Recorder]:
    """Records documents in an empty store."""
    async with recorder(tmp_path) as opened:
        yield opened


@pytest.fixture
def store(record: Recorder) -> Store:
    """The store that `record` fills."""
    return record.store
