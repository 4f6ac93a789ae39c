"""A store at noon of a day, with nothing in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ..recording import NOW
from ..storage.conftest import contract_database, reach  # noqa: F401  # fixtures
from .rolling import Rolling, rolling


@pytest.fixture
async def rolled(tmp_path: Path) -> AsyncIterator[Rolling]:
    """A store with rollups, at NOW."""
    async with rolling(tmp_path, NOW) as opened:
        yield opened
