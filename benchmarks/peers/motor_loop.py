"""A bare loop of `insert_many` with motor: the documents that the service stored, stored again.

python -m benchmarks.peers.motor_loop URI bare|indexed BATCH SECONDS
"""

import sys
from time import perf_counter
from typing import Any

import msgspec
import uvloop
from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import WriteConcern

from exporter.records import AI_REQUEST

DURABLE = WriteConcern(w="majority", j=True)
"""What the service waits for."""
OPTIONS = ("unique", "partialFilterExpression")
"""What indexes differ in, beside their keys: how long documents are kept costs no insert."""

Document = dict[str, Any]


class Inserted(msgspec.Struct):
    """Documents, and the seconds that they took."""

    documents: int
    seconds: float


async def main(uri: str, kind: str, size: int, seconds: float) -> Inserted:
    """Insert batches one after the other for so long."""
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(uri)
    database = client.get_default_database()
    stored = database[AI_REQUEST.collection]
    sample = await stored.find({}, {"_id": 0}).limit(size).to_list(size)
    name = f"{AI_REQUEST.collection}_{kind}"
    target = database.get_collection(name, write_concern=DURABLE)
    if kind == "indexed":
        await copy_indexes(stored, target)
    inserted = 0
    began = perf_counter()
    while perf_counter() - began < seconds:
        batch = [{**one, AI_REQUEST.key: str(ObjectId())} for one in sample]
        await target.insert_many(batch, ordered=False)
        inserted += len(batch)
    took = perf_counter() - began
    client.close()
    return Inserted(inserted, took)


async def copy_indexes(
    stored: "AsyncIOMotorCollection[Document]", target: "AsyncIOMotorCollection[Document]"
) -> None:
    """Make the indexes that the service has on its own collection."""
    async for index in stored.list_indexes():
        keys = list(index["key"].items())
        if keys != [("_id", 1)]:
            kept = {name: index[name] for name in OPTIONS if name in index}
            await target.create_index(keys, **kept)


if __name__ == "__main__":
    uri, kind, size, seconds = sys.argv[1:]
    found = uvloop.run(main(uri, kind, int(size), float(seconds)))
    print(msgspec.json.encode(found).decode())
