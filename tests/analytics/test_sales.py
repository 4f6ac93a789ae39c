"""Numbers of sales, worked out by hand."""

import pytest

from exporter.access.principal import Scope
from exporter.analytics.period import Period
from exporter.analytics.sales import sales_breakdown, sales_summary
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import ADA, BOB, DAY, LAST_MONTH, NOW, TENANT, Recorder, sale, subscription


@pytest.fixture
async def eight_sales(record: Recorder) -> None:
    """Six of Ada's, one of Bob's, one of another tenant."""
    await record(
        sale("10", payment_method="card"),
        sale("20", status="refunded", payment_method="card"),
        sale("30", status="failed", payment_method="paypal"),
        sale("40", status="pending"),
        sale("5", "refund", payment_method="card"),
        sale("7", "credit", status="failed"),
        sale("100", user_id="bob", currency="EUR", plan="gold"),
        sale("1000", tenant_id="globex"),
    )


@pytest.mark.usefixtures("eight_sales")
async def test_the_numbers_of_a_user(store: RolledStore) -> None:
    found = await sales_summary(store, ADA, LAST_MONTH, now=NOW)
    stats = found.stats
    assert stats.total_transactions == 6
    assert (stats.successful_transactions, stats.failed_transactions) == (2, 1)
    assert stats.refunded_transactions == 2
    assert stats.success_rate == pytest.approx(200 / 3)
    assert list(stats.by_currency) == ["USD"]
    usd = stats.by_currency["USD"]
    assert (usd.revenue, usd.refunds, usd.net_revenue) == (30, 25, 5)
    assert usd.avg_transaction_value == 15
    assert [(part.plan, part.revenue) for part in found.revenue_by_plan] == [("pro", 30)]
    assert found.customer_lifetime_value["USD"].spent == 5


@pytest.mark.usefixtures("eight_sales")
@pytest.mark.parametrize(("scope", "number"), [(TENANT, 7), (BOB, 1), (Scope("x", None), 0)])
async def test_nobody_counts_what_is_not_theirs(
    store: RolledStore, scope: Scope, number: int
) -> None:
    found = await sales_summary(store, scope, LAST_MONTH, now=NOW)
    assert found.stats.total_transactions == number


async def test_over_nothing_there_is_no_rate_and_no_currency(store: RolledStore) -> None:
    found = await sales_breakdown(store, TENANT, LAST_MONTH, now=NOW)
    assert found.stats.success_rate is None
    assert found.stats.by_currency == found.customer_lifetime_value == {}
    assert found.monthly_recurring_revenue == {}
    assert found.revenue_by_plan == found.payment_method_distribution == []
    assert found.subscriptions.by_plan == []


@pytest.mark.usefixtures("eight_sales")
async def test_transactions_count_in_the_period_in_which_they_were_created(
    store: RolledStore,
) -> None:
    found = await sales_summary(store, TENANT, Period(NOW - 2 * DAY, NOW - DAY), now=NOW)
    assert found.stats.total_transactions == 0
    assert found.customer_lifetime_value == {}


@pytest.mark.usefixtures("eight_sales")
async def test_filters_narrow_every_part(store: RolledStore) -> None:
    found = await sales_breakdown(store, TENANT, LAST_MONTH, (equals("currency", "EUR"),), now=NOW)
    assert found.stats.total_transactions == 1
    assert list(found.stats.by_currency) == list(found.customer_lifetime_value) == ["EUR"]
    assert [part.plan for part in found.revenue_by_plan] == ["gold"]


@pytest.mark.usefixtures("eight_sales")
async def test_payment_methods_share_all_transactions(store: RolledStore) -> None:
    found = await sales_breakdown(store, ADA, LAST_MONTH, now=NOW)
    assert [(part.name, part.count, part.share) for part in found.payment_method_distribution] == [
        ("card", 3, 50.0),
        (None, 2, pytest.approx(100 / 3)),
        ("paypal", 1, pytest.approx(100 / 6)),
    ]


async def test_subscriptions_are_counted_at_the_end_of_the_period(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        subscription("10", created_at=NOW - 60 * DAY),
        subscription("10", user_id="bob", created_at=NOW - 5 * DAY),
        subscription("24", user_id="eve", plan="gold", currency="EUR", terms={"auto_renew": False}),
        subscription("9", user_id="tim", terms={"trial_end": NOW + DAY}),
    )
    found = await sales_breakdown(store, TENANT, LAST_MONTH, now=NOW)
    assert found.monthly_recurring_revenue == {"USD": 10, "EUR": 24}
    counts = found.subscriptions
    assert (counts.active, counts.trial, counts.cancelled) == (1, 1, 1)
    assert [(part.plan, part.active, part.trial, part.cancelled) for part in counts.by_plan] == [
        ("gold", 0, 0, 1),
        ("pro", 1, 1, 0),
    ]
    earlier = Period(NOW - 60 * DAY, NOW - 50 * DAY)
    assert (await sales_breakdown(store, TENANT, earlier, now=NOW)).subscriptions.active == 1


async def test_a_period_that_is_not_over_is_looked_at_now(
    record: Recorder, store: RolledStore
) -> None:
    await record(subscription("10", terms={"end_date": NOW + DAY}))
    to_come = Period(NOW - DAY, NOW + 2 * DAY)
    assert (await sales_breakdown(store, TENANT, to_come, now=NOW)).subscriptions.active == 1
