"""Reading credits over HTTP."""

import pytest

from ..conftest import Service
from .reading import YESTERDAY, counts, post

STATS = "/api/credits/stats"


@pytest.fixture
async def filled(service: Service) -> Service:
    """Two uses of Ada's, one of Bob's, one of nobody's, one of another tenant."""
    use = {"featureName": "chat", "creditsUsed": 2}
    await post(
        service,
        "credit",
        {**use, "userId": "ada", "costUsd": 0.5, "createdAt": YESTERDAY},
        {**use, "userId": "ada", "featureName": "code", "creditsUsed": 6},
        {**use, "userId": "bob"},
        use,
        {**use, "userId": "ada", "tenantId": "globex"},
    )
    return service


async def test_everybody_reads_what_they_may(filled: Service) -> None:
    assert await counts(filled, f"{STATS}?", "stats", "uses") == {
        "ada": 2,
        "bob": 1,
        "bob asks for ada": 403,
        "admin": 4,
        "admin asks for ada": 2,
        "stranger": 1,
        "stranger asks for ada": 1,
        "service": 403,
    }


async def test_credits_by_feature_and_by_user(filled: Service) -> None:
    assert await filled.user("ada")("GET", STATS) == (
        200,
        {
            "stats": {
                "uses": 2,
                "totalCredits": 8.0,
                "totalCost": 0.5,
                "uniqueUsers": 1,
                "avgCredits": 4.0,
            },
            "byFeature": [
                {
                    "feature": "code",
                    "uses": 1,
                    "totalCredits": 6.0,
                    "totalCost": 0.0,
                    "share": 75.0,
                },
                {
                    "feature": "chat",
                    "uses": 1,
                    "totalCredits": 2.0,
                    "totalCost": 0.5,
                    "share": 25.0,
                },
            ],
            "byUser": [
                {
                    "userId": "ada",
                    "uses": 2,
                    "totalCredits": 8.0,
                    "totalCost": 0.5,
                    "share": 100.0,
                }
            ],
        },
    )
    _, answer = await filled.admin()("GET", STATS)
    assert [one["userId"] for one in answer["byUser"]] == ["ada", "bob"]


async def test_filters_narrow_the_numbers(filled: Service) -> None:
    _, answer = await filled.admin()("GET", f"{STATS}?featureName=code")
    assert answer["stats"]["uses"] == 1
