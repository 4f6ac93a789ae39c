"""Where steps go while the store cannot take them."""

from collections.abc import Sequence
from typing import Protocol

from .step import Command, Step


class Detour(Protocol):
    """Keeps steps and calls for changes durably, in order, until the store takes them.

    engaged: something is kept, and what comes has to queue behind it.
    has_room: more can be kept.
    """

    @property
    def engaged(self) -> bool:
        """Whether anything is kept."""

    @property
    def has_room(self) -> bool:
        """Whether it can take more."""

    async def keep(self, entries: Sequence[Step | Command]) -> None:
        """Keep all entries, durably; raises storage.base.StoreUnavailable, then none is kept."""
