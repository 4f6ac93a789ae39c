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


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/metrics/dashboard?", ("kpis", "aiRequests", "totalRequests")),
        ("/api/metrics/comparison?metric=ai-requests&", ("current", "totalRequests")),
    ],
)
async def test_everybody_reads_the_numbers_they_may(
    filled: Service, path: str, where: tuple[str, ...]
) -> None:
    assert await counts(filled, path, *where) == {
        "ada": 1,
        "bob": 2,
        "bob asks for ada": 403,
        "admin": 3,
        "admin asks for ada": 1,
        "stranger": 1,
        "stranger asks for ada": 0,
        "service": 403,
    }


async def test_the_dashboard_says_of_what_it_is(filled: Service) -> None:
    _, answer = await filled.admin()("GET", "/api/metrics/dashboard?period=7d")
    assert answer["isAdmin"] is True
    assert answer["dateRange"]["startDate"] == "2026-03-08T12:00:00.001Z"
    assert answer["kpis"].keys() == {"aiRequests", "userEngagement", "sales", "performance"}
    assert answer["kpis"]["sales"]["byCurrency"]["USD"]["revenue"] == 12.5
    _, answer = await filled.user("ada")("GET", "/api/metrics/dashboard")
    assert answer["isAdmin"] is False


@pytest.mark.parametrize(
    ("group", "first", "number"),
    [
        ("hour", "2026-03-01T00:00:00.000Z", 14 * 24 + 13),
        ("day", "2026-03-01T00:00:00.000Z", 15),
        ("week", "2026-02-23T00:00:00.000Z", 3),
        ("month", "2026-03-01T00:00:00.000Z", 1),
    ],
)
async def test_a_summary_has_every_interval(
    filled: Service, group: str, first: str, number: int
) -> None:
    # The clock stands at noon of 15 March: its 13th hour has just begun.
    path = f"/api/metrics/summary?groupBy={group}&startDate=2026-03-01T00:00:00Z"
    status, answer = await filled.admin()("GET", path)
    assert (status, answer["groupBy"]) == (200, group)
    for family in ("aiRequests", "engagement", "sales", "performance", "credits"):
        times = [point["time"] for point in answer[family]]
        assert (times[0], len(times)) == (first, number)
    assert [point["count"] for point in answer["aiRequests"]][-1] == 3
    money = [point["byCurrency"]["USD"]["revenue"] for point in answer["sales"]]
    assert (money[-1], sum(money)) == (12.5, 12.5)


async def test_a_summary_is_by_the_day_and_ones_own(filled: Service) -> None:
    _, answer = await filled.user("bob")("GET", "/api/metrics/summary?period=24h")
    assert [point["count"] for point in answer["aiRequests"]] == [0, 2]
    assert [point["byCurrency"] for point in answer["sales"]] == [{}, {}]


COMPARISON = "/api/metrics/comparison?metric=sales"


async def test_a_comparison_is_of_the_periods_that_are_asked_for(filled: Service) -> None:
    path = (
        f"{COMPARISON}&currentStart=2026-03-15&currentEnd=2026-03-15"
        "&previousStart=2026-03-01&previousEnd=2026-03-14"
    )
    status, answer = await filled.admin()("GET", path)
    assert (status, answer["metric"]) == (200, "sales")
    assert answer["currentRange"] == {
        "startDate": "2026-03-15T00:00:00.000Z",
        "endDate": "2026-03-16T00:00:00.000Z",
    }
    assert answer["previousRange"]["endDate"] == "2026-03-15T00:00:00.000Z"
    assert answer["current"]["byCurrency"]["USD"]["revenue"] == 12.5
    assert answer["previous"]["byCurrency"] == {}
    assert answer["change"]["byCurrency"]["USD"]["revenue"] is None


async def test_without_previous_dates_it_is_the_time_before(filled: Service) -> None:
    _, answer = await filled.admin()(
        "GET", f"{COMPARISON}&currentStart=2026-03-08&currentEnd=2026-03-15"
    )
    assert answer["previousRange"] == {
        "startDate": "2026-02-28T00:00:00.000Z",
        "endDate": "2026-03-08T00:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/api/metrics/comparison", ["metric"]),
        ("/api/metrics/comparison?metric=cats", ["metric"]),
        (
            f"{COMPARISON}&currentStart=soon&previousEnd=1066-10-14",
            ["currentStart", "previousEnd"],
        ),
        (
            f"{COMPARISON}&currentStart=2026-03-02&currentEnd=2026-02-27"
            "&previousStart=2026-03-02&previousEnd=2026-02-27",
            ["currentEnd", "previousEnd"],
        ),
        (f"{COMPARISON}&period=7d", ["period"]),
        ("/api/metrics/summary?groupBy=year", ["groupBy"]),
        ("/api/metrics/summary?groupBy=hour&startDate=2020-01-01", ["startDate"]),
        ("/api/metrics/dashboard?metric=sales", ["metric"]),
    ],
)
async def test_what_makes_no_sense_is_refused(
    service: Service, path: str, wrong: list[str]
) -> None:
    status, answer = await service.admin()("GET", path)
    assert (status, [one["path"] for one in answer["details"]]) == (400, wrong)
