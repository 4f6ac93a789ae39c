"""Reading AI requests over HTTP."""

import pytest

from ..conftest import Service
from .reading import YESTERDAY, counts, post

STATS = "/api/ai-tracking/stats"
HISTORY = "/api/ai-tracking/history"
ADMIN = "/api/ai-tracking/admin/stats"


@pytest.fixture
async def filled(service: Service) -> Service:
    """Two requests of Ada's, one of Bob's, one of nobody's, one of another tenant."""
    await post(
        service,
        "ai_request",
        {
            "requestId": "r1",
            "model": "gpt-4o",
            "userId": "ada",
            "status": "completed",
            "tokens": {"input": 100, "output": 10},
            "cost": 0.5,
            "durationMs": 1500,
            "prompt": "SECRET",
            "response": "SECRET",
            "createdAt": YESTERDAY,
        },
        {"requestId": "r2", "model": "opus", "userId": "ada", "status": "failed"},
        {"requestId": "r3", "model": "opus", "userId": "bob"},
        {"requestId": "r4", "model": "opus"},
        {"requestId": "r5", "model": "opus", "userId": "ada", "tenantId": "globex"},
    )
    return service


@pytest.mark.parametrize(
    ("path", "where"),
    [(f"{STATS}?", ("stats", "totalRequests")), (f"{HISTORY}?", ("requests",))],
)
async def test_everybody_reads_what_they_may(
    filled: Service, path: str, where: tuple[str, ...]
) -> None:
    assert await counts(filled, path, *where) == {
        "ada": 2,
        "bob": 1,
        "bob asks for ada": 403,
        "admin": 4,
        "admin asks for ada": 2,
        "stranger": 1,
        "stranger asks for ada": 1,
        "service": 403,
    }


async def test_the_breakdown_is_for_admins(filled: Service) -> None:
    assert await counts(filled, f"{ADMIN}?", "stats", "totalRequests") == {
        "ada": 403,
        "bob": 403,
        "bob asks for ada": 403,
        "admin": 4,
        "admin asks for ada": 2,
        "stranger": 1,
        "stranger asks for ada": 1,
        "service": 403,
    }


async def test_stats_say_what_they_are_of(filled: Service) -> None:
    status, answer = await filled.user("ada")("GET", f"{STATS}?period=7d&status=completed")
    assert status == 200
    assert answer == {
        "stats": {
            "totalRequests": 1,
            "totalTokens": 110,
            "inputTokens": 100,
            "outputTokens": 10,
            "totalCost": 0.5,
            "avgDuration": 1500.0,
            "p50Duration": 1500.0,
            "p95Duration": 1500.0,
            "p99Duration": 1500.0,
            "successCount": 1,
            "failureCount": 0,
            "cancelledCount": 0,
            "pendingCount": 0,
            "successRate": 100.0,
            "exact": True,
        },
        "filters": {
            "startDate": "2026-03-08T12:00:00.001Z",
            "endDate": "2026-03-15T12:00:00.001Z",
            "userId": "ada",
            "status": "completed",
        },
    }


async def test_a_bare_end_date_includes_its_day(filled: Service) -> None:
    path = f"{STATS}?startDate=2026-03-14&endDate=2026-03-14"
    _, answer = await filled.admin()("GET", path)
    assert answer["stats"]["totalRequests"] == 1
    path = f"{STATS}?startDate={YESTERDAY}&endDate={YESTERDAY}"
    _, answer = await filled.admin()("GET", path)
    assert answer["stats"]["totalRequests"] == 0


async def test_history_pages_and_never_shows_what_was_said(filled: Service) -> None:
    response = await filled.user("ada").raw("GET", f"{HISTORY}?limit=1&page=2")
    assert response.status == 200
    assert "SECRET" not in await response.text()
    answer = await response.json()
    assert answer["pagination"] == {"page": 2, "limit": 1, "total": 2, "pages": 2}
    (item,) = answer["requests"]
    assert (item["requestId"], item["createdAt"]) == ("r1", "2026-03-14T12:00:00.000Z")
    assert item["tokens"] == {"input": 100, "output": 10}


async def test_the_breakdown_has_every_part(filled: Service) -> None:
    status, answer = await filled.admin()("GET", f"{ADMIN}?period=24h")
    assert status == 200
    assert answer["modelDistribution"][0] == {
        "name": "opus",
        "count": 3,
        "share": 100.0,
        "totalTokens": 0,
        "totalCost": 0.0,
        "avgDuration": None,
        "successRate": 0.0,
    }
    for part in ("featureDistribution", "providerDistribution", "planDistribution"):
        assert answer[part][0]["name"] is None
    assert len(answer["timeSeries"]) == 25
    assert answer["timeSeries"][-1]["time"] == "2026-03-15T12:00:00.000Z"
    assert answer["timeSeries"][-1]["count"] == 3


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("page=0", "page"),
        ("status=done", "status"),
        ("colour=red", "colour"),
        ("period=2h", "period"),
        ("period=7d&endDate=2026-01-01", "period"),
        ("startDate=2026-03-14T00:00:00", "startDate"),
        ("startDate=2026-03-14&endDate=2026-03-01", "endDate"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    service: Service, query: str, path: str
) -> None:
    status, answer = await service.user()("GET", f"{HISTORY}?{query}")
    assert (status, answer["error"]) == (400, "validation_error")
    assert [problem["path"] for problem in answer["details"]] == [path]


async def test_what_was_just_recorded_is_counted(service: Service) -> None:
    user = service.user()
    await user("POST", "/api/ai-tracking/track", {"requestId": "r1", "model": "m"})
    _, answer = await user("GET", f"{STATS}?period=1h")
    assert answer["stats"]["totalRequests"] == 1
