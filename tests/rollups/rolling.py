"""A store whose clock and refreshing a test has in its hands."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from exporter.engine import STORED
from exporter.family import Family
from exporter.ids import new_id
from exporter.records import FAMILIES
from exporter.records.ai_request import AiRequest
from exporter.rollups import progress
from exporter.rollups.documents import ROLLUP, TIME, Level, kept
from exporter.rollups.plan import Progress
from exporter.rollups.progress import SETTLED
from exporter.rollups.refresh import Refresher
from exporter.rollups.store import RolledStore
from exporter.storage.base import Insert, Operation, Outcome, Replace, Store
from exporter.storage.query import Find, between, equals
from exporter.storage.sqlite import SqliteStore

from ..conftest import MovingClock

FOREVER = timedelta(days=36_500)
_FAMILIES = {family.document: family for family in FAMILIES}

Changed = TypeVar("Changed", bound=msgspec.Struct)
KeptFor = Callable[[Family], timedelta]
GoOn = Callable[[], Awaitable[bool]]


async def always() -> bool:
    """Go on."""
    return True


def steps(number: int) -> GoOn:
    """Go on until so many steps are done."""
    done = 0

    async def go_on() -> bool:
        nonlocal done
        done += 1
        return done < number

    return go_on


class Rolling:
    """An engine, and the store with rollups in front of it.

    operations: what the engine was asked for, one by one.
    """

    def __init__(self, engine: Store, now: datetime, operations: Sequence[str] = ()) -> None:
        self.engine = engine
        self.operations = operations
        self.clock = MovingClock(now)
        self.store = RolledStore(engine, self.clock)

    async def record(self, *documents: msgspec.Struct) -> None:
        """Write new documents now."""
        await self._write([Insert(_FAMILIES[type(one)], one, new_id()) for one in documents])

    async def change(self, document: AiRequest, **values: Any) -> AiRequest:
        """Write the next revision of a document now."""
        values = {"revision": document.revision + 1, **values}
        return await self.replace(msgspec.structs.replace(document, **values))

    async def replace(self, changed: Changed) -> Changed:
        """Write a document that is the next revision of what is there, now."""
        await self._write([Replace(_FAMILIES[type(changed)], changed, new_id())])
        return changed

    async def refresh(
        self, go_on: GoOn = always, kept_for: KeptFor = lambda family: FOREVER
    ) -> None:
        """Roll up now what there is to do."""
        await Refresher(self.store, kept_for, go_on).run(self.clock())

    async def refresh_later(self, **options: Any) -> None:
        """Roll up what there is to do once all marks that are there have settled."""
        self.clock.moment += SETTLED
        await self.refresh(**options)

    async def reached(self) -> Progress:
        """How far the rollups are."""
        reached = await progress.read(self.engine)
        assert reached is not None
        return reached

    async def rolled(
        self, family: Family, level: Level, rollup: str, start: datetime, length: timedelta
    ) -> list[Any]:
        """The documents of a rollup that begin in a span."""
        where = equals(ROLLUP, rollup), *between(TIME, start, start + length)
        return await self.engine.find(Find(kept(family).levels[level], where))

    async def _write(self, operations: Sequence[Operation]) -> None:
        outcomes = await self.store.write(operations)
        assert set(outcomes) <= {Outcome.STORED}


@asynccontextmanager
async def rolling(folder: Path, now: datetime) -> AsyncIterator[Rolling]:
    """An empty store on SQLite, at a time."""
    operations: list[str] = []
    engine = SqliteStore(
        folder / "meterhouse.sqlite",
        STORED,
        query_timeout_ms=30_000,
        observe=lambda operation, seconds: operations.append(operation),
    )
    rolled = Rolling(engine, now, operations)
    await rolled.store.open()
    try:
        yield rolled
    finally:
        await rolled.store.close()
