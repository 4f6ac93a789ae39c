"""A store that can be made to wait and to go away, around a real one."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from exporter.family import Family
from exporter.storage.base import Insert, Operation, Outcome, Replace, Row
from exporter.storage.query import Aggregation, Find, Where
from exporter.storage.sqlite import SqliteStore


class GatedStore:
    """Waits where `gate` is shut, and fails with `error` where that is set.

    With `lose_answers` it writes first and fails then, as a database does whose answer got lost.
    Like an engine that has such failures it knows operations by their ids, and does them once.
    `says` is an outcome that it gives for every operation, doing none. `begun` counts the writes
    that came to the gate, `writes` has the sizes of those that went on.
    """

    name = "gated"
    remote = True

    def __init__(self, inner: SqliteStore) -> None:
        self.inner = inner
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.lose_answers = False
        self.says: Outcome | None = None
        self.begun = 0
        self.writes: list[int] = []
        self._done: set[str] = set()

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        await self.inner.close()

    async def ping(self) -> None:
        self._fail()
        await self.inner.ping()

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        self.begun += 1
        await self.gate.wait()
        self.writes.append(len(operations))
        if not self.lose_answers:
            self._fail()
        if self.says is not None:
            return [self.says] * len(operations)
        outcomes = await self.inner.write(operations)
        for position, operation in enumerate(operations):
            if isinstance(operation, Insert | Replace) and operation.id in self._done:
                outcomes[position] = Outcome.STORED
            elif outcomes[position] is Outcome.STORED:
                self._done.add(operation.id)
        self._fail()
        return outcomes

    async def put(self, family: Family, where: Where, documents: Sequence[Any]) -> None:
        await self.gate.wait()
        if not self.lose_answers:
            self._fail()
        await self.inner.put(family, where, documents)
        self._fail()

    async def get(self, family: Family, tenant: str, key: str) -> Any | None:
        self._fail()
        return await self.inner.get(family, tenant, key)

    async def find(self, query: Find) -> list[Any]:
        self._fail()
        return await self.inner.find(query)

    async def aggregate(self, query: Aggregation) -> list[Row]:
        self._fail()
        return await self.inner.aggregate(query)

    async def purge(self, family: Family, before: datetime) -> int:
        return await self.inner.purge(family, before)

    async def missing(self) -> list[str]:
        self._fail()
        return await self.inner.missing()

    async def time(self) -> datetime | None:
        self._fail()
        return await self.inner.time()

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
