"""Every reading call, by who asks: a user's view is an admin's view filtered by that user."""

import re
from typing import Any

import pytest

from exporter.web.route import Access, Route
from exporter.web.routes import DECLARED

from ..conftest import Service
from .reading import YESTERDAY, post

NEEDED = {
    "/api/analytics/engagement/funnel": {"steps": "view,buy"},
    "/api/metrics/top-metrics": {"metric": "ai-models"},
    "/api/metrics/comparison": {"metric": "sales"},
}
"""What a call cannot do without."""
PARAMETERS = {"userId": "ada"}
READING = [
    route
    for route in DECLARED
    if route.method == "GET"
    and route.access in (Access.READER, Access.ADMIN)
    and set(re.findall(r"\{(\w+)\}", route.path)) <= PARAMETERS.keys()
]
"""All but the calls for one record: those have tests of their own."""
FILTERED = [route for route in READING if "user_id" in route.query.__struct_fields__]


@pytest.fixture
async def filled(service: Service) -> Service:
    """The same few events of Ada's, Bob's and nobody's, and of an Ada of another tenant."""
    for number, who in enumerate(
        [{"userId": "ada"}, {"userId": "bob"}, {}, {"userId": "ada", "tenantId": "globex"}]
    ):
        when = {**who, "createdAt": YESTERDAY}
        then = {**who, "timestamp": YESTERDAY}
        request = {"requestId": f"r{number}", "model": "m", "status": "completed", "feature": "f"}
        call = {"service": "s", "endpoint": "/e", "method": "GET", "statusCode": 500}
        sold = {"transactionId": f"t{number}", "type": "subscription", "status": "completed"}
        await post(service, "ai_request", {**request, **when})
        await post(service, "engagement", {"event": "view", "sessionId": f"s{number}", **then})
        await post(service, "performance", {**call, "responseTime": number, **then})
        await post(service, "credit", {"featureName": "f", "creditsUsed": 1 + number, **when})
        await post(service, "sale", {**sold, "amount": 10 + number, "plan": "pro", **when})
    return service


def address(route: Route, **values: str) -> str:
    """The address of a call with what it needs."""
    query = "&".join(
        f"{name}={value}" for name, value in (NEEDED.get(route.path, {}) | values).items()
    )
    return f"{route.path.format(**PARAMETERS)}?{query}"


def without_role(answer: Any) -> Any:
    """An answer without what says who asked."""
    if isinstance(answer, dict):
        return {name: part for name, part in answer.items() if name not in ("isAdmin", "traceId")}
    return answer


@pytest.mark.parametrize("route", READING, ids=lambda route: route.path)
async def test_who_may_ask(filled: Service, route: Route) -> None:
    path = address(route)
    assert (await filled.nobody()("GET", path))[0] == 401
    assert (await filled.service()("GET", path))[0] == 403
    assert (await filled.admin()("GET", path))[0] == 200
    user = 200 if route.access is Access.READER else 403
    assert (await filled.user("ada")("GET", path))[0] == user


@pytest.mark.parametrize("route", FILTERED, ids=lambda route: route.path)
async def test_a_users_view_is_the_admins_view_of_that_user(filled: Service, route: Route) -> None:
    asked = {"metrics": "users,performance"} if "metrics" in route.query.__struct_fields__ else {}
    status, admins = await filled.admin()("GET", address(route, userId="ada", **asked))
    assert status == 200
    status, users = await filled.user("ada")("GET", address(route, **asked))
    if route.access is Access.ADMIN:
        assert status == 403
    else:
        assert (status, without_role(users)) == (200, without_role(admins))
    assert (await filled.user("bob")("GET", address(route, userId="ada")))[0] == 403


@pytest.mark.parametrize("route", READING, ids=lambda route: route.path)
async def test_nothing_of_another_tenant_shows(service: Service, route: Route) -> None:
    path = address(route)
    _, before = await service.admin(tenant="initech")("GET", path)
    event = {"event": "view", "sessionId": "s", "tenantId": "globex", "userId": "ada"}
    await post(service, "engagement", event)
    sold = {"transactionId": "t", "type": "subscription", "status": "completed", "amount": 5}
    await post(service, "sale", {**sold, "tenantId": "globex", "userId": "ada"})
    _, after = await service.admin(tenant="initech")("GET", path)
    if "current-system" not in route.path:  # the machine is nobody's, and never stands still
        assert without_role(after) == without_role(before)


@pytest.mark.parametrize("route", FILTERED, ids=lambda route: route.path)
async def test_an_empty_period_is_an_answer(filled: Service, route: Route) -> None:
    dates = {"startDate": "2026-01-01T00:00:00Z", "endDate": "2026-01-01T00:00:00Z"}
    if "start_date" not in route.query.__struct_fields__:
        dates = {
            f"{which}{end}": "2026-01-01T00:00:00Z"
            for which in ("current", "previous")
            for end in ("Start", "End")
        }
    status, answer = await filled.admin()("GET", address(route, **dates))
    assert (status, "NaN" in str(answer)) == (200, False)
