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


SLOWEST = "/api/performance/slowest-endpoints"
ERRORS = "/api/performance/error-rates"
RESOURCES = "/api/performance/system-resources"
CURRENT = "/api/performance/current-system"
ALERTS = "/api/performance/admin/alerts"


@pytest.mark.parametrize(
    ("path", "where", "ada", "admin"),
    [
        (SLOWEST, ("endpoints",), 1, 3),
        (ERRORS, ("stats", "totalRequests"), 2, 4),
    ],
)
async def test_everybody_reads_the_endpoints_they_may(
    filled: Service, path: str, where: tuple[str, ...], ada: int, admin: int
) -> None:
    found = await counts(filled, f"{path}?", *where)
    assert found == {
        "ada": ada,
        "bob": 1,
        "bob asks for ada": 403,
        "admin": admin,
        "admin asks for ada": ada,
        "stranger": 1,
        "stranger asks for ada": 1,
        "service": 403,
    }


async def test_the_slowest_and_the_failing_come_first(filled: Service) -> None:
    _, answer = await filled.admin()("GET", f"{SLOWEST}?limit=1")
    assert answer["endpoints"] == [
        {
            "service": "mail",
            "endpoint": "/users/:id",
            "method": "GET",
            "count": 1,
            "avgResponseTime": 70.0,
            "maxResponseTime": 70.0,
            "errorCount": 0,
            "errorRate": 0.0,
        }
    ]
    _, answer = await filled.admin()("GET", ERRORS)
    assert (answer["stats"]["errorRate"], answer["stats"]["serverErrorRate"]) == (25.0, 25.0)
    assert [(one["service"], one["errorRate"]) for one in answer["endpoints"]] == [("shop", 50.0)]


async def test_alerts_are_for_admins_and_have_thresholds_of_their_own(filled: Service) -> None:
    assert (await filled.user("ada")("GET", ALERTS))[0] == 403
    _, answer = await filled.admin()("GET", ALERTS)
    assert answer["alerts"] == [
        {
            "type": "error_rate",
            "severity": "critical",
            "service": "shop",
            "endpoint": "/users/:id",
            "method": "GET",
            "value": 50.0,
            "threshold": 5.0,
            "count": 2,
        }
    ]
    path = f"{ALERTS}?errorRateThreshold=50&responseTimeThreshold=60"
    _, answer = await filled.admin()("GET", path)
    assert [(one["type"], one["service"]) for one in answer["alerts"]] == [
        ("response_time", "mail")
    ]
    for query in ("errorRateThreshold=101", "responseTimeThreshold=-1", "errorRateThreshold=nan"):
        assert (await filled.admin()("GET", f"{ALERTS}?{query}"))[0] == 400


async def test_resources_are_by_the_hour(service: Service) -> None:
    await post(
        service,
        "performance",
        called(10, system={"cpu": {"usage": 20}, "memory": {"percentage": 60}}),
        called(10, system={"cpu": {"usage": 90}}, userId="bob", service="mail"),
    )
    _, answer = await service.user("ada")("GET", f"{RESOURCES}?period=1h")
    assert [(one["reports"], one["avgCpuUsage"]) for one in answer["timeSeries"]] == [
        (0, None),
        (1, 20.0),
    ]
    _, answer = await service.admin()("GET", f"{RESOURCES}?service=mail")
    assert [(one["service"], one["maxCpuUsage"]) for one in answer["services"]] == [("mail", 90.0)]
    status, _ = await service.admin()("GET", f"{RESOURCES}?startDate=2020-01-01")
    assert status == 400


async def test_the_current_system_is_for_admins(service: Service) -> None:
    assert (await service.user("ada")("GET", CURRENT))[0] == 403
    status, answer = await service.admin()("GET", CURRENT)
    assert (status, answer["timestamp"]) == (200, "2026-03-15T12:00:00.000Z")
    assert 0 <= answer["cpuUsage"] <= 100
    assert 0 < answer["memoryUsage"] <= 100
    assert answer["load"].keys() == {"1m", "5m", "15m"}
