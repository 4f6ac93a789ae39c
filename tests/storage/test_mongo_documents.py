"""Documents as MongoDB has them, for people and other programs that look into the database."""

from datetime import timedelta
from typing import Any

import pytest
from bson import Decimal128

from exporter.fields import Money
from exporter.records import AI_REQUEST, ENGAGEMENT, SALE
from exporter.records.ai_request import Tokens
from exporter.storage.mongo import MongoStore
from exporter.storage.mongo_documents import DEEPEST, storable

from .conftest import Raw
from .documents import NOON, TENANT, ai, event, keep, sale


async def test_what_is_none_is_not_kept(mongo: MongoStore, raw: Raw) -> None:
    await keep(mongo, AI_REQUEST, ai("r", tokens=Tokens(3, 4), metadata={"a": None}))
    (kept,) = raw["ai_requests"].find({}, {"_id": 0})
    assert kept == {
        "requestId": "r",
        "tenantId": TENANT,
        "model": "gpt",
        "status": "pending",
        "tokens": {"input": 3, "output": 4},
        "metadata": {"a": None},
        "createdAt": NOON,
        "origin": {"deviceType": "unknown"},
        "revision": 0,
    }


async def test_money_is_kept_as_decimals(mongo: MongoStore, raw: Raw) -> None:
    await keep(mongo, SALE, sale("s", "19.99", revenue=Money("19.990000000")))
    (kept,) = raw["sales"].find({})
    assert kept["amount"] == Decimal128("19.99")
    assert kept["revenue"].to_decimal() == Money("19.99")


FREE: dict[str, tuple[dict[str, Any], type]] = {
    "plain": ({"a": {"b": [1, 2.5, "x", None, True]}, "é ": 2**63 - 1}, dict),
    "an operator": ({"a": {"$set": 1}}, str),
    "a reference": ({"a": {"$ref": "users", "$id": 1}}, str),
    "a dotted name": ({"a.b": 1}, str),
    "an empty name": ({"a": [{"": 1}]}, str),
    "a name with a NUL": ({"a\x00b": 1}, str),
    "an integer of 65 bits": ({"a": [2**63]}, str),
    "empty": ({}, dict),
}


@pytest.mark.parametrize(("free", "kept_as"), FREE.values(), ids=FREE)
async def test_a_free_object_is_kept_as_it_is_where_mongodb_can(
    mongo: MongoStore, raw: Raw, free: dict[str, Any], kept_as: type
) -> None:
    await keep(mongo, ENGAGEMENT, event("e", properties=free))
    (kept,) = raw["engagement_events"].find({}, {"properties": 1})
    assert type(kept["properties"]) is kept_as
    read = await mongo.get(ENGAGEMENT, TENANT, "e")
    assert read.properties == free


async def test_a_deep_object_comes_back_too(mongo: MongoStore) -> None:
    deep: Any = "end"
    for level in range(300):
        deep = {"a": deep} if level % 2 else [deep]
    await keep(mongo, ENGAGEMENT, event("e", properties={"deep": deep}))
    read = await mongo.get(ENGAGEMENT, TENANT, "e")
    assert read.properties == {"deep": deep}


def test_objects_and_lists_count_as_levels() -> None:
    nested: Any = 1
    for _ in range(DEEPEST):
        nested = [nested]
    assert storable(nested)
    assert not storable({"a": nested})


async def test_integers_come_back_as_plain_ones_at_every_size(mongo: MongoStore) -> None:
    document = ai("r", tokens=Tokens(2**31, 1), metadata={"large": 2**40, "list": [2**62]})
    await keep(mongo, AI_REQUEST, document)
    read = await mongo.get(AI_REQUEST, TENANT, "r")
    assert read == document
    found = [read.tokens.input, read.tokens.output, read.metadata["large"], *read.metadata["list"]]
    assert {type(number) for number in found} == {int}


async def test_a_document_from_before_a_field_was_declared_has_its_default(
    mongo: MongoStore, raw: Raw
) -> None:
    await keep(mongo, AI_REQUEST, ai("r", rating=3, updated_at=NOON + timedelta(hours=1)))
    left = {"revision": "", "origin": "", "rating": "", "status": ""}
    raw["ai_requests"].update_one({}, {"$unset": left, "$set": {"ofLaterVersions": 1}})
    read = await mongo.get(AI_REQUEST, TENANT, "r")
    assert read == ai("r", updated_at=NOON + timedelta(hours=1))
