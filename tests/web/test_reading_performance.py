"""Reading performance over HTTP."""

from typing import Any

import pytest

from ..conftest import Service
from .reading import counts, post

STATS = "/api/performance/stats"
ADMIN = "/api/performance/admin/stats"


def called(time: float, **values: Any) -> dict[str, Any]:
    """The body of a call of Ada's."""
    plain = {
        "service": "shop",
        "endpoint": "/users/42",
        "method": "GET",
        "statusCode": 200,
        "userId": "ada",
    }
    return plain | {"responseTime": time, **values}


@pytest.fixture
async def filled(service: Service) -> Service:
    """Two calls of Ada's, one of Bob's, one of nobody's, one of another tenant."""
    await post(
        service,
        "performance",
        called(10),
        called(30, statusCode=500, endpoint="/users/43"),
        called(50, userId="bob", endpoint="/pay"),
        called(70, userId=None, service="mail"),
        called(90, tenantId="globex"),
    )
    return service


async def test_everybody_reads_what_they_may(filled: Service) -> None:
    assert await counts(filled, f"{STATS}?", "totalRequests") == {
        "ada": 2,
        "bob": 1,
        "bob asks for ada": 403,
        "admin": 4,
        "admin asks for ada": 2,
        "stranger": 1,
        "stranger asks for ada": 1,
        "service": 403,
    }


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ("endpoint=/users/7", 3),
        ("endpoint=/users/:id", 3),
        ("statusCode=500", 1),
        ("service=mail&method=GET", 1),
        ("method=POST", 0),
    ],
)
async def test_filters_narrow_the_numbers(filled: Service, query: str, calls: int) -> None:
    status, answer = await filled.admin()("GET", f"{STATS}?{query}")
    assert (status, answer["totalRequests"]) == (200, calls)


async def test_a_filter_that_cannot_be_is_refused(service: Service) -> None:
    status, answer = await service.admin()("GET", f"{STATS}?statusCode=abc&method=LOOK")
    assert status == 400
    assert {problem["path"] for problem in answer["details"]} == {"statusCode", "method"}


async def test_the_breakdown_is_for_admins_and_has_every_part(filled: Service) -> None:
    status, _ = await filled.user("ada")("GET", ADMIN)
    assert status == 403
    status, answer = await filled.admin()("GET", f"{ADMIN}?period=1h")
    assert status == 200
    assert answer["stats"]["errorRate"] == 25.0
    assert [part["name"] for part in answer["serviceDistribution"]] == ["shop", "mail"]
    assert [(call["service"], call["endpoint"]) for call in answer["slowestEndpoints"]] == [
        ("mail", "/users/:id"),
        ("shop", "/pay"),
        ("shop", "/users/:id"),
    ]
    assert [call["errorCount"] for call in answer["errorRates"]] == [1]
    assert [point["count"] for point in answer["timeSeries"]] == [0, 4]
