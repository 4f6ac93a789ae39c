"""A store whose digests a test makes when it says so, of events that it says."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from exporter.engine import STORED
from exporter.ids import new_id
from exporter.intervals import beginning
from exporter.records.engagement import ENGAGEMENT, Engagement
from exporter.rollups import progress
from exporter.rollups.digests import Digest, digest_again
from exporter.rollups.documents import LEVELS
from exporter.rollups.store import RolledStore
from exporter.storage.base import Insert, Outcome
from exporter.storage.sqlite import SqliteStore

from ..conftest import MovingClock


class DigestedStore(RolledStore):
    """Writes of minutes that lie apart, so that each of them marks what comes late."""

    def __init__(self, engine: SqliteStore, clock: MovingClock) -> None:
        super().__init__(engine, clock)
        self.clock = clock

    async def record(self, events: Iterable[Engagement]) -> None:
        """Write events, all of which must be stored."""
        self.clock.advance(minutes=1)
        outcomes = await self.write([Insert(ENGAGEMENT, event, new_id()) for event in events])
        assert set(outcomes) <= {Outcome.STORED}

    async def forget(self) -> None:
        """Remove all events; their digests go when they are made anew."""
        await self.purge(ENGAGEMENT, self.clock())

    async def digest(self, digest: Digest, start: datetime, end: datetime) -> None:
        """Make all buckets of a digest that lie in a span anew, and remove the marks in it."""
        until = {level: beginning(end, level) for level in LEVELS}
        for level in reversed(LEVELS):
            await digest_again(self._store, level, (beginning(start, level), until[level]), digest)
        await progress.write(self, until, self.clock())
        await progress.unmark(self, ((start, end),), self.clock() + progress.SETTLED)


@asynccontextmanager
async def digested(folder: Path, now: datetime) -> AsyncIterator[DigestedStore]:
    """An empty store, at a time."""
    took: list[tuple[str, float]] = []
    engine = SqliteStore(
        folder / "meterhouse.sqlite",
        STORED,
        query_timeout_ms=10_000,
        observe=lambda operation, seconds: took.append((operation, seconds)),
    )
    store = DigestedStore(engine, MovingClock(now))
    await store.open()
    try:
        yield store
    finally:
        await store.close()
