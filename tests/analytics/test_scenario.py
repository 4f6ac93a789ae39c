"""A month whose every number is worked out on paper, the same on every engine.

The month is that of february.py; what stands beside a number here is how it comes about.
"""

import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from exporter.analytics.conversion import conversion
from exporter.analytics.credits import credit_stats
from exporter.analytics.earnings import earnings
from exporter.analytics.endpoints import alerts, error_rates, slowest_endpoints
from exporter.analytics.engagement import engagement_breakdown
from exporter.analytics.exchange import Rates
from exporter.analytics.funnel import funnel
from exporter.analytics.kpis import comparison
from exporter.analytics.performance import performance_stats
from exporter.analytics.period import Period
from exporter.analytics.resources import system_resources
from exporter.analytics.retention import last_intervals, retention
from exporter.analytics.sales import sales_breakdown
from exporter.analytics.score import engagement_score
from exporter.analytics.summary import Summary, summary
from exporter.analytics.usage import ai_breakdown
from exporter.analytics.users import busiest_users, user_numbers
from exporter.rollups.store import RolledStore

from ..recording import DAY, TENANT, Recorder, rolled_up
from ..storage.conftest import ENGINES, contract_database  # noqa: F401  # its fixture
from .february import AFTER, FIRST, LAST, at, everything

FEBRUARY = Period(FIRST, AFTER)
JANUARY = Period(at(1, 3), FIRST)  # the 29 days before
NOW = at(4, 1)
RATES = Rates("USD", {"EUR": Decimal("1.1")})
USD, EUR = "USD", "EUR"
PERCENTILE = re.compile(r"p\d\d")
"""What rollups give within 5 %."""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(
    params=["sqlite", "mongodb", "sqlite, rolled up"], scope="module", loop_scope="module"
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[RolledStore]:
    """A store with everything in it, and a stranger's copy of it beside; it is only read."""
    engine, _, rolled = request.param.partition(", ")
    async with ENGINES[engine](request) as reach:
        store = RolledStore(reach(), lambda: NOW)
        await store.open()
        record = Recorder(store)
        await record(*everything())
        strangers = everything()
        for document in strangers:
            document.tenant_id = "globex"  # type: ignore[attr-defined]  # every document has one
        await record(*strangers)
        if rolled:
            await rolled_up(store, NOW)
        yield store
        await store.close()


def shown(answer: msgspec.Struct) -> dict[str, Any]:
    """An answer's own numbers by their wire names: neither lists nor objects."""
    found = msgspec.to_builtins(answer, builtin_types=(Decimal,))
    return {
        name: value for name, value in found.items() if not isinstance(value, list | dict | bool)
    }


def check(found: Mapping[str, Any], paper: Mapping[str, Any]) -> None:
    """Hold an answer against the paper: all numbers are there, money and counts to the digit."""
    assert found.keys() == paper.keys()
    for name, value in paper.items():
        if isinstance(value, float):
            within = 0.05 if PERCENTILE.match(name) else 1e-12
            assert found[name] == pytest.approx(value, rel=within), name
        else:
            assert found[name] == value, name


def money(text: str) -> Decimal:
    """An exact amount."""
    return Decimal(text)


AI_STATS = {
    "totalRequests": 67,  # ada 20, bob 5, cyd 10, eve 4, gus 1, lea 25, hal's two of four
    "inputTokens": 4045,  # 20 x 100 + 10 x 200 + 25 x 1 + 2 x 10
    "outputTokens": 2045,  # 20 x 50 + 10 x 100 + 25 x 1 + 2 x 10
    "totalTokens": 6090,
    "totalCost": 10.25,  # 20 x 0.25 + 10 x 0.5 + 2 x 0.125
    "avgDuration": 51000 / 62,  # (25 x 100 + 5 x 500 + 20 x 1000 + 10 x 2000 + 2 x 3000) / 62
    "p50Duration": 1000.0,  # the 31st of 62: 30 are shorter
    "p95Duration": 2000.0,  # the 59th: 60 take 2000 at most
    "p99Duration": 3000.0,  # the 62nd
    "successCount": 57,  # 20 + 10 + 25 + 2
    "failureCount": 5,  # bob
    "cancelledCount": 4,  # eve
    "pendingCount": 1,  # gus
    "successRate": 100 * 57 / 66,  # of those that ended
}


async def test_ai_requests(store: RolledStore) -> None:
    found = await ai_breakdown(store, TENANT, FEBRUARY)
    check(shown(found.stats), AI_STATS)
    assert [(one.name, one.count) for one in found.model_distribution] == [
        ("gpt", 28),  # ada 20, bob 5, gus 1, hal 2
        ("mini", 25),  # lea
        ("opus", 14),  # cyd 10, eve 4
    ]
    assert [(one.name, one.count) for one in found.plan_distribution] == [
        ("basic", 34),  # bob 5, eve 4, lea 25
        ("pro", 32),  # ada 20, cyd 10, hal 2
        ("team", 1),  # gus
    ]
    check(
        shown(found.router),
        {"routedRequests": 10, "baselineCost": 7.5, "cost": 5.0, "savings": 2.5},  # cyd
    )
    assert len(found.time_series) == 29
    assert found.time_series[0].count == found.time_series[9].count == 3  # ada, lea; hal or cyd


ENGAGEMENT_STATS = {
    "totalEvents": 34,  # ada 15, bob 3, eve 3, ida 2, kim 1, lea 2, gus 3, fay 2, hal 2, nobody 1
    "uniqueUsers": 9,  # those, without nobody
    "uniqueSessions": 18,  # ada 5, bob 3, fay 2, hal 2, and one each of the other six
    "totalValue": 7.5,  # 5 x 1.5
    "avgTimeOnPage": 60.0,
    "avgScrollDepth": 50.0,
}
SESSIONS = {
    "count": 19,  # gus's sessionId is two
    "avgLength": 8970 / 19,  # ada 5 x 1200, eve 600, ida 600, lea 30, gus 1740
    "medianLength": 0.0,  # the 10th of 19, of which 10 are 0
    "avgEvents": 34 / 19,
    "avgPages": 21 / 19,  # ada 5 x 2, bob 3, gus 2 + 1, fay 2, hal 2, nobody 1
    "bounces": 10,  # bob 3, kim, gus's second, fay 2, hal 2, nobody
    "bounceRate": 1000 / 19,
}


async def test_engagement(store: RolledStore) -> None:
    found = await engagement_breakdown(store, TENANT, FEBRUARY)
    check(shown(found.stats), ENGAGEMENT_STATS)
    check(shown(found.sessions), SESSIONS)
    assert [(one.name, one.count) for one in found.event_distribution] == [
        ("view", 19),  # ada 10, bob 3, gus 3, hal 2, nobody 1
        ("logout", 5),
        ("signup", 4),
        ("activate", 2),  # eve, ida; kim's is in March
        ("search", 2),
        ("subscribe", 2),
    ]
    assert [(one.name, one.count, one.users) for one in found.activity_by_plan] == [
        ("pro", 21, 4),  # ada 15, fay 2, hal 2, ida 2
        ("basic", 8, 3),  # bob 3, eve 3, lea 2
        ("team", 4, 2),  # gus 3, kim 1
        (None, 1, 0),
    ]
    assert [(one.page, one.count, one.users) for one in found.top_pages] == [
        ("/home", 13, 4),  # ada 5, bob 3, gus 2, hal 2, nobody 1
        ("/docs", 5, 1),
        ("/search", 2, 1),
        ("/a", 1, 1),
    ]
    assert [
        (one.feature, one.count, one.users, one.adoption_rate) for one in found.feature_adoption
    ] == [("docs", 6, 2, pytest.approx(200 / 9))]
    assert [(one.query, one.count, one.users) for one in found.top_searches] == [("invoices", 2, 1)]


async def test_funnel(store: RolledStore) -> None:
    steps = ("signup", "activate", "subscribe")
    found = await funnel(store, TENANT, FEBRUARY, steps=steps, window=7 * DAY)
    assert [
        (one.users, one.conversion_from_previous, one.conversion_from_first, one.median_seconds)
        for one in found
    ] == [
        (4, None, 100.0, None),  # eve, ida, kim, lea
        (3, 75.0, 75.0, 600.0),  # eve after 5 min, ida after 10, kim after 4 days, in March
        (1, pytest.approx(100 / 3), 25.0, 300.0),  # eve; lea did not activate
    ]


USERS = {
    "totalUsers": 12,
    "activeUsers": 11,  # all but jan
    "newUsers": 3,  # eve, ida, kim
    "returningUsers": 8,
    "churnedUsers": 1,  # jan, of ada, bob, cyd, dan, gus, hal, jan, lea in January
    "churnRate": 100 / 12,
    "activeUserRate": 1100 / 12,
    "dau": 6,  # on 29 February: ada, cyd, gus, hal, kim, lea
    "wau": 7,  # since the 23rd: and fay
    "mau": 11,  # since 31 January: as in February
    "stickiness": 600 / 11,
}


async def test_users(store: RolledStore) -> None:
    check(shown(await user_numbers(store, TENANT, FEBRUARY)), USERS)
    (most,) = await busiest_users(store, TENANT, FEBRUARY, where=(), limit=1)
    # ada: 20 requests, 15 events, 3 sales (a purchase, a renewal, a refund), 20 calls
    assert (most.user_id, most.events) == ("ada", 58)
    score = await engagement_score(store, "acme", "ada", Period(at(1, 31), AFTER))
    assert (score.days, score.score) == (30, 55)  # 2 x 15 + 5 x 5


async def test_retention(store: RolledStore) -> None:
    cohorts = last_intervals(AFTER, "week", 5)
    found = await retention(store, TENANT, cohorts, until=AFTER, interval="week", periods=5)
    assert [
        (one.time.day, one.users, [part.users for part in one.retention]) for one in found.cohorts
    ] == [
        # eve, gus, lea; the next week all of them; then lea, lea, and lea and gus
        (29, 3, [3, 3, 1, 1, 2]),
        (5, 0, [0, 0, 0, 0]),
        (12, 0, [0, 0, 0]),
        (19, 1, [1, 0]),  # ida
        (26, 1, [1]),  # kim
    ]


async def test_conversion(store: RolledStore) -> None:
    found = await conversion(store, TENANT, FEBRUARY)
    # ada, eve, fay, gus, hal, ida, kim, lea; bob upgraded, cyd was debited, dan's is pending
    check(shown(found), {"totalUsers": 11, "convertedUsers": 8, "conversionRate": 100 * 8 / 11})


SALES_STATS = {
    "totalTransactions": 18,
    "successfulTransactions": 13,  # without dan's, eve's purchase, a refund, a credit, a failure
    "failedTransactions": 1,
    "refundedTransactions": 3,  # ada's purchase, the refund, the credit
    "successRate": 100 * 13 / 14,
}
MONEY = {
    USD: {
        # ada 20 + 30, bob 30, cyd 1.10, hal 10, ida 30, gus 90, kim 12 + 45.50
        "revenue": money("268.60"),
        "refunds": money("7.50"),  # 5 + 2.50; ada's 7.25 come back in March
        "netRevenue": money("261.10"),
        "avgTransactionValue": money("29.844444"),  # 268.60 / 9
    },
    EUR: {
        "revenue": money("49.34"),  # eve 8, fay 28, lea 12.34 + 1
        "refunds": money("8"),  # jan's of January
        "netRevenue": money("41.34"),
        "avgTransactionValue": money("12.335"),  # 49.34 / 4
    },
}
BY_PLAN = {
    # plan, currency: transactions, revenue, refunds
    (None, USD): (3, money("66.60"), money("7.50")),  # ada 20, cyd 1.10, kim 45.50
    ("basic", USD): (1, money("10"), 0),  # hal
    ("pro", USD): (3, money("90"), 0),  # bob, ada, ida
    ("team", USD): (2, money("102"), 0),  # kim 12, gus 90
    (None, EUR): (1, money("12.34"), 0),  # lea
    ("basic", EUR): (2, money("9"), money("8")),  # eve 8, lea 1; jan's 8 went back
    ("pro", EUR): (1, money("28"), 0),  # fay
}
LIFETIME = {
    USD: {
        "customers": 9,  # ada, bob, cyd, dan, gus, hal, ida, kim, lea
        "transactions": 16,  # cyd's year, 6 in January, 9 in February
        "spent": money("911.10"),  # 300 + 350 + 268.60 - 7.50
        "averageOrder": money("57.4125"),  # 918.60 / 16
        "averagePerCustomer": money("101.233333"),  # 911.10 / 9
        "firstPurchase": "2023-06-01T00:00:00Z",
        "lastPurchase": "2024-02-29T23:59:59.999000Z",
        "predicted": money("223.8"),  # 261.10 / 7 paying users, over 1 of 6 customers lost
    },
    EUR: {
        "customers": 4,  # eve, fay, jan, lea
        "transactions": 6,
        "spent": money("77.34"),  # 28 + 8 + 49.34 - 8
        "averageOrder": money("14.223333"),  # 85.34 / 6
        "averagePerCustomer": money("19.335"),
        "firstPurchase": "2023-11-10T00:00:00Z",
        "lastPurchase": "2024-02-28T12:00:00Z",
        "predicted": money("13.78"),  # 41.34 / 3, over 1 of 1
    },
}
SUBSCRIPTIONS = {
    # plan: active, trial, cancelled
    "basic": (3, 0, 0),  # eve, hal, lea
    "pro": (3, 1, 1),  # ada, bob, fay; ida tries; cyd will not renew
    "team": (2, 0, 0),  # gus, kim
}


async def test_sales(store: RolledStore) -> None:
    found = await sales_breakdown(store, TENANT, FEBRUARY, now=NOW, rates=RATES)
    check(shown(found.stats), SALES_STATS)
    for currency, paper in MONEY.items():
        check(shown(found.stats.by_currency[currency]), paper)
    assert {
        (one.plan, one.currency): (one.transactions, one.revenue, one.refunds)
        for one in found.revenue_by_plan
    } == BY_PLAN
    for currency, paper in LIFETIME.items():
        check(shown(found.customer_lifetime_value[currency]), paper)
    assert {
        one.plan: (one.active, one.trial, one.cancelled) for one in found.subscriptions.by_plan
    } == SUBSCRIPTIONS
    converted = found.stats.converted
    assert converted is not None
    # 268.60 + 1.1 x 49.34; 7.50 + 1.1 x 8
    assert (converted.revenue, converted.refunds) == (money("322.874"), money("16.3"))


EARNINGS = {
    USD: {
        "mrr": money("237"),  # ada 30, bob 30, cyd 300 / 12, gus 90, hal 10, kim 12 x 52 / 12
        "arr": money("2844"),
        "totalRevenue": money("268.60"),
        "refunds": money("7.50"),
        "netRevenue": money("261.10"),
        "averageRevenuePerUser": money("21.758333"),  # 261.10 / 12
        "averageRevenuePerPayingUser": money("37.3"),  # 261.10 / 7
        "payingUsers": 7,  # ada, bob, cyd, gus, hal, ida, kim
        # January had 350: ada 30, bob 10, dan 90, gus 90, hal 30, lea 100
        "revenueGrowth": -25.4,
        "customers": 6,
        "customerChurnRate": 100 / 6,  # dan, of ada, bob, cyd, dan, gus, hal
        "revenueChurnRate": 40.0,  # (90 + 20) / 275
        "netRevenueRetention": 18500 / 275,  # 30 + 30 + 25 + 0 + 90 + 10
        "predictedLifetimeValue": money("223.8"),
    },
    EUR: {
        "mrr": money("66.416667"),  # eve 8, fay 28, lea 1 x 365 / 12
        "arr": money("797"),  # 96 + 336 + 365
        "totalRevenue": money("49.34"),
        "refunds": money("8"),
        "netRevenue": money("41.34"),
        "averageRevenuePerUser": money("3.445"),
        "averageRevenuePerPayingUser": money("13.78"),
        "payingUsers": 3,  # eve, fay, lea
        "revenueGrowth": 416.75,  # (41.34 - 8) / 8
        "customers": 3,
        "customerChurnRate": 100.0,  # jan
        "revenueChurnRate": 100.0,
        "netRevenueRetention": 0.0,
        "predictedLifetimeValue": money("13.78"),
    },
}
MOVEMENTS = {
    USD: {
        "start": money("275"),  # ada 30, bob 10, cyd 25, dan 90, gus 90, hal 30
        "new": money("52"),  # kim
        "reactivated": 0,
        "expansion": money("20"),  # bob
        "contraction": money("-20"),  # hal
        "churned": money("-90"),  # dan
        "end": money("237"),
    },
    EUR: {
        "start": money("8"),  # jan
        "new": money("38.416667"),  # eve, lea
        "reactivated": money("28"),  # fay
        "expansion": 0,
        "contraction": 0,
        "churned": money("-8"),  # jan
        "end": money("66.416667"),
    },
}


async def test_earnings(store: RolledStore) -> None:
    found = await earnings(store, TENANT, FEBRUARY, now=NOW, rates=RATES)
    assert found.total_users == 12
    for currency, paper in EARNINGS.items():
        check(shown(found.by_currency[currency]), paper)
        check(shown(found.by_currency[currency].mrr_movement), MOVEMENTS[currency])
    converted = found.converted
    assert converted is not None
    check(
        shown(converted),
        {
            "currency": USD,
            "mrr": money("310.058333"),  # 237 + 1.1 x 797 / 12
            "arr": money("3720.7"),  # 2844 + 1.1 x 797
            "totalRevenue": money("322.874"),
            "refunds": money("16.3"),
            "netRevenue": money("306.574"),
            "averageRevenuePerUser": money("25.547833"),  # 306.574 / 12
            "revenueGrowth": float(100 * (money("306.574") - money("358.8")) / money("358.8")),
        },
    )


PERFORMANCE_STATS = {
    "totalRequests": 54,  # ada 20, bob 5, eve 4, cyd 24, hal's one of two
    "avgResponseTime": 5180 / 54,  # 20 x 100 + 5 x 300 + 4 x 50 + 24 x 20 + 1000
    "minResponseTime": 20.0,
    "maxResponseTime": 1000.0,
    "p50ResponseTime": 50.0,  # the 27th: 24 take 20, 4 take 50
    "p95ResponseTime": 300.0,  # the 52nd
    "p99ResponseTime": 1000.0,  # the 54th
    "successCount": 45,
    "errorCount": 9,  # bob 5, eve 4
    "serverErrorCount": 5,  # bob
    "errorRate": 900 / 54,
    "serverErrorRate": 500 / 54,
    "totalRequestSize": 0,
    "totalResponseSize": 0,
    "avgRequestSize": None,
    "avgResponseSize": None,
    "avgCpuUsage": 40.0,
    "avgMemoryUsage": None,
    "avgDiskUsage": None,
}


async def test_performance(store: RolledStore) -> None:
    check(shown(await performance_stats(store, TENANT, FEBRUARY)), PERFORMANCE_STATS)
    slowest = await slowest_endpoints(store, TENANT, FEBRUARY, (), 10)
    assert [(one.endpoint, one.avg_response_time) for one in slowest] == [
        ("/pay", pytest.approx(2500 / 6)),  # bob 5 x 300, hal 1000
        ("/cart", pytest.approx(2200 / 24)),  # ada 20 x 100, eve 4 x 50
        ("/send", 20.0),
    ]
    failing = await error_rates(store, TENANT, FEBRUARY, (), 10)
    assert [(one.endpoint, one.error_count, one.count) for one in failing] == [
        ("/pay", 5, 6),
        ("/cart", 4, 24),
    ]
    found = await alerts(store, TENANT, FEBRUARY, error_rate=20.0, response_time=400.0)
    assert [(one.type, one.endpoint) for one in found] == [
        ("error_rate", "/pay"),  # 83.3 % is 4.2 times 20 %
        ("response_time", "/pay"),
    ]
    hours = (await system_resources(store, TENANT, FEBRUARY)).time_series
    assert len(hours) == 29 * 24
    assert {one.avg_cpu_usage for one in hours[-24:]} == {40.0}
    assert {one.reports for one in hours[:-24]} == {0}


async def test_credits(store: RolledStore) -> None:
    found = await credit_stats(store, TENANT, FEBRUARY)
    check(
        shown(found.stats),
        {"uses": 9, "totalCredits": 18.0, "totalCost": 1.5, "uniqueUsers": 2, "avgCredits": 2.0},
    )
    assert [(one.feature, one.total_credits) for one in found.by_feature] == [
        ("chat", 15.0),
        ("code", 3.0),
    ]
    assert [(one.user_id, one.total_cost) for one in found.by_user] == [("fay", 1.5), ("ida", 0.0)]


BY_WEEK = {
    # the week's first day: requests, events, USD and EUR of revenue, refunds of either
    at(1, 29): (11, 10, 0, money("20.34"), 0, 0),
    at(2, 5): (23, 6, 50, 0, 0, 0),
    at(2, 12): (21, 4, money("31.10"), 0, 5, 8),
    at(2, 19): (10, 7, 40, 28, 0, 0),
    at(2, 26): (2, 7, money("147.50"), 1, money("2.50"), 0),
}


async def test_series_by_week(store: RolledStore) -> None:
    found = await summary(store, TENANT, FEBRUARY, "week")
    assert {
        requests.time: (
            requests.count,
            events.count,
            sales.by_currency[USD].revenue,
            sales.by_currency[EUR].revenue,
            sales.by_currency[USD].refunds,
            sales.by_currency[EUR].refunds,
        )
        for requests, events, sales in zip(
            found.ai_requests, found.engagement, found.sales, strict=True
        )
    } == BY_WEEK


@pytest.mark.parametrize(
    ("interval", "number"), [("hour", 29 * 24), ("day", 29), ("week", 5), ("month", 1)]
)
async def test_series_of_every_interval_add_up_to_the_month(
    store: RolledStore, interval: Any, number: int
) -> None:
    found: Summary = await summary(store, TENANT, FEBRUARY, interval)
    for series, whole in (
        (found.ai_requests, 67),
        (found.engagement, 34),
        (found.sales, 18),
        (found.performance, 54),
    ):
        assert len(series) == number
        assert sum(point.count for point in series) == whole
    assert sum(point.total_credits for point in found.credits) == 18.0
    for currency, paper in MONEY.items():
        money_points = [point.by_currency[currency] for point in found.sales]
        assert sum(point.net_revenue for point in money_points) == paper["netRevenue"]


async def test_february_beside_january(store: RolledStore) -> None:
    found = await comparison(store, TENANT, "sales", current=FEBRUARY, previous=JANUARY)
    assert found.previous["byCurrency"][USD]["revenue"] == 350
    assert found.previous["totalTransactions"] == 7
    change = found.change
    assert change["totalTransactions"] == pytest.approx(1100 / 7)
    assert change["byCurrency"][USD]["revenue"] == pytest.approx(100 * (268.6 - 350) / 350)
    assert change["byCurrency"][USD]["refunds"] is None


async def test_the_month_ends_with_its_last_millisecond(store: RolledStore) -> None:
    cut = Period(FIRST, LAST)
    whole = await ai_breakdown(store, TENANT, FEBRUARY)
    assert (
        whole.stats.total_requests - (await ai_breakdown(store, TENANT, cut)).stats.total_requests
        == 1
    )
    later = await earnings(store, TENANT, cut, now=NOW)
    assert later.by_currency[USD].total_revenue == money("223.10")  # without kim's 45.50
