"""Group commits: documents are inserted by one unordered insert_many, changes swapped by one bulk
of conditional updates, and each operation's outcome is found out.

A lost answer leaves open what was done, so every operation can be tried again: an inserted document
has the operation's id for its `_id`, a replaced one lists the ids of its last changes.

Outcomes are read back from the primary. What it shows there is durable: a write that fails because
of another is only answered when the majority has that other one.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import structlog
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from ..family import attribute_of
from ..ids import new_id
from .base import Insert, Operation, Outcome
from .mongo_client import Database
from .mongo_documents import CHANGES, REFUSED, REVISION, TENANT, Layout
from .mongo_errors import DUPLICATE_KEY, refusals

KEPT_CHANGES = 10
"""Changes by which an earlier try is recognised, while others go on changing the record."""

Identity = tuple[str, str]
"""The tenant and the key."""

log = structlog.get_logger(__name__)


class Prepared(NamedTuple):
    """An operation with its position in the list, as it is sent."""

    position: int
    operation: Operation
    id: str
    identity: Identity
    request: Any


class Known(NamedTuple):
    """What is known of a stored record: its revision is at least this, and it was these
    operations that made and changed it."""

    revision: int
    done: Sequence[str] = ()


async def commit(
    database: Database,
    layouts: Mapping[str, Layout],
    operations: Sequence[Operation],
) -> list[Outcome]:
    """Do all operations, those on one record in their order, and give the outcome of each.

    `database` decides how durable they are. What the driver raises leaves everything open.
    """
    outcomes = [Outcome.FAILED] * len(operations)
    commits: dict[str, _Commit] = {}
    for position, operation in enumerate(operations):
        name = operation.family.collection
        if name not in commits:
            commits[name] = _Commit(database, layouts[name], outcomes)
        commits[name].take(position, operation)
    await _all(*(each.run() for each in commits.values()))
    return outcomes


async def _all(*works: Awaitable[None]) -> None:
    """Do all at once, and wait for all, also where one fails: a second try must not overlap."""
    for failure in await asyncio.gather(*works, return_exceptions=True):
        if failure is not None:
            raise failure


class _Commit:
    """The part of a commit that goes to one collection."""

    def __init__(
        self,
        database: Database,
        layout: Layout,
        outcomes: list[Outcome],
    ) -> None:
        self._collection = database[layout.family.collection]
        self._layout = layout
        self._outcomes = outcomes
        self._key = layout.family.key
        self._identity = attrgetter(
            attribute_of(layout.family.document, TENANT), layout.family.key_attribute
        )
        self._waiting: dict[Identity, list[Prepared]] = {}
        self._known: dict[Identity, Known] = {}

    def take(self, position: int, operation: Operation) -> None:
        """Take one operation; one that cannot be made BSON of has failed by that."""
        try:
            kept = self._layout.stored(operation.document)
            own = operation.id or new_id()
            make = self._insertion if isinstance(operation, Insert) else self._swap
            request = make(operation, own, kept)
        except REFUSED as error:
            _log_refused(operation, type(error).__name__)
            return
        identity = self._identity(operation.document)
        prepared = Prepared(position, operation, own, identity, request)
        self._waiting.setdefault(identity, []).append(prepared)

    async def run(self) -> None:
        """Do what was taken, in rounds: of each record, the first operation that still waits."""
        while self._waiting:
            inserts: list[Prepared] = []
            swaps: list[Prepared] = []
            for identity in sorted(self._waiting):  # so that replicas meet in the same order
                first = self._waiting[identity].pop(0)
                (inserts if isinstance(first.operation, Insert) else swaps).append(first)
            await _all(self._insert(inserts), self._replace(swaps))
            self._waiting = {
                identity: rest
                for identity, queue in self._waiting.items()
                if queue and (rest := self._open(queue))
            }

    def _insertion(self, operation: Operation, own: str, kept: dict[str, Any]) -> RawBSONDocument:
        return self._layout.encode({"_id": own, **kept})

    def _swap(self, operation: Operation, own: str, kept: dict[str, Any]) -> UpdateOne:
        last = {
            TENANT: kept.pop(TENANT),
            self._key: kept.pop(self._key),
            REVISION: operation.document.revision - 1,
        }
        absent = dict.fromkeys(
            name for name in self._layout.names if name not in kept and name not in last
        )
        update: dict[str, Any] = {
            "$set": self._layout.encode(kept),
            "$push": {CHANGES: {"$each": [own], "$slice": -KEPT_CHANGES}},
        }
        if absent:
            update["$unset"] = absent
        return UpdateOne(last, update)

    async def _insert(self, batch: list[Prepared]) -> None:
        if not batch:
            return
        refused: dict[int, int] = {}
        try:
            await self._collection.insert_many([one.request for one in batch], ordered=False)
        except BulkWriteError as error:
            refused = refusals(error)
        unsure = []
        for index, one in enumerate(batch):
            if index not in refused:
                self._settle(one, Outcome.STORED, Known(_revision(one)))
            elif refused[index] in DUPLICATE_KEY:
                unsure.append(one)
            else:
                _log_refused(one.operation, f"code {refused[index]}")
        stored = await self._read_back(unsure)
        for one in unsure:
            known = stored.get(one.identity)
            own = known is not None and one.id in known.done
            self._settle(one, Outcome.STORED if own else Outcome.DUPLICATE, known)

    async def _replace(self, batch: list[Prepared]) -> None:
        if not batch:
            return
        try:
            result = await self._collection.bulk_write(
                [one.request for one in batch], ordered=False
            )
        except BulkWriteError as error:
            refused = refusals(error)
            for index, code in refused.items():
                _log_refused(batch[index].operation, f"code {code}")
            unsure = [one for index, one in enumerate(batch) if index not in refused]
        else:
            unsure = [] if result.matched_count == len(batch) else batch
            if not unsure:
                for one in batch:
                    self._settle(one, Outcome.STORED, Known(_revision(one)))
        stored = await self._read_back(unsure)
        for one in unsure:
            known = stored.get(one.identity)
            own = known is not None and one.id in known.done
            self._settle(one, Outcome.STORED if own else Outcome.STALE, known)

    def _settle(self, one: Prepared, outcome: Outcome, known: Known | None) -> None:
        self._outcomes[one.position] = outcome
        if known is not None:
            self._known[one.identity] = known

    def _open(self, queue: list[Prepared]) -> list[Prepared]:
        """What has to be asked about, of operations on one record; the others are settled.

        A thousand changes of one record at the same time are a thousand tries of which one
        succeeds: the others are not sent one by one.
        """
        known = self._known.get(queue[0].identity)
        if known is None:
            return queue
        for position, one in enumerate(queue):
            if one.id in known.done:
                self._outcomes[one.position] = Outcome.STORED
            elif isinstance(one.operation, Insert):
                self._outcomes[one.position] = Outcome.DUPLICATE
            elif _revision(one) <= known.revision:
                self._outcomes[one.position] = Outcome.STALE
            else:
                return queue[position:]
        return []

    async def _read_back(self, batch: Sequence[Prepared]) -> dict[Identity, Known]:
        """What the database knows of these records, by their identities."""
        if not batch:
            return {}
        keys: dict[str, list[str]] = {}
        for one in batch:
            tenant, key = one.identity
            keys.setdefault(tenant, []).append(key)
        asked = [{TENANT: tenant, self._key: {"$in": of}} for tenant, of in keys.items()]
        shown = (TENANT, self._key, REVISION, CHANGES)
        cursor = self._collection.find({"$or": asked}, dict.fromkeys(shown, 1))
        return {
            (found[TENANT], found[self._key]): Known(
                found.get(REVISION, 0), (found["_id"], *found.get(CHANGES, ()))
            )
            async for found in cursor
        }


def _revision(one: Prepared) -> int:
    revision: int = getattr(one.operation.document, REVISION, 0)
    return revision


def _log_refused(operation: Operation, reason: str) -> None:
    log.error(
        "operation_refused",
        operation=type(operation).__name__,
        family=operation.family.kind,
        reason=reason,
    )
