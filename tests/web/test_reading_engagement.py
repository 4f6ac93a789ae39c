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
