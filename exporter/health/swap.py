"""Changes of records that several make: read, take the step, swap if nobody was quicker."""

from collections.abc import Callable
from typing import Any, TypeVar

from ..access.principal import DEFAULT_TENANT
from ..errors import NotFound, Unavailable
from ..family import Family
from ..ids import new_id
from ..metrics.tally import Tally
from ..metrics.values import Metrics
from ..storage.base import Insert, Operation, Outcome, Replace, Store

ATTEMPTS = 20
"""Swaps that may be lost to others in a row; each loss means that somebody else's was done."""

Document = TypeVar("Document")


class Swaps:
    """Writes incidents and maintenance windows, and counts what was written."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics

    async def add(self, family: Family, document: Any) -> bool:
        """Store a new record; False where one with its key is there. Raises StoreUnavailable."""
        return await self._write(family, None, document)

    async def change(
        self, family: Family, key: str, step: Callable[[Document], Document]
    ) -> Document:
        """The record after a step, durable; the step gives back the same object for no change.

        NotFound where there is no such record; what the step raises; Unavailable and
        StoreUnavailable.
        """
        for _ in range(ATTEMPTS):
            before = await self.get(family, key)
            after = step(before)
            if after is before or await self._write(family, before, after):
                return after
        raise Unavailable("Others keep changing this record.")

    async def get(self, family: Family, key: str) -> Any:
        """The record with that key; NotFound without one."""
        found = await self._store.get(family, DEFAULT_TENANT, key)
        if found is None:
            raise NotFound(f"There is no such {family.kind}.")
        return found

    async def _write(self, family: Family, before: Any, after: Any) -> bool:
        operation: Operation = Insert(family, after, new_id())
        if before is not None:
            operation = Replace(family, after, new_id())
        [outcome] = await self._store.write([operation])
        if outcome is Outcome.FAILED:
            raise Unavailable("The store refused this record.", retry_after=60)
        if outcome is not Outcome.STORED:
            return False
        tally = Tally()
        family.mirror(before, after, tally)
        self._metrics.apply(tally)
        return True
