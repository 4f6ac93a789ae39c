"""The dashboard over HTTP: whose sections, and which."""

import pytest

from ..conftest import Service
from .reading import YESTERDAY, post

DASHBOARD = "/api/analytics/dashboard"
ALL = {"dateRange", "users", "system", "performance", "revenue"}


@pytest.fixture
async def filled(service: Service) -> Service:
    """A call of Ada's and one of Bob's, with the state of their machine; a sale of Bob's."""
    call = {
        "service": "shop",
        "endpoint": "/cart",
        "method": "GET",
        "statusCode": 200,
        "responseTime": 10,
        "system": {"cpu": {"usage": 40}},
        "timestamp": YESTERDAY.replace("12:00", "13:00"),
    }
    await post(service, "performance", {**call, "userId": "ada"}, {**call, "userId": "bob"})
    sale = {"type": "purchase", "status": "completed", "amount": 5, "userId": "bob"}
    await post(service, "sale", {**sale, "transactionId": "t1"})
    return service


async def test_an_admin_has_every_section_of_the_last_day(filled: Service) -> None:
    status, answer = await filled.admin()("GET", DASHBOARD)
    assert (status, answer.keys()) == (200, ALL)
    assert answer["dateRange"] == {
        "startDate": "2026-03-14T12:00:00.001Z",
        "endDate": "2026-03-15T12:00:00.001Z",
    }
    assert answer["users"]["totalUsers"] == 2
    cpu = {one["service"]: one["avgCpuUsage"] for one in answer["system"]}
    assert cpu["shop"] == 40.0  # beside the service's own machine, once it was sampled
    assert answer["performance"]["totalRequests"] == 2
    assert answer["revenue"]["byCurrency"]["USD"]["netRevenue"] == 5


async def test_a_user_has_their_own_and_not_what_is_for_admins(filled: Service) -> None:
    for path in (DASHBOARD, f"{DASHBOARD}?metrics=all"):
        status, answer = await filled.user("ada")("GET", path)
        assert (status, answer.keys()) == (200, {"dateRange", "users", "performance"})
        assert answer["users"]["totalUsers"] == answer["performance"]["totalRequests"] == 1


@pytest.mark.parametrize(
    "metrics", ["system", "revenue", "users,system", "all,revenue", "revenue,all"]
)
async def test_what_is_for_admins_is_refused_when_asked_for_by_name(
    service: Service, metrics: str
) -> None:
    status, answer = await service.user("ada")("GET", f"{DASHBOARD}?metrics={metrics}")
    assert (status, answer["error"]) == (403, "forbidden")


async def test_only_the_sections_that_were_asked_for_are_there(filled: Service) -> None:
    path = f"{DASHBOARD}?metrics=revenue,%20users&period=30d&userId=bob"
    _, answer = await filled.admin()("GET", path)
    assert answer.keys() == {"dateRange", "users", "revenue"}
    assert answer["users"]["totalUsers"] == 1


async def test_a_section_of_nothing_is_empty_and_there(service: Service) -> None:
    _, answer = await service.admin(tenant="globex")("GET", DASHBOARD)
    assert answer["system"] == []
    assert answer["revenue"]["byCurrency"] == {}


@pytest.mark.parametrize("metrics", ["cats", "users,", ""])
async def test_a_section_that_nobody_knows_is_refused(service: Service, metrics: str) -> None:
    status, answer = await service.admin()("GET", f"{DASHBOARD}?metrics={metrics}")
    assert (status, answer["details"][0]["path"]) == (400, "metrics")


async def test_others_and_services_are_refused(filled: Service) -> None:
    assert (await filled.user("bob")("GET", f"{DASHBOARD}?userId=ada"))[0] == 403
    assert (await filled.service()("GET", DASHBOARD))[0] == 403
    _, answer = await filled.admin(tenant="globex")("GET", DASHBOARD)
    assert answer["users"]["totalUsers"] == answer["performance"]["totalRequests"] == 0
