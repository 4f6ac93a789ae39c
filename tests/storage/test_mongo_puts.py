"""Puts on MongoDB: in steps, which readers do not see, and which may be broken off."""

from collections.abc import AsyncIterator

import pytest

from exporter.storage import mongo_puts
from exporter.storage.mongo import MongoStore
from exporter.storage.mongo_client import Database, connect
from exporter.storage.mongo_documents import CODEC, PUT, Layout
from exporter.storage.mongo_puts import Put
from exporter.storage.query import Find, within

from ..services.mongodb import connected
from .conftest import Raw, mongo_store
from .documents import DERIVED, NOON, TENANT, derived, minutes

COLLECTION = DERIVED.collection
LAYOUT = Layout.of(DERIVED)
HOUR = within("time", [(minutes(0), minutes(60))])


@pytest.fixture
async def database_of_mongo(mongo: MongoStore, contract_database: str) -> AsyncIterator[Database]:
    """The database of `mongo`, as a store has it."""
    client = connect(
        contract_database, pool_size=2, socket_timeout_ms=30_000, pool=lambda state, count: None
    )
    yield client.get_default_database(codec_options=CODEC)
    client.close()


async def keys(store: MongoStore) -> list[str]:
    """The keys of all derived documents."""
    return [document.id for document in await store.find(Find(DERIVED, limit=1_000))]


async def test_a_put_document_has_a_stamp_and_nothing_else_of_its_own(
    mongo: MongoStore, raw: Raw
) -> None:
    await mongo.put(DERIVED, (), [derived("a", users_sketch=b"\x00\xff"), derived("b")])
    first, second = raw[COLLECTION].find({}, {"_id": 0}, sort=[("id", 1)])
    assert first[PUT] == second[PUT]
    assert second == {"tenantId": TENANT, "id": "b", "time": NOON, "n": 0, PUT: first[PUT]}
    assert first["users_sketch"] == b"\x00\xff"
    await mongo.put(DERIVED, (), [derived("a")])
    (again,) = raw[COLLECTION].find()
    assert again[PUT] > first[PUT]


async def test_a_stamp_is_not_read(mongo: MongoStore) -> None:
    await mongo.put(DERIVED, (), [derived("a")])
    assert await mongo.get(DERIVED, TENANT, "a") == derived("a")
    assert await mongo.find(Find(DERIVED)) == [derived("a")]


async def test_documents_of_before_puts_are_replaced_and_removed(
    mongo: MongoStore, raw: Raw
) -> None:
    old = [{"tenantId": TENANT, "id": key, "time": NOON, "n": 9} for key in "ab"]
    raw[COLLECTION].insert_many(old)
    await mongo.put(DERIVED, (HOUR,), [derived("b")])
    assert await mongo.find(Find(DERIVED)) == [derived("b")]


async def test_many_are_replaced_and_removed_step_by_step(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_puts, "BATCH", 10)
    observed: list[str] = []
    store = mongo_store(database, observe=lambda name, seconds: observed.append(name))
    await store.open()
    await store.put(DERIVED, (), [derived(f"{number:02}") for number in range(25)])
    assert observed == ["put"] * 4
    await store.put(DERIVED, (), [derived("24"), derived("new")])
    assert observed == ["put"] * (4 + 1 + 3)  # of 24 that are left, ten at a time
    assert await keys(store) == ["24", "new"]
    await store.close()


async def test_of_two_puts_at_once_nothing_is_lost_that_they_have_in_common(
    mongo: MongoStore, database_of_mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_puts, "BATCH", 2)
    await mongo.put(DERIVED, (), [derived("old")])
    running = [Put(LAYOUT, {}, [derived(key) for key in keys]) for keys in ("abc", "bc")]
    while running:  # a step of each in turn
        running = [put for put in running if not await put.step(database_of_mongo)]
    assert {"b", "c"} <= set(await keys(mongo)) <= {"a", "b", "c"}


async def test_a_put_that_was_broken_off_is_completed_by_the_next(
    mongo: MongoStore, database_of_mongo: Database
) -> None:
    await mongo.put(DERIVED, (), [derived("a", n=1), derived("b", n=1)])
    assert not await Put(LAYOUT, {}, [derived("b", n=2), derived("c", n=2)]).step(database_of_mongo)
    assert await keys(mongo) == ["a", "b", "c"]
    await mongo.put(DERIVED, (), [derived("b", n=3)])
    assert await mongo.find(Find(DERIVED)) == [derived("b", n=3)]


async def test_what_the_server_refuses_is_told_and_nothing_is_removed(database: str) -> None:
    store = mongo_store(database)
    await store.open()
    await store.put(DERIVED, (), [derived("a")])
    with connected(database) as client:  # an index of the operator's, which wants places
        client.get_default_database()[COLLECTION].create_index([("users_sketch", "2dsphere")])
    with pytest.raises(ValueError, match=r"hours_of_models: refused with code \d+"):
        await store.put(DERIVED, (), [derived("b", users_sketch=b"nowhere")])
    assert await keys(store) == ["a"]
    await store.close()
