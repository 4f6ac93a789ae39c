"""Puts: what is derived is replaced, document by document, and then what is left is removed.

All documents of a put bear its stamp, by which those that are left are told. So a reader finds each
document that was there and is there again, the old one or the new one, and a put that was broken
off is completed by the next. Nothing that two puts at the same time have in common is lost.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from ..ids import new_id
from .distinct import check_distinct
from .mongo_client import Collection, Database
from .mongo_documents import PUT, REFUSED, TENANT, Layout
from .mongo_errors import refusals

BATCH = 1_000
"""Documents in one step, which has to end in the time limit of a write."""


class Put:
    """What makes `documents` all there is where the condition `where` holds, in steps.

    ValueError for two documents of one key, or for what is no document of the family.
    """

    def __init__(self, layout: Layout, where: Mapping[str, Any], documents: Sequence[Any]) -> None:
        self._name, self._key = layout.family.collection, layout.family.key
        stamp = new_id()
        try:
            kept = [layout.stored(document) for document in documents]
            # By their keys, so that replicas meet in the same order.
            kept.sort(key=lambda one: (one[TENANT], one[self._key]))
            self._waiting: list[ReplaceOne[Any]] = [
                ReplaceOne(self._identity(one), layout.encode({**one, PUT: stamp}), upsert=True)
                for one in kept
            ]
        except REFUSED as error:
            reason = str(error) if type(error) is ValueError else type(error).__name__
            raise ValueError(f"{layout.family.kind}: {reason}") from error
        check_distinct(layout.family, documents)
        self._own = {tuple(self._identity(one).values()) for one in kept}
        self._left = {**where, PUT: {"$ne": stamp}}

    async def step(self, database: Database) -> bool:
        """Do the next step, and tell whether it was the last.

        Raises what the driver does, and ValueError for a document that the server refuses.
        """
        if not self._waiting:
            return await self._remove(database[self._name])
        await self._replace(database[self._name], self._waiting[:BATCH])
        del self._waiting[:BATCH]
        return False

    async def _replace(self, collection: Collection, batch: list[ReplaceOne[Any]]) -> None:
        """Again where something is refused: another put made it in the same moment, perhaps."""
        codes: set[int] = set()
        for _ in range(2):
            try:
                await collection.bulk_write(batch, ordered=False)
            except BulkWriteError as error:
                codes = set(refusals(error).values())
            else:
                return
        raise ValueError(f"{self._name}: refused with code {min(codes)}")

    async def _remove(self, collection: Collection) -> bool:
        found = collection.find(self._left, {TENANT: 1, self._key: 1})
        ids: list[Any] = []
        async for one in found:
            if tuple(self._identity(one).values()) not in self._own:  # of another put by now
                ids.append(one["_id"])
            if len(ids) == BATCH:
                await found.close()
                break
        await collection.delete_many({"_id": {"$in": ids}})
        return len(ids) < BATCH

    def _identity(self, stored: Mapping[str, Any]) -> dict[str, str]:
        """What a stored document is found by."""
        return {name: stored[name] for name in (TENANT, self._key)}
