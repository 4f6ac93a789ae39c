"""Money is exact: a million sales of 0.10 are 100000.00 on every engine.

A thousand are stored by the service. The databases make a thousand of each, being faster at it.
"""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from exporter.records import FAMILIES, SALE
from exporter.storage.base import Store
from exporter.storage.query import Aggregation, Function, Measure
from exporter.storage.sqlite import SqliteStore

from ..services.mongodb import connected
from .conftest import mongo_store
from .documents import keep, sale

TOTAL = Aggregation(
    SALE,
    [
        Measure("sales"),
        Measure("total", Function.SUM, "amount"),
        Measure("average", Function.AVG, "amount"),
    ],
)
EXPECTED = [{"sales": 1_000_000, "total": Decimal("100000.00"), "average": Decimal("0.10")}]


async def a_thousand(store: Store) -> None:
    """Store a thousand sales of 0.10."""
    await keep(store, SALE, *(sale(str(number), "0.10") for number in range(1_000)))


async def test_a_million_sales_add_up_to_the_cent_on_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    store = SqliteStore(
        path, FAMILIES, query_timeout_ms=60_000, observe=lambda operation, seconds: None
    )
    await store.open()
    await a_thousand(store)
    with closing(sqlite3.connect(path)) as raw, raw:
        columns = [name for _, name, *_ in raw.execute("PRAGMA table_info(sales)")]
        names = ", ".join(f'"{name}"' for name in columns)
        values = names.replace('"transactionId"', "\"transactionId\" || '.' || copy")
        raw.execute(
            "WITH RECURSIVE copies (copy) AS "
            "(SELECT 1 UNION ALL SELECT copy + 1 FROM copies WHERE copy < 999) "
            f"INSERT INTO sales ({names}) SELECT {values} FROM sales, copies"
        )
    assert await store.aggregate(TOTAL) == EXPECTED
    await store.close()


async def test_a_million_sales_add_up_to_the_cent_on_mongodb(database: str) -> None:
    store = mongo_store(database, query_timeout_ms=60_000)
    await store.open()
    await a_thousand(store)
    with connected(database) as client:
        raw = client.get_default_database()
        key = {"$concat": ["$transactionId", ".", {"$toString": "$copy"}]}
        raw["sales"].aggregate(
            [
                {"$set": {"copy": {"$range": [0, 1_000]}}},
                {"$unwind": "$copy"},
                {"$project": {"_id": key, "transactionId": key, "tenantId": 1, "amount": 1}},
                {"$out": "a_million"},
            ]
        )
        raw["a_million"].rename("sales", dropTarget=True)
    assert await store.aggregate(TOTAL) == EXPECTED
    await store.close()
