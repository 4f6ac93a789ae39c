"""Collections and indexes, derived from what families declare and brought up to it at start.

What is missing is made, and a retention that has changed is changed. An index that nothing here
declares is somebody's own, or one that was declared before: it is reported, and stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pymongo
import structlog
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, OperationFailure

from .base import IncompatibleStore
from .mongo_client import Collection, Database
from .mongo_documents import TENANT, Layout

SCHEMA_VERSION = 1
LAYOUTS = "meterhouse_layouts"
"""A collection: of each family's, the version and the kinds of the fields that are stored."""

LONGEST_RETENTION = 2**31 - 1
"""Seconds that a TTL index can express: 68 years."""

CONFLICTS = frozenset(
    {
        67,  # CannotCreateIndex
        72,  # InvalidOptions
        85,  # IndexOptionsConflict
        86,  # IndexKeySpecsConflict
        11000,  # what is stored is not unique
    }
)
"""Errors of an index that will not go away by themselves."""

Keys = tuple[tuple[str, Any], ...]
PRIMARY: Keys = (("_id", ASCENDING),)
PART = "partialFilterExpression"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Wanted:
    """An index that is wanted; with `seconds` it removes what is older, and with `without` it has
    only the documents without that field.

    It is recognised by its keys, its fields and their directions, whatever it is called.
    """

    keys: Keys
    unique: bool = False
    seconds: int | None = None
    without: str | None = None

    @property
    def model(self) -> IndexModel:
        """The index as the driver makes it."""
        options: dict[str, Any] = {"unique": True} if self.unique else {}
        if self.seconds is not None:
            options["expireAfterSeconds"] = self.seconds
        if self.without is not None:
            options[PART] = self._part
        return IndexModel(list(self.keys), **options)

    def fault(self, there: Mapping[str, Any]) -> str | None:
        """Why an index with these keys that is there will not do; None where it will."""
        part = there.get(PART)
        if self.unique and (part is not None or not there.get("unique")):
            return "is not unique for all"
        if part is not None and part != self._part:
            return "leaves out what is looked for in it"
        return None

    @property
    def _part(self) -> dict[str, Any] | None:
        """Equal to null is what MongoDB takes for the absence of a field, here and in queries."""
        return None if self.without is None else {self.without: None}


def indexes(layout: Layout, retention: timedelta) -> Iterator[Wanted]:
    """The unique key, the times of a tenant, the end of the retention, and what is declared.

    The times come with the key, in the order of a page of the newest documents: MongoDB sorts
    nothing for it then. What they have besides comes after it.
    """
    family = layout.family
    key, time = (family.key, ASCENDING), (family.time_field, ASCENDING)
    yield Wanted(((TENANT, ASCENDING), key), unique=True)
    besides = ((field, ASCENDING) for field in family.found_with)
    yield Wanted(((TENANT, ASCENDING), (family.time_field, DESCENDING), key, *besides))
    yield Wanted((time,), seconds=min(int(retention.total_seconds()), LONGEST_RETENTION))
    for index in family.indexes:
        keys = tuple((field, ASCENDING) for field in index.fields)
        yield Wanted(keys, without=index.without)


async def migrate(
    database: Database, layouts: Sequence[Layout], retention: Mapping[str, timedelta]
) -> None:
    """Bring the database to what is declared; `retention` is by the families' kinds.

    Raises IncompatibleStore, or what the driver raises. An index of much data takes its time.
    """
    for layout in layouts:
        await _check_layout(database[LAYOUTS], layout)
        wanted = {index.keys: index for index in indexes(layout, retention[layout.family.kind])}
        try:
            await _make_indexes(database, layout.family.collection, wanted)
        except OperationFailure as error:
            if error.code not in CONFLICTS:
                raise
            raise IncompatibleStore(
                f"MongoDB cannot make the indexes of {layout.family.collection}: {error}"
            ) from error


async def missing(
    database: Database, layouts: Sequence[Layout], retention: Mapping[str, timedelta]
) -> list[str]:
    """The indexes that are declared and not there, by collection and keys; of a collection that is
    not there, all of them."""
    found = []
    for layout in layouts:
        name = layout.family.collection
        there = await _indexes_of(database[name])
        for wanted in indexes(layout, retention[layout.family.kind]):
            index = there.get(wanted.keys)
            if index is None or wanted.fault(index):
                keys = ", ".join(f"{field}: {direction}" for field, direction in wanted.keys)
                found.append(f"{name} {{{keys}}}")
    return found


async def _check_layout(kept: Collection, layout: Layout) -> None:
    """Refuse what is stored in another way; write down the fields that are new."""
    name = layout.family.collection
    stored = await kept.find_one({"_id": name}) or {"version": SCHEMA_VERSION, "fields": []}
    if stored["version"] > SCHEMA_VERSION:
        raise IncompatibleStore(
            f"{name} has schema version {stored['version']}, and this service knows "
            f"{SCHEMA_VERSION} at most: it was written by a later version of the service."
        )
    before = {field["name"]: field["kind"] for field in stored["fields"]}
    for field, kind in layout.kinds.items():
        if before.get(field, kind) != kind:
            raise IncompatibleStore(
                f"{name}.{field} is stored as {before[field]}, and declared as {kind}."
            )
    new = [
        {"name": field, "kind": kind.value}
        for field, kind in layout.kinds.items()
        if field not in before
    ]
    if new:
        change = {"$set": {"version": SCHEMA_VERSION}, "$addToSet": {"fields": {"$each": new}}}
        await upsert(kept, name, change)


async def upsert(collection: Collection, own: str, change: Mapping[str, Any]) -> None:
    """Change the document of that `_id`, which is made if it is missing."""
    try:
        await collection.update_one({"_id": own}, change, upsert=True)
    except DuplicateKeyError:  # another replica made it at the same time
        await collection.update_one({"_id": own}, change)


async def _make_indexes(database: Database, name: str, wanted: Mapping[Keys, Wanted]) -> None:
    there = await _indexes_of(database[name])
    for keys, index in wanted.items():
        if keys in there:
            await _adjust(database, name, index, there[keys])
        else:
            with pymongo.timeout(None):  # of much data it may take longer than any write
                await database[name].create_indexes([index.model])
    for keys in there.keys() - wanted.keys() - {PRIMARY}:
        log.warning("index_not_declared", collection=name, index=there[keys]["name"])


async def _adjust(database: Database, name: str, wanted: Wanted, there: Mapping[str, Any]) -> None:
    """Give an index the retention that is wanted; refuse one that will not do."""
    if fault := wanted.fault(there):
        raise IncompatibleStore(f"The index {there['name']} of {name} {fault}.")
    if wanted.seconds is not None and there.get("expireAfterSeconds") != wanted.seconds:
        index = {"keyPattern": dict(wanted.keys), "expireAfterSeconds": wanted.seconds}
        await database.command({"collMod": name, "index": index})
        log.info(
            "retention_changed",
            collection=name,
            seconds=wanted.seconds,
            before=there.get("expireAfterSeconds"),
        )


async def _indexes_of(collection: Collection) -> dict[Keys, Mapping[str, Any]]:
    """What is there, by fields and directions, which servers write as 1 or as 1.0; of several with
    the same, one of all documents."""
    found = [index async for index in collection.list_indexes()]
    parts_first = sorted(found, key=lambda index: PART in index, reverse=True)
    return {tuple(index["key"].items()): index for index in parts_first}
