"""Reading across families over HTTP: rankings."""

from typing import get_args, get_type_hints

import pytest

from exporter.analytics.rankings import RANKINGS
from exporter.web.reading_overview import TopQuery

from ..conftest import Service
from .reading import counts, post

TOP = "/api/metrics/top-metrics"


@pytest.fixture
async def filled(service: Service) -> Service:
    """Requests of two models by two users, sales of two plans; one of another tenant."""
    await post(
        service,
        "ai_request",
        {"requestId": "r1", "model": "gpt-4o", "userId": "ada", "feature": "chat"},
        {"requestId": "r2", "model": "opus", "userId": "bob"},
        {"requestId": "r3", "model": "opus", "userId": "bob"},
        {"requestId": "r4", "model": "llama", "tenantId": "globex"},
    )
    sale = {"type": "purchase", "status": "completed", "userId": "ada"}
    await post(
        service,
        "sale",
        {**sale, "transactionId": "t1", "amount": 5, "plan": "basic"},
        {**sale, "transactionId": "t2", "amount": 7.5, "plan": "pro"},
    )
    return service


def test_every_ranking_can_be_asked_for() -> None:
    assert set(get_args(get_type_hints(TopQuery)["metric"])) == set(RANKINGS)


async def test_users_rank_what_is_theirs(filled: Service) -> None:
    assert await counts(filled, f"{TOP}?metric=ai-models&", "items") == {
        "ada": 1,
        "bob": 1,
        "bob asks for ada": 403,
        "admin": 2,
        "admin asks for ada": 1,
        "stranger": 1,
        "stranger asks for ada": 0,
        "service": 403,
    }


@pytest.mark.parametrize("metric", ["users", "revenue"])
async def test_users_and_revenue_are_for_admins(filled: Service, metric: str) -> None:
    path = f"{TOP}?metric={metric}"
    status, answer = await filled.user("ada")("GET", path)
    assert (status, answer["error"]) == (403, "forbidden")
    status, answer = await filled.admin()("GET", path)
    assert (status, len(answer["items"])) == (200, 2)


async def test_a_ranking_names_itself_and_has_the_first_first(filled: Service) -> None:
    _, answer = await filled.admin()("GET", f"{TOP}?metric=users&limit=1")
    assert answer == {
        "metric": "users",
        "items": [{"userId": "ada", "events": 3, "byFamily": {"ai_request": 1, "sale": 2}}],
    }
    _, answer = await filled.admin()("GET", f"{TOP}?metric=revenue")
    assert [(item["plan"], item["revenue"]) for item in answer["items"]] == [
        ("pro", 7.5),
        ("basic", 5),
    ]
    _, answer = await filled.user("ada")("GET", f"{TOP}?metric=features")
    assert answer["items"] == [
        {"feature": "chat", "uses": 1, "aiRequests": 1, "engagementEvents": 0}
    ]


@pytest.mark.parametrize(
    ("query", "path"),
    [("", "metric"), ("metric=cats", "metric"), ("metric=users&limit=101", "limit")],
)
async def test_what_is_no_ranking_is_refused(service: Service, query: str, path: str) -> None:
    status, answer = await service.admin()("GET", f"{TOP}?{query}")
    assert (status, answer["details"][0]["path"]) == (400, path)
