"""Series of any family and interval, without gaps."""

from decimal import Decimal

from exporter.analytics.period import Period
from exporter.analytics.series import series
from exporter.records.sale import SALE
from exporter.rollups.store import RolledStore
from exporter.storage.query import Function, Measure, equals

from ..recording import TENANT, Recorder, sale, utc

MEASURES = (
    Measure("count"),
    Measure("revenue", Function.SUM, "revenue"),
    Measure("users", Function.DISTINCT, "userId"),
    Measure("largest", Function.MAX, "amount"),
)
QUARTER = Period(utc(2026, 1, 15), utc(2026, 4, 1))


async def test_an_interval_without_records_is_what_nothing_adds_up_to(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        sale("10", created_at=utc(2026, 1, 14)),
        sale("20", created_at=utc(2026, 1, 15)),
        sale("30", created_at=utc(2026, 3, 31, 23, 59)),
        sale("40", created_at=utc(2026, 4, 1)),
    )
    found = await series(store, SALE, MEASURES, TENANT, QUARTER, interval="month")
    assert found == [
        {"time": utc(2026, 1, 1), "count": 1, "revenue": 20, "users": 1, "largest": 20},
        {"time": utc(2026, 2, 1), "count": 0, "revenue": 0, "users": 0, "largest": None},
        {"time": utc(2026, 3, 1), "count": 1, "revenue": 30, "users": 1, "largest": 30},
    ]
    assert type(found[1]["revenue"]) is Decimal


async def test_a_series_is_within_its_filters(record: Recorder, store: RolledStore) -> None:
    await record(sale(created_at=utc(2026, 2, 2)), sale(created_at=utc(2026, 2, 3), plan="x"))
    where = (equals("plan", "x"),)
    found = await series(store, SALE, MEASURES, TENANT, QUARTER, where=where, interval="week")
    assert len(found) == 12
    assert sum(row["count"] for row in found) == 1
    assert found[0]["time"] == utc(2026, 1, 12)
