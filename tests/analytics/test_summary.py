"""Series of every family, without gaps."""

from decimal import Decimal

import pytest

from exporter.analytics.period import Period
from exporter.analytics.summary import MoneyPoint, summary
from exporter.intervals import Interval
from exporter.records.ai_request import Tokens
from exporter.records.sale import Refund
from exporter.rollups.store import RolledStore

from ..recording import (
    ADA,
    TENANT,
    Recorder,
    ai_request,
    credit,
    engagement,
    performance,
    sale,
    utc,
)

THREE_DAYS = Period(utc(2026, 2, 27), utc(2026, 3, 2))


async def test_every_family_has_its_series(record: Recorder, store: RolledStore) -> None:
    await record(
        ai_request(created_at=utc(2026, 2, 27), tokens=Tokens(2, 3), cost=0.5),
        engagement(timestamp=utc(2026, 2, 28), value=1.5),
        engagement(timestamp=utc(2026, 2, 28, 23, 59, 59), user_id="bob", session_id="s2"),
        performance(timestamp=utc(2026, 3, 1), status_code=500),
        credit(created_at=utc(2026, 3, 1)),
        credit(created_at=utc(2026, 3, 2)),
        engagement(timestamp=utc(2026, 2, 28), tenant_id="globex"),
    )
    found = await summary(store, TENANT, THREE_DAYS, "day")
    assert found.group_by == "day"
    days = [utc(2026, 2, 27), utc(2026, 2, 28), utc(2026, 3, 1)]
    for series in (
        found.ai_requests,
        found.engagement,
        found.sales,
        found.performance,
        found.credits,
    ):
        assert [point.time for point in series] == days
    assert [(one.count, one.total_tokens) for one in found.ai_requests] == [(1, 5), (0, 0), (0, 0)]
    assert [(one.count, one.users, one.sessions, one.total_value) for one in found.engagement] == [
        (0, 0, 0, 0.0),
        (2, 2, 2, 1.5),
        (0, 0, 0, 0.0),
    ]
    assert [(one.count, one.error_rate) for one in found.performance] == [
        (0, None),
        (0, None),
        (1, 100.0),
    ]
    assert [one.uses for one in found.credits] == [0, 0, 1]
    ada = await summary(store, ADA, THREE_DAYS, "day")
    assert [one.count for one in ada.engagement] == [0, 1, 0]


async def test_money_lies_where_it_moved_and_every_currency_in_every_interval(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        sale("10", created_at=utc(2026, 2, 27)),
        sale(
            "8",
            created_at=utc(2026, 2, 28),
            status="refunded",
            refund=Refund(processed_at=utc(2026, 3, 1)),
        ),
        sale("5", currency="EUR", created_at=utc(2026, 2, 26), updated_at=utc(2026, 3, 1)),
        sale("99", status="failed", created_at=utc(2026, 3, 1)),
        sale("77", created_at=utc(2026, 3, 2)),
    )
    found = (await summary(store, TENANT, THREE_DAYS, "day")).sales
    nothing = MoneyPoint(Decimal(0), Decimal(0), Decimal(0))
    assert [point.count for point in found] == [1, 1, 1]
    assert [point.by_currency for point in found] == [
        {"EUR": nothing, "USD": MoneyPoint(Decimal(10), Decimal(0), Decimal(10))},
        {"EUR": nothing, "USD": MoneyPoint(Decimal(8), Decimal(0), Decimal(8))},
        {
            "EUR": MoneyPoint(Decimal(5), Decimal(0), Decimal(5)),
            "USD": MoneyPoint(Decimal(0), Decimal(8), Decimal(-8)),
        },
    ]


@pytest.mark.parametrize(
    ("interval", "beginnings"),
    [
        ("hour", [utc(2026, 3, 1, 23), utc(2026, 3, 2)]),
        ("day", [utc(2026, 3, 1), utc(2026, 3, 2)]),
        ("week", [utc(2026, 2, 23), utc(2026, 3, 2)]),
        ("month", [utc(2026, 3, 1)]),
    ],
)
async def test_the_intervals_are_those_of_the_calendar(
    record: Recorder, store: RolledStore, interval: Interval, beginnings: list
) -> None:
    await record(
        sale(created_at=utc(2026, 3, 1, 23, 59, 59)), engagement(timestamp=utc(2026, 3, 2))
    )
    period = Period(utc(2026, 3, 1, 23), utc(2026, 3, 2, 1))
    found = await summary(store, TENANT, period, interval)
    assert [point.time for point in found.sales] == beginnings
    assert sum(point.count for point in found.sales) == 1
    assert found.engagement[-1].count == 1


async def test_an_empty_period_has_no_intervals(store: RolledStore) -> None:
    start = utc(2026, 3, 1)
    assert (await summary(store, TENANT, Period(start, start), "day")).sales == []
