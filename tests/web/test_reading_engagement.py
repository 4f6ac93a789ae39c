"""Reading engagement over HTTP."""

import pytest

from ..conftest import Service
from .reading import YESTERDAY, counts, post

STATS = "/api/analytics/engagement/stats"
JOURNEY = "/api/analytics/engagement/journey"


@pytest.fixture
async def filled(service: Service) -> Service:
    """Two events of Ada's, one of Bob's, one of nobody's, one of another tenant."""
    await post(
        service,
        "engagement",
        {
            "event": "view",
            "sessionId": "s1",
            "eventId": "e1",
            "userId": "ada",
            "value": 2.5,
            "metadata": {"timeOnPage": 12, "scrollDepth": 80},
            "timestamp": YESTERDAY,
        },
        {"event": "click", "sessionId": "s1", "eventId": "e2", "userId": "ada"},
        {"event": "click", "sessionId": "s2", "userId": "bob"},
        {"event": "click", "sessionId": "s3"},
        {"event": "click", "sessionId": "s4", "userId": "ada", "tenantId": "globex"},
    )
    return service


@pytest.mark.parametrize(
    ("path", "where"),
    [(f"{STATS}?", ("stats", "totalEvents")), (f"{JOURNEY}?", ("events",))],
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


async def test_stats_of_a_user(filled: Service) -> None:
    assert await filled.user("ada")("GET", STATS) == (
        200,
        {
            "stats": {
                "totalEvents": 2,
                "uniqueUsers": 1,
                "uniqueSessions": 1,
                "totalValue": 2.5,
                "avgTimeOnPage": 12.0,
                "avgScrollDepth": 80.0,
            },
            "eventDistribution": [
                {"name": "click", "count": 1, "share": 50.0},
                {"name": "view", "count": 1, "share": 50.0},
            ],
        },
    )


async def test_a_journey_is_newest_first_up_to_its_limit(filled: Service) -> None:
    _, answer = await filled.user("ada")("GET", JOURNEY)
    assert [event["eventId"] for event in answer["events"]] == ["e2", "e1"]
    assert answer["events"][1]["timestamp"] == "2026-03-14T12:00:00.000Z"
    assert answer["events"][1]["metadata"]["timeOnPage"] == 12
    _, answer = await filled.user("ada")("GET", f"{JOURNEY}?limit=1&sessionId=s1")
    assert [event["eventId"] for event in answer["events"]] == ["e2"]
    status, _ = await filled.user("ada")("GET", f"{JOURNEY}?limit=101")
    assert status == 400


async def test_filters_narrow_the_numbers(filled: Service) -> None:
    _, answer = await filled.admin()("GET", f"{STATS}?event=click&period=7d")
    assert (answer["stats"]["totalEvents"], answer["stats"]["uniqueUsers"]) == (3, 2)


FUNNEL = "/api/analytics/engagement/funnel"
ADMIN = "/api/analytics/admin/engagement/stats"


@pytest.mark.parametrize(
    ("path", "where", "admin"),
    [(f"{ADMIN}?", ("stats", "totalEvents"), 4), (f"{FUNNEL}?steps=view,click&", ("steps",), 2)],
)
async def test_the_breakdown_and_the_funnel_are_for_admins(
    filled: Service, path: str, where: tuple[str, ...], admin: int
) -> None:
    found = await counts(filled, path, *where)
    assert {found[name] for name in ("ada", "bob", "bob asks for ada", "service")} == {403}
    assert found["admin"] == admin


async def test_a_funnel_has_its_users_and_times(filled: Service) -> None:
    status, answer = await filled.admin()("GET", f"{FUNNEL}?steps=view,%20click&window=2d")
    assert status == 200
    assert answer == {
        "steps": [
            {
                "step": "view",
                "users": 1,
                "conversionFromPrevious": None,
                "conversionFromFirst": 100.0,
                "medianSeconds": None,
            },
            {
                "step": "click",
                "users": 1,
                "conversionFromPrevious": 100.0,
                "conversionFromFirst": 100.0,
                "medianSeconds": 86400.0,
            },
        ],
        "window": "2d",
    }
    _, answer = await filled.admin()("GET", f"{FUNNEL}?steps=view,click&window=24h")
    assert [step["users"] for step in answer["steps"]] == [1, 0]
    _, answer = await filled.admin()("GET", f"{FUNNEL}?steps=click&userId=bob")
    assert [step["users"] for step in answer["steps"]] == [1]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("", "steps"),
        ("steps=", "steps"),
        ("steps=a,,b", "steps"),
        ("steps=a,b,a", "steps"),
        (f"steps={'x' * 129}", "steps"),
        (f"steps={','.join(map(str, range(21)))}", "steps"),
        ("steps=a&window=7", "window"),
        ("steps=a&window=0d", "window"),
        ("steps=a&window=367d", "window"),
    ],
)
async def test_a_funnel_that_cannot_be_is_refused(service: Service, query: str, path: str) -> None:
    status, answer = await service.admin()("GET", f"{FUNNEL}?{query}")
    assert (status, answer["details"][0]["path"]) == (400, path)


async def test_the_breakdown_has_every_part(service: Service) -> None:
    await post(
        service,
        "engagement",
        {
            "event": "search",
            "sessionId": "s1",
            "userId": "ada",
            "page": "/find",
            "feature": "search",
            "properties": {"query": "Blue  Hats"},
            "metadata": {"utmCampaign": "spring"},
        },
    )
    status, answer = await service.admin()("GET", ADMIN)
    assert status == 200
    one = {"name": "search", "count": 1, "share": 100.0}
    assert answer["eventDistribution"] == [one]
    for part in (
        "activityByPlan",
        "deviceDistribution",
        "browserDistribution",
        "osDistribution",
    ):
        assert [(item["count"], item["users"]) for item in answer[part]] == [(1, 1)]
    assert answer["featureAdoption"] == [
        {"feature": "search", "count": 1, "users": 1, "adoptionRate": 100.0}
    ]
    assert answer["topPages"] == [{"page": "/find", "count": 1, "users": 1, "avgTimeOnPage": None}]
    assert answer["topSearches"] == [{"query": "blue hats", "count": 1, "users": 1}]
    assert [item["campaign"] for item in answer["campaigns"]] == ["spring"]
    assert (answer["sessions"]["count"], answer["sessions"]["bounceRate"]) == (1, 100.0)
