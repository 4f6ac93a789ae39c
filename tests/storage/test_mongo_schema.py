"""Indexes and retention on MongoDB, brought up to what is declared at every start."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter.analytics.usage import WITHOUT_END
from exporter.family import Index
from exporter.records import AI_REQUEST, SALE
from exporter.storage.base import IncompatibleStore, Insert, Outcome, StoreUnavailable
from exporter.storage.mongo import MongoStore
from exporter.storage.mongo_conditions import query
from exporter.storage.mongo_documents import Layout
from exporter.storage.mongo_schema import LONGEST_RETENTION
from exporter.storage.query import between

from ..services.mongodb import connected, through_proxy
from .conftest import KEPT, Raw, mongo_store
from .documents import NOON, ai, keep, minutes, sale

TTL_SECONDS = 90.0
"""MongoDB looks for what is too old once a minute."""

OPEN_KEYS = (("createdAt", 1), ("model", 1), ("status", 1))
OPEN_ONES = "createdAt_1_model_1_status_1"
"""The index of AI requests without an end."""


@pytest.fixture
def raw(database: str) -> Iterator[Raw]:
    """The database that the test has for itself."""
    with connected(database) as client:
        yield client.get_default_database()


def days(number: float) -> dict[str, timedelta]:
    """So many days of retention for every family."""
    return {family.kind: timedelta(days=number) for family in KEPT}


def indexes(raw: Raw, collection: str) -> dict[tuple[tuple[str, int], ...], dict[str, Any]]:
    """The indexes of a collection by their keys, with the options that matter."""
    told = ("unique", "expireAfterSeconds", "partialFilterExpression")
    return {
        tuple(index["key"].items()): {name: index[name] for name in told if name in index}
        for index in raw[collection].list_indexes()
    }


def part_of(index: Index) -> dict[str, Any]:
    """What is said of an index that has only some of the documents."""
    absent = index.without
    return {} if absent is None else {"partialFilterExpression": {absent: None}}


async def opened(uri: str, **options: Any) -> list[dict[str, Any]]:
    """Open a store and close it again; what it logged."""
    store = mongo_store(uri, **options)
    with capture_logs() as logs:
        await store.open()
    await store.close()
    return [dict(log) for log in logs]


async def test_every_family_has_its_indexes(database: str, raw: Raw) -> None:
    assert await opened(database, retention=days(90)) == []
    for family in KEPT:
        tenant, key = ("tenantId", 1), (family.key, 1)
        assert indexes(raw, family.collection) == {
            (("_id", 1),): {},
            (tenant, key): {"unique": True},
            (tenant, (family.time_field, -1), key, *((f, 1) for f in family.found_with)): {},
            ((family.time_field, 1),): {"expireAfterSeconds": 90 * 86_400},
            **{
                tuple((field, 1) for field in index.fields): part_of(index)
                for index in family.indexes
            },
        }


async def test_a_second_start_changes_nothing(database: str, raw: Raw) -> None:
    await opened(database)
    before = list(raw["sales"].list_indexes())
    assert await opened(database) == []
    assert list(raw["sales"].list_indexes()) == before


async def test_a_changed_retention_is_applied(database: str, raw: Raw) -> None:
    await opened(database, retention=days(90))
    logs = await opened(database, retention=days(90) | {"sale": timedelta(days=365)})
    assert logs == [
        {
            "event": "retention_changed",
            "log_level": "info",
            "collection": "sales",
            "seconds": 365 * 86_400,
            "before": 90 * 86_400,
        }
    ]
    kept = {name: indexes(raw, name)[(("createdAt", 1),)] for name in ("sales", "credit_usage")}
    assert kept["sales"] == {"expireAfterSeconds": 365 * 86_400}
    assert kept["credit_usage"] == {"expireAfterSeconds": 90 * 86_400}


async def test_a_plain_index_of_the_time_becomes_the_end_of_the_retention(
    database: str, raw: Raw
) -> None:
    raw["sales"].create_index("createdAt")
    await opened(database, retention=days(365))
    assert indexes(raw, "sales")[(("createdAt", 1),)] == {"expireAfterSeconds": 365 * 86_400}


async def test_a_retention_beyond_what_mongodb_can_express_is_its_longest(
    database: str, raw: Raw
) -> None:
    await opened(database, retention=days(36_500))
    found = indexes(raw, "sales")[(("createdAt", 1),)]
    assert found == {"expireAfterSeconds": LONGEST_RETENTION}


async def test_an_index_that_is_not_declared_is_reported_and_stays(database: str, raw: Raw) -> None:
    raw["sales"].create_index([("plan", 1)], name="somebody's own")
    for _ in range(2):
        assert await opened(database) == [
            {
                "event": "index_not_declared",
                "log_level": "warning",
                "collection": "sales",
                "index": "somebody's own",
            }
        ]
    assert (("plan", 1),) in indexes(raw, "sales")


async def test_an_index_that_a_family_declares_is_made(database: str, raw: Raw) -> None:
    family = replace(SALE, indexes=(Index(("plan", "type")),))
    store = store_of(database, family)
    await store.open()
    await store.close()
    assert (("plan", 1), ("type", 1)) in indexes(raw, "sales")


async def test_a_database_of_the_version_before_gets_an_index_of_what_lacks_a_field(
    database: str, raw: Raw
) -> None:
    before = store_of(database, replace(AI_REQUEST, indexes=()))
    await before.open()
    await keep(before, AI_REQUEST, ai("open"), ai("over", ended_at=NOON, status="completed"))
    await before.close()
    after = store_of(database, AI_REQUEST)
    await after.open()
    assert await after.missing() == []
    await keep(after, AI_REQUEST, ai("later"))
    collection = raw["ai_requests"]
    found = collection.find({"endedAt": None}, hint=OPEN_ONES)
    assert sorted(one["requestId"] for one in found) == ["later", "open"]
    collection.drop_index(OPEN_ONES)
    collection.create_index(list(OPEN_KEYS), partialFilterExpression={"status": "pending"})
    assert await after.missing() == ["ai_requests {createdAt: 1, model: 1, status: 1}"]
    collection.drop_index(OPEN_ONES)
    collection.create_index(list(OPEN_KEYS))
    assert await after.missing() == []  # one of all documents has those as well
    await after.close()


async def test_what_is_in_progress_is_looked_for_in_its_own_index(database: str, raw: Raw) -> None:
    store = mongo_store(database)
    await store.open()
    over = (ai(str(n), ended_at=NOON, status="completed") for n in range(500))
    await keep(store, AI_REQUEST, ai("open"), *over)
    where = (*between("createdAt", NOON, minutes(1)), *WITHOUT_END)
    asked = query(where, Layout.of(AI_REQUEST).kinds)
    steps = raw["ai_requests"].find(asked).explain()["queryPlanner"]
    assert OPEN_ONES in repr(steps.get("winningPlan") or steps["Plan"]["Plans"])
    await store.close()


def store_of(uri: str, *families: Any) -> MongoStore:
    """A store of other families than those of the service."""
    return MongoStore(
        uri,
        families,
        retention=days(90),
        query_timeout_ms=10_000,
        write_timeout_ms=10_000,
        pool_size=5,
        observe=lambda operation, seconds: None,
        pool=lambda state, connections: None,
    )


def of_a_later_version(raw: Raw) -> None:
    raw["meterhouse_layouts"].update_one({"_id": "sales"}, {"$set": {"version": 2}})


def with_another_kind(raw: Raw) -> None:
    raw["meterhouse_layouts"].update_one(
        {"_id": "sales", "fields.name": "amount"}, {"$set": {"fields.$.kind": "integer"}}
    )


def with_keys_that_need_not_be_unique(raw: Raw) -> None:
    raw["sales"].drop_index("tenantId_1_transactionId_1")
    raw["sales"].create_index([("tenantId", 1), ("transactionId", 1)])


def with_an_index_of_other_documents(raw: Raw) -> None:
    raw["ai_requests"].drop_index(OPEN_ONES)
    raw["ai_requests"].create_index(list(OPEN_KEYS), partialFilterExpression={"status": "pending"})


def with_an_index_of_that_name(raw: Raw) -> None:
    raw["sales"].drop_index("createdAt_1")
    raw["sales"].create_index([("plan", 1)], name="createdAt_1")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (of_a_later_version, "sales has schema version 2, and this service knows 1 at most"),
        (with_another_kind, "sales.amount is stored as integer, and declared as money"),
        (with_keys_that_need_not_be_unique, "tenantId_1_transactionId_1 of sales is not unique"),
        (with_an_index_of_other_documents, f"{OPEN_ONES} of ai_requests leaves out what is looked"),
        (with_an_index_of_that_name, "cannot make the indexes of sales"),
    ],
)
async def test_what_only_an_operator_can_mend_stops_the_start(
    database: str, raw: Raw, spoil: Callable[[Raw], None], reason: str
) -> None:
    await opened(database)
    spoil(raw)
    store = mongo_store(database)
    with pytest.raises(IncompatibleStore, match=reason):
        await store.open()
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()


async def test_what_only_an_operator_can_mend_stops_no_running_service(
    database: str, raw: Raw
) -> None:
    await opened(database)
    of_a_later_version(raw)
    async with through_proxy(database) as (proxy, uri):
        proxy.cut = True
        store = mongo_store(uri)
        await store.open()
        proxy.cut = False
        with pytest.raises(StoreUnavailable, match="version 2"):
            await store.write([Insert(SALE, sale("s"))])
        raw["meterhouse_layouts"].update_one({"_id": "sales"}, {"$set": {"version": 1}})
        assert await store.write([Insert(SALE, sale("s"))]) == [Outcome.STORED]
        await store.close()


async def test_a_field_that_is_new_is_written_down(database: str, raw: Raw) -> None:
    await opened(database)
    kept = raw["meterhouse_layouts"]
    kept.update_one({"_id": "sales"}, {"$pull": {"fields": {"name": "plan"}}})
    await opened(database)
    layout = kept.find_one({"_id": "sales"}) or {}
    kinds = {field["name"]: field["kind"] for field in layout["fields"]}
    assert kinds["plan"] == "text"
    assert kinds["amount"] == "money"
    assert kinds["subscription.startDate"] == "moment"
    assert len(kinds) == len(layout["fields"]) == len(SALE.leaves)


async def test_several_replicas_may_start_at_once(database: str, raw: Raw) -> None:
    stores = [mongo_store(database) for _ in range(4)]
    await asyncio.gather(*(store.open() for store in stores))
    await asyncio.gather(*(store.ping() for store in stores))
    assert len(indexes(raw, "sales")) == 4 + len(SALE.indexes)
    assert raw["meterhouse_pings"].find_one() == {"_id": "ping", "count": 4}
    await asyncio.gather(*(store.close() for store in stores))


async def test_what_is_past_its_retention_goes_by_itself(database: str, raw: Raw) -> None:
    store = mongo_store(database, retention=days(1))
    await store.open()
    now = datetime.now(UTC)
    await keep(
        store,
        SALE,
        sale("old", created_at=now - timedelta(days=1, minutes=1)),
        sale("new", created_at=now - timedelta(hours=23)),
    )
    await keep(store, AI_REQUEST, ai("old", created_at=now - timedelta(days=2)))
    deadline = time.monotonic() + TTL_SECONDS
    while raw["sales"].count_documents({}) + raw["ai_requests"].count_documents({}) > 1:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert [left["transactionId"] for left in raw["sales"].find()] == ["new"]
    assert await store.purge(SALE, now) == 0
    await store.close()
