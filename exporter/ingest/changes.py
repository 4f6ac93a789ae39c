"""Changes of stored documents: read, take the step, and swap if nobody else was quicker."""

from typing import Any

from ..errors import NotFound, Unavailable
from ..family import Price
from ..storage.base import Outcome, Store, StoreUnavailable
from .detour import Detour
from .step import Command, Step
from .writer import Writer

ATTEMPTS = 20
"""Swaps that may be lost to others in a row; each loss means that somebody else's was done."""


class Changes:
    """Applies the declared changes of families."""

    def __init__(
        self, store: Store, writer: Writer, price: Price, detour: Detour | None = None
    ) -> None:
        self._store = store
        self._writer = writer
        self._price = price
        self._detour = detour

    async def apply(self, command: Command, size: int) -> Any | None:
        """The document after the change, durable and counted; None where the change is spooled.

        NotFound where the scope holds no such document; what `change.apply` raises for a step
        that cannot be taken; Unavailable when it cannot be recorded. `size` is the body's, in
        bytes.
        """
        for _ in range(ATTEMPTS):
            if self._detour is not None and self._detour.engaged:
                await self._detour.keep([command])
                return None
            try:
                step = await take(self._store, command, self._price)
            except StoreUnavailable:
                if self._detour is None:
                    raise
                await self._detour.keep([command])
                return None
            if step.after is step.before:
                return step.after
            [outcome] = await self._writer.submit([step], size)
            if outcome is Outcome.STORED:
                return step.after
            if outcome is Outcome.SPOOLED:
                return None
            if outcome is Outcome.FAILED:
                raise Unavailable("The store refused this change.", retry_after=60)
        raise Unavailable("Others keep changing this record.")


async def take(store: Store, command: Command, price: Price) -> Step:
    """The step that a call for a change comes to; its `after` is its `before` for none.

    Raises as Changes.apply does, and StoreUnavailable.
    """
    family, scope = command.family, command.scope
    before = await store.get(family, scope.tenant, command.key)
    if before is None or not scope.holds(before.tenant_id, before.user_id):
        raise NotFound(f"There is no such {family.kind}.")
    after = command.change.apply(before, command.body, command.now)
    if after is not before:
        family.complete(after, price)
    return Step(family, before, after, command)
