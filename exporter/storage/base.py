"""What the service asks of a store; storage/sqlite.py and storage/mongo.py are two."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

import msgspec

from ..family import Family
from .query import Aggregation, Find, Where

Row = dict[str, Any]
"""Of an aggregation: names to str, int, float, bool, None, Decimal (money) or aware datetime."""


class StoreUnavailable(Exception):
    """The store cannot be reached or cannot write just now; the same call may succeed later."""


class IncompatibleStore(Exception):
    """What is stored was laid out for another version of the service; only an operator can help."""


class Insert(msgspec.Struct, frozen=True):
    """Keep a new document, unless one with its (tenantId, key) is there already.

    `id` is the operation's own, unique for all time. An engine whose writes may end without
    anybody knowing whether they were done recognises by it what it did before: the same
    operation again is done once, and is STORED again.
    """

    family: Family
    document: Any
    id: str = ""


class Replace(msgspec.Struct, frozen=True):
    """Put `document` in the place of its last revision.

    Compare and swap: it is done only where the stored revision is `document.revision - 1`. Its
    `id` is as an Insert's.
    """

    family: Family
    document: Any
    id: str = ""


Operation = Insert | Replace


class Outcome(Enum):
    """What became of one operation."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """An Insert whose (tenantId, key) was there."""
    STALE = "stale"
    """A Replace whose last revision was not there: changed by somebody else, or gone."""
    FAILED = "failed"
    """The engine refused this one operation, and will again; the reason is in its log."""
    SPOOLED = "spooled"
    """Kept in the spool until the store comes back; no engine says this, the write path does."""


class Store(Protocol):
    """Durable storage of families. Nothing blocks the event loop; every method may raise
    StoreUnavailable."""

    name: str
    """`sqlite` or `mongodb`, for /health and the logs."""
    remote: bool
    """Whether it may be away while this machine is well, so that a spool here can stand in."""

    async def open(self) -> None:
        """Connect, make the collections, columns and indexes that are missing.

        Raises IncompatibleStore for what was stored under another layout.
        """

    async def close(self) -> None:
        """Finish what is under way and let go of every resource."""

    async def ping(self) -> None:
        """Return when the store can record durably; raises StoreUnavailable."""

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do all operations, in order, and return the outcome of each when all are durable.

        One group commit. When it raises StoreUnavailable nothing is known of any of them (on
        SQLite: nothing was done).
        """

    async def put(self, family: Family, where: Where, documents: Sequence[Any]) -> None:
        """Make `documents` all there is of a derived family where `where` holds.

        For documents that can be made again, of others: they have no revision, and nobody else
        writes them. What `where` holds for and is not among them is removed; what has the key of
        one of them is replaced, also where `where` does not hold. A reader never finds one missing
        that was there and is there again. After StoreUnavailable some of it may be done (on SQLite:
        nothing); the same call does the rest. Raises ValueError for two documents of one key, and
        for one that cannot be stored; Invalid for an undeclared field.
        """

    async def get(self, family: Family, tenant: str, key: str) -> Any | None:
        """The document with that key, or None."""

    async def find(self, query: Find) -> list[Any]:
        """The documents that a query means; raises Invalid for an undeclared field."""

    async def aggregate(self, query: Aggregation) -> list[Row]:
        """The rows that a query means; raises Invalid for an undeclared field."""

    async def purge(self, family: Family, before: datetime) -> int:
        """Remove what happened before that time, in steps that do not hold up writes.

        The number removed; 0 where the engine does it by itself (MongoDB's TTL indexes).
        """

    async def missing(self) -> list[str]:
        """What is declared and not there: collections, indexes, by names for people."""

    async def time(self) -> datetime | None:
        """The time by the engine's own clock; None where that is this machine's."""
