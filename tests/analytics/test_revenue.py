"""Money by currency and plan, and what customers spent, worked out by hand."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.access.principal import Scope
from exporter.analytics.exchange import Rates
from exporter.analytics.period import Period
from exporter.analytics.revenue import (
    converted_totals,
    paying_users,
    revenue_by_plan,
    totals_by_currency,
)
from exporter.fields import Money
from exporter.records.sale import Refund
from exporter.rollups.store import RolledStore

from ..recording import ADA, BOB, ELSEWHERE, LAST_MONTH, NOW, TENANT, Recorder, sale, utc


def money(text: str) -> Decimal:
    """An exact amount."""
    return Decimal(text)


async def totals(store: RolledStore, scope: Scope = TENANT, period: Period = LAST_MONTH) -> Any:
    """For each currency: revenue, refunds, net revenue, average transaction."""
    plans = await revenue_by_plan(store, scope, period)
    return {
        currency: (part.revenue, part.refunds, part.net_revenue, part.avg_transaction_value)
        for currency, part in totals_by_currency(plans).items()
    }


async def test_currencies_are_never_added_together(record: Recorder, store: RolledStore) -> None:
    await record(sale("10"), sale("5"), sale("300", currency="JPY"))
    assert await totals(store) == {
        "JPY": (300, 0, 300, 300),
        "USD": (15, 0, 15, money("7.5")),
    }


@pytest.mark.parametrize("kind", ["subscription", "upgrade", "purchase", "one_time", "debit"])
async def test_completed_money_in_is_revenue(
    record: Recorder, store: RolledStore, kind: str
) -> None:
    await record(sale("10", kind))
    assert await totals(store) == {"USD": (10, 0, 10, 10)}


@pytest.mark.parametrize("kind", ["refund", "credit"])
async def test_completed_money_back_is_a_refund(
    record: Recorder, store: RolledStore, kind: str
) -> None:
    await record(sale("10", kind))
    assert await totals(store) == {"USD": (0, 10, -10, None)}


@pytest.mark.parametrize("status", ["pending", "failed", "cancelled"])
async def test_money_that_did_not_move_does_not_count(
    record: Recorder, store: RolledStore, status: str
) -> None:
    await record(sale("10", status=status), sale("10", "refund", status=status))
    assert await totals(store) == {}


async def test_a_refunded_sale_stays_in_revenue_and_its_refund_counts_once(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        sale("10", status="refunded"),
        sale("20", status="refunded", refund=Refund(amount=Money("7.5"))),
    )
    assert await totals(store) == {"USD": (30, money("17.5"), money("12.5"), 15)}


async def test_money_counts_in_the_period_in_which_it_moved(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        sale(
            "10",
            status="refunded",
            created_at=utc(2026, 1, 10),
            refund=Refund(processed_at=utc(2026, 2, 5)),
        ),
        sale("3", created_at=utc(2026, 1, 31), updated_at=utc(2026, 2, 1)),
    )
    january = Period(utc(2026, 1, 1), utc(2026, 2, 1))
    february = Period(utc(2026, 2, 1), utc(2026, 3, 1))
    assert await totals(store, period=january) == {"USD": (10, 0, 10, 10)}
    assert await totals(store, period=february) == {"USD": (3, 10, -7, 3)}


async def test_users_and_tenants_see_their_own_money(record: Recorder, store: RolledStore) -> None:
    await record(
        sale("1"), sale("20", user_id="bob"), sale("300", tenant_id="globex"), sale(user_id=None)
    )
    assert await totals(store, ADA) == {"USD": (1, 0, 1, 1)}
    assert await totals(store, BOB) == {"USD": (20, 0, 20, 20)}
    assert await totals(store, ELSEWHERE) == {"USD": (300, 0, 300, 300)}
    everybody = await totals(store, TENANT)
    assert everybody == {"USD": (31, 0, 31, money("10.333333"))}


async def test_plans_with_the_most_transactions_come_first(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        sale("1", plan="basic"),
        sale("2", plan="basic"),
        sale("50", plan="pro"),
        sale("5", "refund", plan="pro"),
        sale("8", plan=None, currency="EUR"),
    )
    found = await revenue_by_plan(store, TENANT, LAST_MONTH)
    assert [
        (part.plan, part.currency, part.transactions, part.revenue, part.refunds, part.net_revenue)
        for part in found
    ] == [
        ("basic", "USD", 2, 3, 0, 3),
        (None, "EUR", 1, 8, 0, 8),
        ("pro", "USD", 1, 50, 5, 45),
    ]


async def test_sums_are_exact(record: Recorder, store: RolledStore) -> None:
    await record(*(sale("0.10") for _ in range(1000)), sale("0.000001"))
    (part,) = await revenue_by_plan(store, TENANT, LAST_MONTH)
    assert part.revenue == money("100.000001")


async def test_paying_users_are_those_of_completed_sales(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        sale("1"),
        sale("2"),
        sale("3", status="refunded", user_id="bob"),
        sale("4", user_id="eve", currency="EUR"),
        sale("5", "refund", user_id="tim"),
        sale("6", status="failed", user_id="tom"),
        sale("7", user_id=None),
        sale("8", user_id="sue", created_at=NOW),
    )
    assert await paying_users(store, TENANT, LAST_MONTH) == {"USD": 2, "EUR": 1}


async def test_converted_totals_are_exact_and_beside_those_by_currency(
    record: Recorder, store: RolledStore
) -> None:
    await record(sale("10"), sale("20", currency="EUR"), sale("5", "refund", currency="EUR"))
    found = totals_by_currency(await revenue_by_plan(store, TENANT, LAST_MONTH))
    assert converted_totals(found, None) is None
    converted = converted_totals(found, Rates("USD", {"EUR": money("1.1")}))
    assert converted is not None
    assert (converted.currency, converted.rates) == ("USD", {"EUR": money("1.1"), "USD": 1})
    assert (converted.revenue, converted.refunds, converted.net_revenue) == (
        32,
        money("5.5"),
        money("26.5"),
    )


async def test_without_a_rate_there_is_no_total(record: Recorder, store: RolledStore) -> None:
    await record(sale("10"), sale("20", currency="EUR"))
    found = totals_by_currency(await revenue_by_plan(store, TENANT, LAST_MONTH))
    converted = converted_totals(found, Rates("USD", {"GBP": money("1.3")}))
    assert converted is not None
    assert converted.missing == ["EUR"]
    assert converted.revenue is converted.refunds is converted.net_revenue is None
