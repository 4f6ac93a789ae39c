"""MongoDB that is not there, goes away, hangs, or comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter.errors import Unavailable
from exporter.records import SALE
from exporter.storage.base import Insert, Outcome, StoreUnavailable
from exporter.storage.mongo import MongoStore
from exporter.storage.query import Aggregation, Find, Function, Measure

from ..services.mongodb import connected, through_proxy
from ..services.proxy import Proxy
from .conftest import mongo_store
from .documents import DERIVED, TENANT, derived, keep, sale

LIMIT_MS = 1_000
SOON = 15.0
"""Seconds in which everything here has to end; the limits are much shorter, machines are slow."""

CALLS: dict[str, Callable[[MongoStore], Awaitable[Any]]] = {
    "write": lambda store: store.write([Insert(SALE, sale("s"), "id")]),
    "put": lambda store: store.put(DERIVED, (), [derived("d")]),
    "ping": lambda store: store.ping(),
    "get": lambda store: store.get(SALE, TENANT, "s"),
    "find": lambda store: store.find(Find(SALE)),
    "aggregate": lambda store: store.aggregate(Aggregation(SALE, [Measure("n")])),
}


@asynccontextmanager
async def away(uri: str, **state: bool) -> AsyncIterator[tuple[Proxy, MongoStore]]:
    """A proxy in that state, and a store behind it that was opened so."""
    async with through_proxy(uri) as (proxy, behind):
        for name, value in state.items():
            setattr(proxy, name, value)
        store = mongo_store(behind, query_timeout_ms=LIMIT_MS, write_timeout_ms=LIMIT_MS)
        await store.open()
        yield proxy, store
        await store.close()


async def succeeds(call: Callable[[], Awaitable[Any]]) -> Any:
    """What a call gives once the server is found again."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                return await call()
            except StoreUnavailable:
                await asyncio.sleep(0.01)


async def all_at_once(store: MongoStore) -> dict[str, Any]:
    """What comes of every call, be it an answer or a failure."""
    ended = await asyncio.gather(*(call(store) for call in CALLS.values()), return_exceptions=True)
    return dict(zip(CALLS, ended, strict=True))


async def test_a_server_that_is_not_there_is_unavailable(contract_database: str) -> None:
    async with asyncio.timeout(SOON), away(contract_database, cut=True) as (_, store):
        ended = await all_at_once(store)
    assert {type(failure) for failure in ended.values()} == {StoreUnavailable}


async def test_a_server_that_hangs_is_given_up(contract_database: str) -> None:
    async with asyncio.timeout(SOON), away(contract_database) as (proxy, store):
        await store.ping()
        proxy.frozen = True
        ended = await all_at_once(store)
        assert {type(failure) for failure in ended.values()} == {StoreUnavailable}
        proxy.frozen = False
        await succeeds(store.ping)


async def test_a_server_that_hangs_at_the_start_does_not_stop_it(contract_database: str) -> None:
    async with asyncio.timeout(SOON), away(contract_database, frozen=True) as (proxy, store):
        with pytest.raises(StoreUnavailable):
            await store.ping()
        proxy.frozen = False
        await succeeds(store.ping)


async def test_indexes_are_made_before_the_first_write_when_the_server_was_away_at_the_start(
    database: str,
) -> None:
    with capture_logs() as logs:
        async with away(database, cut=True) as (proxy, store):
            assert [log["event"] for log in logs] == ["database_unavailable"]
            proxy.cut = False
            insert = Insert(SALE, sale("s"), "a")
            assert await succeeds(lambda: store.write([insert])) == [Outcome.STORED]
            again = [Insert(SALE, sale("s"), "b")]
            assert await store.write(again) == [Outcome.DUPLICATE]
    with connected(database) as client:
        assert len(list(client.get_default_database()["sales"].list_indexes())) == 4 + len(
            SALE.indexes
        )


async def test_indexes_are_looked_at_again_after_an_outage(database: str) -> None:
    async with away(database) as (proxy, store):
        proxy.cut = True
        proxy.drop()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        with connected(database) as client:  # the one that comes back is new
            client.drop_database(client.get_default_database().name)
        proxy.cut = False
        await succeeds(store.ping)
        writes = await asyncio.gather(
            *(store.write([Insert(SALE, sale("s"), str(number))]) for number in range(4))
        )
        assert sorted(outcome.value for (outcome,) in writes) == ["duplicate"] * 3 + ["stored"]


async def test_a_write_whose_answer_was_lost_is_recognised(database: str) -> None:
    operations = [Insert(SALE, sale(str(number)), f"id {number}") for number in range(50)]
    async with away(database) as (proxy, store):
        proxy.frozen = True
        with pytest.raises(StoreUnavailable):
            await store.write(operations)
        proxy.frozen = False  # what was sent arrives now
        outcomes = await succeeds(lambda: store.write(operations))
        assert outcomes == [Outcome.STORED] * 50
        assert await store.aggregate(Aggregation(SALE, [Measure("n")])) == [{"n": 50}]


async def test_connections_that_were_cut_while_idle_are_replaced(contract_database: str) -> None:
    async with away(contract_database) as (proxy, store):
        for _ in range(3):
            await store.ping()
            proxy.drop()
            await succeeds(store.ping)
            proxy.drop()
            assert isinstance(await succeeds(lambda: store.find(Find(SALE))), list)


async def test_closing_does_not_wait_for_a_server_that_hangs(contract_database: str) -> None:
    async with asyncio.timeout(SOON), away(contract_database) as (proxy, store):
        await store.ping()
        proxy.frozen = True


async def test_a_query_that_takes_too_long_is_unavailable_and_says_what_helps(
    database: str,
) -> None:
    store = mongo_store(database, query_timeout_ms=2)
    await store.open()
    for part in range(5):
        await keep(store, SALE, *(sale(f"{part} {number}") for number in range(2_000)))
    measures = [
        Measure(f"p{percent}", Function.PERCENTILE, "amount", quantile=percent / 100)
        for percent in range(50, 100)
    ]
    with pytest.raises(Unavailable, match="longer than 2 ms; ask for a shorter range"):
        await store.aggregate(Aggregation(SALE, measures, by=["transactionId"]))
    await store.close()
