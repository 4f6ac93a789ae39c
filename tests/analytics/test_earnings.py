"""Earnings by currency, worked out by hand."""

from decimal import Decimal

import pytest

from exporter.analytics.earnings import earnings
from exporter.analytics.exchange import Rates
from exporter.analytics.period import Period
from exporter.rollups.store import RolledStore

from ..recording import ADA, TENANT, Recorder, engagement, sale, subscription, utc

MARCH = Period(utc(2026, 3, 1), utc(2026, 4, 1))
NOW = utc(2026, 5, 1)


@pytest.fixture
async def march(record: Recorder) -> None:
    """Four users; dollars in both months, euros in March, pounds in February only."""
    terms = {"start_date": utc(2026, 2, 15), "end_date": utc(2026, 6, 1)}
    await record(
        subscription("30", created_at=utc(2026, 2, 15), terms=terms),
        sale("20", created_at=utc(2026, 2, 20)),
        sale("90", created_at=utc(2026, 3, 10), user_id="bob"),
        sale("15", "refund", created_at=utc(2026, 3, 11), user_id="bob"),
        subscription(
            "120",
            created_at=utc(2026, 3, 20),
            currency="EUR",
            user_id="eve",
            terms={"interval": "yearly"},
        ),
        sale("5", created_at=utc(2026, 2, 10), currency="GBP", user_id="bob"),
        engagement(user_id="tim", timestamp=utc(2026, 3, 31, 23, 59)),
        engagement(user_id="zoe", timestamp=utc(2026, 4, 1)),
        sale("1000", tenant_id="globex", created_at=utc(2026, 3, 5)),
    )


@pytest.mark.usefixtures("march")
async def test_revenue_of_a_user_and_its_growth(store: RolledStore) -> None:
    found = await earnings(store, TENANT, MARCH, now=NOW)
    assert list(found.by_currency) == ["EUR", "GBP", "USD"]
    assert (found.total_users, found.converted) == (4, None)
    usd = found.by_currency["USD"]
    assert (usd.total_revenue, usd.refunds, usd.net_revenue) == (90, 15, 75)
    # 28 days of February are shorter than March: the period before begins on 29 January
    assert usd.revenue_growth == 50.0
    assert usd.average_revenue_per_user == Decimal("18.75")
    assert (usd.paying_users, usd.average_revenue_per_paying_user) == (1, 75)
    assert (usd.mrr, usd.arr, usd.customers) == (30, 360, 1)
    assert (usd.customer_churn_rate, usd.revenue_churn_rate) == (0.0, 0.0)
    assert (usd.net_revenue_retention, usd.predicted_lifetime_value) == (100.0, None)
    eur = found.by_currency["EUR"]
    assert (eur.mrr, eur.mrr_movement.new, eur.revenue_growth) == (10, 10, None)
    gbp = found.by_currency["GBP"]
    assert (gbp.net_revenue, gbp.revenue_growth, gbp.mrr) == (0, -100.0, 0)
    assert (gbp.average_revenue_per_user, gbp.average_revenue_per_paying_user) == (0, None)


@pytest.mark.usefixtures("march")
async def test_with_rates_there_are_totals_of_all_currencies(store: RolledStore) -> None:
    rates = Rates("USD", {"EUR": Decimal("1.1"), "GBP": Decimal("1.3")})
    found = (await earnings(store, TENANT, MARCH, now=NOW, rates=rates)).converted
    assert found is not None
    assert (found.currency, found.missing) == ("USD", [])
    assert (found.mrr, found.arr) == (41, 492)
    assert (found.total_revenue, found.refunds, found.net_revenue) == (222, 15, 207)
    assert found.average_revenue_per_user == Decimal("51.75")
    before = Decimal("56.5")
    assert found.revenue_growth == pytest.approx(float(100 * (207 - before) / before))


@pytest.mark.usefixtures("march")
async def test_with_a_rate_missing_there_are_no_totals(store: RolledStore) -> None:
    rates = Rates("USD", {"GBP": Decimal("1.3")})
    found = (await earnings(store, TENANT, MARCH, now=NOW, rates=rates)).converted
    assert found is not None
    assert found.missing == ["EUR"]
    assert found.mrr is found.arr is found.net_revenue is found.revenue_growth is None
    assert found.average_revenue_per_user is None


@pytest.mark.usefixtures("march")
async def test_one_users_earnings_are_their_own(store: RolledStore) -> None:
    found = await earnings(store, ADA, MARCH, now=NOW)
    assert list(found.by_currency) == ["USD"]
    assert (found.total_users, found.by_currency["USD"].net_revenue) == (1, 0)
    assert found.by_currency["USD"].mrr == 30


async def test_without_sales_there_is_no_currency(store: RolledStore) -> None:
    rates = Rates("USD", {})
    found = await earnings(store, TENANT, MARCH, now=NOW, rates=rates)
    assert (found.by_currency, found.total_users) == ({}, 0)
    assert found.converted is not None
    assert (found.converted.mrr, found.converted.revenue_growth) == (0, None)
    assert found.converted.average_revenue_per_user is None
