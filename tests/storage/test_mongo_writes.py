"""Writes on MongoDB: tried again after an answer that was lost, and many on one record."""

import asyncio
from typing import Any

from exporter.records import AI_REQUEST, ENGAGEMENT, SALE
from exporter.storage.base import Insert, Operation, Outcome, Replace
from exporter.storage.mongo import MongoStore
from exporter.storage.mongo_writes import KEPT_CHANGES

from ..services.mongodb import connected
from .conftest import Raw, mongo_store
from .documents import TENANT, ai, event, keep, sale

STORED, DUPLICATE = Outcome.STORED, Outcome.DUPLICATE
STALE, FAILED = Outcome.STALE, Outcome.FAILED


def change(revision: int, own: str, **fields: Any) -> Replace:
    """The replacement of the request "r" by one of that revision."""
    return Replace(AI_REQUEST, ai("r", revision=revision, **fields), own)


async def test_the_same_insert_again_is_stored_and_another_one_a_duplicate(
    mongo: MongoStore, raw: Raw
) -> None:
    first = [Insert(AI_REQUEST, ai(str(key)), f"id {key}") for key in range(3)]
    assert await mongo.write(first[:2]) == [STORED, STORED]
    other = Insert(AI_REQUEST, ai("1", model="other"), "id of the other")
    assert await mongo.write([*first, other]) == [STORED, STORED, STORED, DUPLICATE]
    assert await mongo.write([other, *first]) == [DUPLICATE, STORED, STORED, STORED]
    assert raw["ai_requests"].count_documents({}) == 3


async def test_the_same_insert_again_is_stored_also_when_the_record_has_changed(
    mongo: MongoStore,
) -> None:
    insert = Insert(AI_REQUEST, ai("r"), "a")
    assert await mongo.write([insert]) == [STORED]
    assert await mongo.write([change(1, "b")]) == [STORED]
    assert await mongo.write([insert]) == [STORED]
    assert (await mongo.get(AI_REQUEST, TENANT, "r")).revision == 1


async def test_the_same_replace_again_is_stored_also_behind_those_of_others(
    mongo: MongoStore,
) -> None:
    await keep(mongo, AI_REQUEST, ai("r"))
    for revision in range(1, KEPT_CHANGES + 1):
        assert await mongo.write([change(revision, f"id {revision}")]) == [STORED]
    assert await mongo.write([change(1, "id 1")]) == [STORED]
    assert await mongo.write([change(1, "id of another")]) == [STALE]
    assert (await mongo.get(AI_REQUEST, TENANT, "r")).revision == KEPT_CHANGES


async def test_only_the_last_changes_are_remembered(mongo: MongoStore, raw: Raw) -> None:
    await keep(mongo, AI_REQUEST, ai("r"))
    revisions = range(1, KEPT_CHANGES + 3)
    await mongo.write([change(revision, f"id {revision}") for revision in revisions])
    (kept,) = raw["ai_requests"].find()
    assert kept["_changes"] == [f"id {revision}" for revision in revisions][-KEPT_CHANGES:]
    assert await mongo.write([change(1, "id 1")]) == [STALE]


async def test_a_whole_list_again_has_the_same_outcomes(mongo: MongoStore, raw: Raw) -> None:
    operations: list[Operation] = [
        Insert(AI_REQUEST, ai("r"), "a"),
        change(1, "b", model="first"),
        change(1, "c", model="beaten"),
        change(2, "d", model="second"),
        Insert(SALE, sale("s"), "e"),
        Insert(AI_REQUEST, ai("r"), "f"),
    ]
    for _ in range(3):
        outcomes = await mongo.write(operations)
        assert outcomes == [STORED, STORED, STALE, STORED, STORED, DUPLICATE]
    assert (await mongo.get(AI_REQUEST, TENANT, "r")).model == "second"
    assert raw["sales"].count_documents({}) == 1


async def test_of_a_thousand_changes_at_once_one_is_stored_and_the_others_are_stale(
    mongo: MongoStore,
) -> None:
    await keep(mongo, AI_REQUEST, ai("r"))
    outcomes = await mongo.write([change(1, f"id {number}") for number in range(1_000)])
    assert outcomes == [STORED] + [STALE] * 999
    async with asyncio.timeout(10):  # they were not asked about one by one
        outcomes = await mongo.write([change(1, f"new {number}") for number in range(5_000)])
    assert outcomes == [STALE] * 5_000


async def test_a_thousand_times_the_same_event_is_stored_once(mongo: MongoStore) -> None:
    async with asyncio.timeout(10):
        outcomes = await mongo.write([Insert(SALE, sale("s"), f"{n}") for n in range(5_000)])
    assert outcomes == [STORED] + [DUPLICATE] * 4_999


async def test_duplicates_of_many_tenants_are_told_apart(mongo: MongoStore) -> None:
    def inserts(of: str) -> list[Insert]:
        return [
            Insert(SALE, sale(f"{n % 3}", tenant_id=f"t{n // 3}"), f"{of}{n}") for n in range(30)
        ]

    assert await mongo.write(inserts("a")[::2]) == [STORED] * 15
    assert await mongo.write(inserts("b")) == [DUPLICATE, STORED] * 15
    assert await mongo.write(inserts("a")[::2]) == [STORED] * 15


async def test_many_at_once_count_each_record_once(mongo: MongoStore, raw: Raw) -> None:
    async def client(name: str) -> list[Outcome]:
        return await mongo.write(
            [Insert(SALE, sale(str(key)), f"{name} {key}") for key in range(200)]
        )

    written = await asyncio.gather(*(client(name) for name in "abcdef"))
    outcomes = [outcome for of_client in written for outcome in of_client]
    assert outcomes.count(STORED) == 200
    assert outcomes.count(DUPLICATE) == 1_000
    assert raw["sales"].count_documents({}) == 200


async def test_an_insert_that_the_server_refuses_costs_that_one(database: str) -> None:
    store = mongo_store(database)
    await store.open()
    with connected(database) as client:  # an index of the operator's, which wants places
        events = client.get_default_database()["engagement_events"]
        events.create_index([("properties.place", "2dsphere")])
    operations = [
        Insert(ENGAGEMENT, event("a")),
        Insert(ENGAGEMENT, event("b", properties={"place": "nowhere"})),
        Insert(ENGAGEMENT, event("c", properties={"place": [4.9, 52.4]})),
        Insert(ENGAGEMENT, event("a")),
    ]
    assert await store.write(operations) == [STORED, FAILED, STORED, DUPLICATE]
    await store.close()


async def test_a_replace_that_the_server_refuses_costs_that_one(
    mongo: MongoStore, raw: Raw
) -> None:
    await keep(mongo, AI_REQUEST, ai("r"), ai("s"), ai("t", revision=5))
    raw["ai_requests"].update_one({"requestId": "r"}, {"$set": {"_changes": "no list"}})
    replaces = [Replace(AI_REQUEST, ai(key, revision=1)) for key in "rst"]
    assert await mongo.write(replaces) == [FAILED, STORED, STALE]
    assert (await mongo.get(AI_REQUEST, TENANT, "s")).revision == 1


async def test_a_document_of_more_than_16_mib_costs_that_one(mongo: MongoStore) -> None:
    large = ai("large", prompt="x" * 17_000_000)
    operations = [Insert(AI_REQUEST, large), Insert(AI_REQUEST, ai("a"))]
    assert await mongo.write(operations) == [FAILED, STORED]
