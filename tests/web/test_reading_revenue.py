"""Reading revenue over HTTP."""

import pytest

from exporter.setting_kinds import EXCHANGE_RATES

from ..conftest import Service, Start
from .reading import YESTERDAY, counts, post

REVENUE = "/api/analytics/revenue"
SALES = "/api/analytics/sales/stats"
ADMIN = "/api/analytics/admin/sales/stats"


async def fill(service: Service) -> Service:
    """A subscription of Ada's, a sale of Bob's in euros, one of another tenant."""
    sale = {"status": "completed", "amount": 20, "plan": "pro", "createdAt": YESTERDAY}
    await post(
        service,
        "sale",
        {**sale, "transactionId": "t1", "type": "subscription", "userId": "ada"},
        {
            **sale,
            "transactionId": "t2",
            "type": "purchase",
            "userId": "bob",
            "amount": 10.1,
            "currency": "EUR",
        },
        {**sale, "transactionId": "t3", "type": "purchase", "tenantId": "globex"},
    )
    return service


@pytest.fixture
async def filled(service: Service) -> Service:
    """The service with these sales."""
    return await fill(service)


async def test_revenue_is_for_admins_of_the_tenant(filled: Service) -> None:
    assert await counts(filled, f"{REVENUE}?", "totalUsers") == {
        "ada": 403,
        "bob": 403,
        "bob asks for ada": 403,
        "admin": 2,
        "admin asks for ada": 1,
        "stranger": 0,
        "stranger asks for ada": 0,
        "service": 403,
    }
    _, answer = await filled.admin(tenant="globex")("GET", REVENUE)
    assert answer["byCurrency"]["USD"]["netRevenue"] == 20


async def test_revenue_by_currency(filled: Service) -> None:
    status, answer = await filled.admin()("GET", REVENUE)
    assert (status, answer["totalUsers"], answer["converted"]) == (200, 2, None)
    assert answer["byCurrency"]["USD"] == {
        "mrr": 20,
        "arr": 240,
        "totalRevenue": 20,
        "refunds": 0,
        "netRevenue": 20,
        "averageRevenuePerUser": 10,
        "averageRevenuePerPayingUser": 20,
        "payingUsers": 1,
        "revenueGrowth": None,
        "customers": 1,
        "customerChurnRate": None,
        "revenueChurnRate": None,
        "netRevenueRetention": None,
        "mrrMovement": {
            "start": 0,
            "new": 20,
            "reactivated": 0,
            "expansion": 0,
            "contraction": 0,
            "churned": 0,
            "end": 20,
        },
        "predictedLifetimeValue": None,
    }
    assert answer["byCurrency"]["EUR"]["netRevenue"] == 10.1
    _, answer = await filled.admin()("GET", ADMIN)
    assert answer["recurringRevenue"]["USD"]["movement"]["new"] == 20
    assert answer["monthlyRecurringRevenue"] == {"USD": 20}


async def test_configured_rates_give_totals_beside_those_by_currency(start: Start) -> None:
    rates = EXCHANGE_RATES.read("EUR:1.1")
    service = await fill(await start(reporting_currency="USD", fx_rates=rates))
    _, answer = await service.admin()("GET", REVENUE)
    converted = answer["converted"]
    assert (converted["currency"], converted["rates"]) == ("USD", {"EUR": 1.1, "USD": 1})
    assert (converted["netRevenue"], converted["mrr"], converted["missing"]) == (31.11, 20, [])
    _, answer = await service.user("bob")("GET", SALES)
    assert answer["stats"]["converted"]["revenue"] == 11.11
    assert answer["stats"]["byCurrency"]["EUR"]["revenue"] == 10.1
    _, answer = await service.admin()("GET", "/api/metrics/dashboard")
    assert answer["kpis"]["sales"]["converted"]["netRevenue"] == 31.11


async def test_without_rates_nothing_is_converted(filled: Service) -> None:
    _, answer = await filled.user("bob")("GET", SALES)
    assert answer["stats"]["converted"] is None
