"""A real store for the analytics to be asked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exporter.rollups.store import RolledStore

from ..recording import Recorder, recorder

ROLLED_UP = frozenset(
    f"tests.analytics.test_{subject}"
    for subject in (
        "activity",
        "credits",
        "engagement",
        "funnel",
        "performance",
        "resources",
        "retention",
        "usage",
        "users",
        "visits",
    )
)
"""The tests of what rollups answer: they run twice, with records and with rollups."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of ROLLED_UP on either store."""
    if "record" in metafunc.fixturenames and metafunc.module.__name__ in ROLLED_UP:
        metafunc.parametrize("record", ["records", "rollups"], indirect=True)


@pytest.fixture
async def record(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Recorder]:
    """Records documents in an empty store, which answers from them or from rollups."""
    rolled = getattr(request, "param", "records") == "rollups"
    async with recorder(tmp_path, rolled=rolled) as opened:
        yield opened


@pytest.fixture
def store(record: Recorder) -> RolledStore:
    """The store that `record` fills."""
    return record.store
