"""Reading users over HTTP: numbers, retention, conversion, scores."""

from datetime import timedelta

import pytest

from ..conftest import NOW, Service
from .reading import YESTERDAY, counts, post

USERS = "/api/analytics/users"
RETENTION = "/api/analytics/retention"
CONVERSION = "/api/analytics/conversion"
SCORE = "/api/analytics/users/ada/engagement-score"


@pytest.fixture
async def filled(service: Service) -> Service:
    """Ada came in two weeks, Bob yesterday, one of another tenant; Bob bought something."""
    event = {"event": "view", "sessionId": "s1"}
    long_ago = "2026-03-05T12:00:00Z"
    await post(
        service,
        "engagement",
        {**event, "userId": "ada", "timestamp": long_ago},
        {**event, "userId": "ada", "timestamp": YESTERDAY, "sessionId": "s2"},
        {**event, "userId": "bob", "timestamp": YESTERDAY},
        {**event, "userId": "ada", "tenantId": "globex"},
        event,
    )
    sale = {"type": "purchase", "status": "completed", "amount": 5, "userId": "bob"}
    await post(service, "sale", {**sale, "transactionId": "t1"})
    return service


@pytest.mark.parametrize(
    ("path", "where", "admin"),
    [
        (f"{USERS}?", ("totalUsers",), 2),
        (f"{CONVERSION}?", ("totalUsers",), 2),
        (f"{RETENTION}?periods=4&", ("cohorts",), 4),
    ],
)
async def test_these_are_for_admins(
    filled: Service, path: str, where: tuple[str, ...], admin: int
) -> None:
    found = await counts(filled, path, *where)
    assert found["admin"] == admin
    assert {found[name] for name in ("ada", "bob", "bob asks for ada", "service")} == {403}


async def test_the_numbers_of_users(filled: Service) -> None:
    assert await filled.admin()("GET", f"{USERS}?period=7d") == (
        200,
        {
            "totalUsers": 2,
            "activeUsers": 2,
            "newUsers": 1,
            "returningUsers": 1,
            "churnedUsers": 0,
            "churnRate": 0.0,
            "activeUserRate": 100.0,
            "dau": 1,
            "wau": 2,
            "mau": 2,
            "stickiness": 50.0,
        },
    )


async def test_cohorts_are_the_last_intervals(filled: Service) -> None:
    status, answer = await filled.admin()("GET", f"{RETENTION}?interval=week&periods=2")
    assert (status, answer["interval"]) == (200, "week")
    first, second = answer["cohorts"]
    assert (first["time"], first["users"]) == ("2026-03-02T00:00:00.000Z", 1)
    assert first["retention"] == [
        {"period": 0, "time": "2026-03-02T00:00:00.000Z", "users": 1, "rate": 100.0},
        {"period": 1, "time": "2026-03-09T00:00:00.000Z", "users": 1, "rate": 100.0},
    ]
    assert (second["users"], len(second["retention"])) == (1, 1)


async def test_cohorts_of_a_period_are_followed_until_now(filled: Service) -> None:
    path = f"{RETENTION}?interval=day&startDate=2026-03-05&endDate=2026-03-05&periods=20"
    _, answer = await filled.admin()("GET", path)
    (cohort,) = answer["cohorts"]
    assert len(cohort["retention"]) == 11
    assert [part["period"] for part in cohort["retention"] if part["users"]] == [0, 9]


async def test_conversion_is_over_days_or_a_period(filled: Service) -> None:
    assert await filled.admin()("GET", f"{CONVERSION}?days=30") == (
        200,
        {"totalUsers": 2, "convertedUsers": 1, "conversionRate": 50.0},
    )
    _, answer = await filled.admin()("GET", f"{CONVERSION}?startDate=2026-03-01&endDate=2026-03-10")
    assert answer == {"totalUsers": 1, "convertedUsers": 0, "conversionRate": 0.0}


async def test_a_score_is_ones_own_or_any_for_an_admin(filled: Service) -> None:
    own = {"userId": "ada", "days": 30, "score": 14, "engagementEvents": 2, "sessions": 2}
    assert await filled.user("ada")("GET", SCORE) == (200, own)
    assert await filled.admin()("GET", SCORE) == (200, own)
    assert (await filled.user("bob")("GET", SCORE))[0] == 403
    assert (await filled.service()("GET", SCORE))[0] == 403
    _, answer = await filled.admin(tenant="globex")("GET", f"{SCORE}?days=1")
    assert (answer["days"], answer["score"]) == (1, 7)
    _, answer = await filled.user("ada")("GET", f"{SCORE}?days=3")
    assert answer["score"] == 7


async def test_the_score_of_an_impossible_name_is_refused(filled: Service) -> None:
    status, answer = await filled.admin()("GET", "/api/analytics/users/a%01b/engagement-score")
    assert (status, answer["details"][0]["path"]) == (400, "userId")


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (f"{RETENTION}?interval=hour", "interval"),
        (f"{RETENTION}?periods=0", "periods"),
        (f"{RETENTION}?interval=day&startDate=2020-01-01", "interval"),
        (f"{CONVERSION}?days=0", "days"),
        (f"{CONVERSION}?days=7&period=7d", "days"),
        (f"{CONVERSION}?days=7&startDate=2026-03-01", "days"),
        (f"{SCORE}?days=0", "days"),
        (f"{SCORE}?userId=bob", "userId"),
    ],
)
async def test_what_makes_no_sense_is_refused(service: Service, path: str, wrong: str) -> None:
    status, answer = await service.admin()("GET", path)
    assert (status, answer["details"][0]["path"]) == (400, wrong)


async def test_what_was_just_recorded_is_counted(service: Service) -> None:
    user = service.user("ada")
    await user("POST", "/api/analytics/engagement/track", {"event": "view", "sessionId": "s"})
    _, answer = await user("GET", SCORE)
    assert answer["score"] == 7
    service.clock.moment = NOW + timedelta(seconds=1)
    _, answer = await service.admin()("GET", USERS)
    assert (answer["dau"], answer["newUsers"]) == (1, 1)
