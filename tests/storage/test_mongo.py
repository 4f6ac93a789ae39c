"""What is MongoDB's own: its address, its connections, and what is told of them."""

import asyncio
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from pymongo.monitoring import ConnectionClosedEvent, ConnectionCreatedEvent

from exporter.records import AI_REQUEST, SALE
from exporter.storage.base import IncompatibleStore, Insert, Outcome, StoreUnavailable
from exporter.storage.mongo import MongoStore
from exporter.storage.mongo_client import PoolWatch, connect
from exporter.storage.query import Aggregation, Find, Function, Measure, Order, equals

from ..services.mongodb import connected
from .conftest import mongo_store
from .documents import DERIVED, TENANT, ai, keep, sale

NOWHERE = "mongodb://127.0.0.1:9"


def ignore(state: str, connections: int) -> None:
    """Take no notice of the pool."""


async def options(uri: str) -> dict[str, Any]:
    """The driver's options for that URI."""
    client = connect(uri, pool_size=7, socket_timeout_ms=3_000, pool=ignore)
    chosen = client.delegate.options
    client.close()
    return {
        "pool": chosen.pool_options.max_pool_size,
        "socket": chosen.pool_options.socket_timeout,
        "connect": chosen.pool_options.connect_timeout,
        "select": chosen.server_selection_timeout,
        "retry": chosen.retry_writes,
    }


async def test_connections_have_limits_of_their_own() -> None:
    assert await options(NOWHERE) == {
        "pool": 7,
        "socket": 3.0,
        "connect": 2.0,
        "select": 1.0,
        "retry": True,
    }


async def test_what_the_uri_says_of_connections_wins() -> None:
    given = await options(
        f"{NOWHERE}/?maxPoolSize=3&serverselectiontimeoutms=250&retryWrites=false"
    )
    assert (given["pool"], given["select"], given["retry"]) == (3, 0.25, False)
    assert given["socket"] == 3.0


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://user:p@s3cr3t@host/x",
        "mongodb://user:s3cr3t/t@host/x",
        "mongodb://user:s3cr3t@host:port/x",
        "mongodb://user:s3cr3t@host/a%20b",
        "mongodb://user:s3cr3t@host/x?w=0&journal=true",
    ],
)
async def test_an_address_that_is_none_stops_the_start_and_is_not_quoted(uri: str) -> None:
    with pytest.raises(IncompatibleStore, match="percent-encoded") as raised:
        await mongo_store(uri).open()
    assert "s3cr3t" not in str(raised.value)
    assert raised.value.__suppress_context__


async def test_without_a_name_in_the_address_the_database_is_meterhouse(mongodb_uri: str) -> None:
    with connected(mongodb_uri) as client:
        before = set(client.list_database_names())
        store = mongo_store(mongodb_uri)
        await store.open()
        await store.close()
        try:
            assert set(client.list_database_names()) - before <= {"meterhouse"}
            assert "sales" in client["meterhouse"].list_collection_names()
        finally:
            if "meterhouse" not in before:
                client.drop_database("meterhouse")


async def test_every_operation_is_observed_on_the_loops_thread(contract_database: str) -> None:
    told: list[tuple[str, float, int]] = []
    store = mongo_store(
        contract_database,
        observe=lambda name, seconds: told.append((name, seconds, threading.get_ident())),
    )
    await store.open()
    await store.write([Insert(SALE, sale("s"))])
    await store.put(DERIVED, (), [])
    await store.get(SALE, TENANT, "s")
    await store.find(Find(SALE))
    await store.aggregate(Aggregation(SALE, [Measure("n")]))
    await store.ping()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.ping()
    names = ["write", "put", "get", "find", "aggregate", "ping", "ping"]
    assert [name for name, _, _ in told] == names
    assert all(seconds >= 0 for _, seconds, _ in told)
    assert {thread for _, _, thread in told} == {threading.get_ident()}


async def test_the_pool_is_told_of_until_it_is_gone(contract_database: str) -> None:
    told: list[tuple[str, int, int]] = []
    store = mongo_store(
        contract_database,
        pool=lambda state, number: told.append((state, number, threading.get_ident())),
    )
    await store.open()
    await asyncio.gather(*(store.find(Find(SALE)) for _ in range(5)))
    await store.close()
    latest: dict[str, int] = {}
    deadline = time.monotonic() + 10
    while latest != {"active": 0, "idle": 0, "total": 0}:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
        latest = {state: number for state, number, _ in told}
    assert {thread for _, _, thread in told} == {threading.get_ident()}
    assert max(number for state, number, _ in told if state == "total") >= 1
    assert max(number for state, number, _ in told if state == "active") >= 1


async def test_many_pool_events_are_told_of_once() -> None:
    told: list[tuple[str, int]] = []
    watch = PoolWatch(
        asyncio.get_running_loop(), lambda state, number: told.append((state, number))
    )
    for number in range(100):
        watch.connection_created(ConnectionCreatedEvent(("host", 1), number))
    watch.connection_closed(ConnectionClosedEvent(("host", 1), 0, "idle"))
    await asyncio.sleep(0)
    assert told == [("active", 0), ("idle", 99), ("total", 99)]


def test_pool_events_after_the_end_of_the_loop_are_nobodys() -> None:
    loop = asyncio.new_event_loop()
    watch = PoolWatch(loop, ignore)
    loop.close()
    watch.connection_created(ConnectionCreatedEvent(("host", 1), 1))


async def test_closing_waits_for_a_write_that_is_under_way(mongo: MongoStore) -> None:
    operations = [Insert(AI_REQUEST, ai(str(number))) for number in range(2_000)]
    write = asyncio.create_task(mongo.write(operations))
    await asyncio.sleep(0)
    await mongo.close()
    assert write.done()
    assert await write == [Outcome.STORED] * 2_000


async def test_a_query_that_nobody_waits_for_any_more_does_no_harm(mongo: MongoStore) -> None:
    await keep(mongo, SALE, sale("s"))
    for _ in range(20):
        query = asyncio.create_task(mongo.aggregate(Aggregation(SALE, [Measure("n")])))
        await asyncio.sleep(0)
        query.cancel()
    assert await mongo.aggregate(Aggregation(SALE, [Measure("n")])) == [{"n": 1}]


async def test_a_limit_of_nothing_gives_nothing(mongo: MongoStore) -> None:
    await keep(mongo, SALE, sale("s"))
    assert await mongo.find(Find(SALE, limit=0)) == []
    assert await mongo.aggregate(Aggregation(SALE, [Measure("n")], by=["plan"], limit=0)) == []


async def test_queries_of_a_closed_store_are_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="not open"):
        await mongo_store(NOWHERE).find(Find(SALE))


async def test_documents_with_the_same_time_and_key_come_in_the_order_of_tenants(
    mongo: MongoStore,
) -> None:
    await keep(mongo, SALE, *(sale("s", tenant_id=tenant) for tenant in "cab"))
    found = await mongo.find(Find(SALE))
    assert [document.tenant_id for document in found] == ["a", "b", "c"]
    both = (equals("tenantId", "b"), equals("transactionId", "s"))
    assert [document.tenant_id for document in await mongo.find(Find(SALE, both))] == ["b"]


async def test_rows_are_ordered_by_averages_of_money_as_they_are_shown(mongo: MongoStore) -> None:
    amounts = {"b": ["0"], "a": ["0", "0.000001"], "d": ["0", "0.000003"], "c": ["0.000002"]}
    for plan, paid in amounts.items():
        await keep(mongo, SALE, *(sale(f"{plan}{n}", of, plan=plan) for n, of in enumerate(paid)))
    average = Measure("average", Function.AVG, "amount")
    rows = await mongo.aggregate(
        Aggregation(SALE, [average], by=["plan"], order=[Order("average")])
    )
    assert [(row["plan"], row["average"]) for row in rows] == [
        ("a", Decimal(0)),
        ("b", Decimal(0)),
        ("c", Decimal("0.000002")),
        ("d", Decimal("0.000002")),
    ]
