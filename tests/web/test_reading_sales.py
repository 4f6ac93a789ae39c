"""Reading sales over HTTP."""

from typing import Any

import orjson
import pytest

from ..conftest import Service
from .reading import YESTERDAY, counts, post

STATS = "/api/analytics/sales/stats"
ADMIN = "/api/analytics/admin/sales/stats"


def bought(key: str, amount: float, **values: Any) -> dict[str, Any]:
    """The body of a completed purchase of Ada's."""
    plain = {"type": "purchase", "status": "completed", "userId": "ada", "plan": "pro"}
    return plain | {"transactionId": key, "amount": amount, **values}


@pytest.fixture
async def filled(service: Service) -> Service:
    """Three sales of Ada's, one of Bob's, one of nobody's, one of another tenant."""
    await post(
        service,
        "sale",
        bought("t1", 10.1, createdAt=YESTERDAY, paymentMethod="card"),
        bought("t2", 20.2, status="refunded", refund={"amount": 5.05}),
        bought("t3", 99, status="failed"),
        bought("t4", 120, type="subscription", userId="bob", subscription={"interval": "yearly"}),
        bought("t5", 1000, userId=None, currency="JPY", plan=None),
        bought("t6", 1, tenantId="globex"),
    )
    return service


async def test_everybody_reads_what_they_may(filled: Service) -> None:
    assert await counts(filled, f"{STATS}?", "stats", "totalTransactions") == {
        "ada": 3,
        "bob": 1,
        "bob asks for ada": 403,
        "admin": 5,
        "admin asks for ada": 3,
        "stranger": 1,
        "stranger asks for ada": 1,
        "service": 403,
    }


async def test_the_breakdown_is_for_admins(filled: Service) -> None:
    found = await counts(filled, f"{ADMIN}?", "stats", "totalTransactions")
    assert (found["ada"], found["admin"], found["admin asks for ada"]) == (403, 5, 3)


async def test_money_is_exact_to_the_last_digit(filled: Service) -> None:
    response = await filled.user("ada").raw("GET", STATS)
    text = await response.text()
    assert '"netRevenue":25.25' in text
    answer = orjson.loads(text)
    assert answer["stats"] == {
        "totalTransactions": 3,
        "successfulTransactions": 2,
        "failedTransactions": 1,
        "refundedTransactions": 1,
        "successRate": pytest.approx(200 / 3),
        "byCurrency": {
            "USD": {
                "revenue": 30.3,
                "refunds": 5.05,
                "netRevenue": 25.25,
                "avgTransactionValue": 15.15,
            }
        },
        "converted": None,
    }
    assert answer["revenueByPlan"] == [
        {
            "plan": "pro",
            "currency": "USD",
            "transactions": 2,
            "revenue": 30.3,
            "refunds": 5.05,
            "netRevenue": 25.25,
        }
    ]
    assert answer["customerLifetimeValue"]["USD"] == {
        "customers": 1,
        "transactions": 2,
        "spent": 25.25,
        "averageOrder": 15.15,
        "averagePerCustomer": 25.25,
        "firstPurchase": "2026-03-14T12:00:00.000Z",
        "lastPurchase": "2026-03-15T12:00:00.000Z",
        "predicted": None,
    }


async def test_an_admin_sees_what_recurs_and_each_currency_by_itself(filled: Service) -> None:
    status, answer = await filled.admin()("GET", ADMIN)
    assert status == 200
    assert answer["monthlyRecurringRevenue"] == {"USD": 10}
    assert answer["subscriptions"] == {
        "active": 1,
        "trial": 0,
        "cancelled": 0,
        "byPlan": [{"plan": "pro", "active": 1, "trial": 0, "cancelled": 0}],
    }
    assert {name: part["revenue"] for name, part in answer["stats"]["byCurrency"].items()} == {
        "JPY": 1000,
        "USD": 150.3,
    }
    assert answer["paymentMethodDistribution"] == [
        {"name": None, "count": 4, "share": 80.0},
        {"name": "card", "count": 1, "share": 20.0},
    ]


async def test_filters_narrow_the_numbers(filled: Service) -> None:
    _, answer = await filled.admin()("GET", f"{ADMIN}?currency=JPY")
    assert list(answer["stats"]["byCurrency"]) == ["JPY"]
    assert answer["monthlyRecurringRevenue"] == {}
