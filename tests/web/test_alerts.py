"""Reading the history of alerts, and what admins do about one."""

from typing import Any

import pytest

from ..alerts.conftest import everywhere  # noqa: F401  # fixture
from ..alerts.reports import LABELS, alert, notification, report
from ..conftest import Caller, Service
from ..storage.conftest import contract_database, reach  # noqa: F401  # fixtures

KEY = report().alert_id
ONE = f"/api/alerts/{KEY}"


async def tell(service: Service, *alerts: dict[str, Any]) -> None:
    """Have Alertmanager notify of alerts."""
    answer = await service.service()("POST", "/api/alerts/webhook", notification(*alerts))
    assert answer[0] == 200


async def keys(caller: Caller, query: str = "") -> list[str]:
    """The fingerprints of the alerts that are listed."""
    status, page = await caller("GET", f"/api/alerts{query}")
    assert status == 200, page
    return [one["fingerprint"] for one in page["alerts"]]


async def fill(service: Service) -> None:
    """Four alerts, an hour apart, the last one open."""
    info = {"alertname": "DiskFullSoon", "severity": "info", "category": "resources"}
    await tell(service, alert(began=0, ended=5, fingerprint="a"))
    service.clock.advance(hours=1)
    await tell(service, alert(began=60, fingerprint="b", labels=info))
    service.clock.advance(hours=1)
    await tell(service, alert(began=120, ended=130, fingerprint="c", labels=info))
    service.clock.advance(hours=1)
    await tell(service, alert(began=180, fingerprint="d"))


async def test_the_history_comes_newest_first_in_pages(everywhere: Service) -> None:  # noqa: F811
    await fill(everywhere)
    admin = everywhere.admin()
    assert await keys(admin) == ["d", "c", "b", "a"]
    status, page = await admin("GET", "/api/alerts?page=2&limit=3")
    assert (status, [one["fingerprint"] for one in page["alerts"]]) == (200, ["a"])
    assert page["pagination"] == {"page": 2, "limit": 3, "total": 4, "pages": 2}
    assert "trail" not in page["alerts"][0]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?state=open", "db"),
        ("?state=resolved", "ca"),
        ("?state=acknowledged", ""),
        ("?severity=low", "cb"),
        ("?severity=critical&state=open", "d"),
        ("?category=sales", "da"),
        ("?alertname=DiskFullSoon", "cb"),
        ("?source=alertmanager", "dcba"),
        ("?source=store", ""),
        ("?from=2026-03-15T13:00:00Z", "dcb"),
        ("?to=2026-03-15T13:00:00Z", "a"),
        ("?from=2026-03-15T13:00:00Z&to=2026-03-15T15:00:00Z", "cb"),
        ("?startDate=2026-03-15T13:00:00Z&endDate=2026-03-15T15:00:00Z", "cb"),
        ("?from=2026-03-15&to=2026-03-15", "dcba"),
        ("?period=1h", "d"),
    ],
)
async def test_filters(service: Service, query: str, found: str) -> None:
    await fill(service)
    assert await keys(service.admin(), query) == list(found)


async def test_without_dates_all_that_is_kept_is_listed(service: Service) -> None:
    await tell(service, alert())
    service.clock.advance(days=100)
    admin = service.admin()
    assert len(await keys(admin)) == 1
    assert await keys(admin, "?period=90d") == []
    _, answer = await admin("GET", "/api/alerts/stats")
    assert answer["stats"]["total"] == 0  # of the last 30 days, as every call's numbers


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("?state=burning", "state"),
        ("?severity=warning", "severity"),
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?page=0", "page"),
        ("?from=yesterday", "from"),
        ("?startDate=yesterday", "startDate"),
        ("?to=2026-13-01", "to"),
        ("?from=2026-03-14&startDate=2026-03-13", "from"),
        ("?to=2026-03-16&endDate=2026-03-15", "to"),
        ("?from=2026-03-16&to=2026-03-01", "to"),
        ("?period=1h&from=2026-03-16", "period"),
        ("?userId=ada", "userId"),
    ],
)
async def test_a_bad_question_is_refused_by_its_parameter(
    service: Service, query: str, path: str
) -> None:
    status, answer = await service.admin()("GET", f"/api/alerts{query}")
    assert (status, answer["error"]) == (400, "validation_error")
    assert [one["path"] for one in answer["details"]] == [path]


async def test_a_record_tells_the_whole_story(everywhere: Service) -> None:  # noqa: F811
    clock, admin = everywhere.clock, everywhere.admin("ada")
    clock.advance(minutes=1)
    await tell(everywhere, alert())
    clock.advance(minutes=4)
    status, taken = await admin("POST", f"{ONE}/acknowledge", {"note": "mine"})
    assert (status, taken["state"], taken["silenceProblem"]) == (200, "acknowledged", None)
    clock.advance(minutes=5)
    status, _ = await admin("POST", f"{ONE}/comment", {"comment": "rolled back"})
    assert status == 200
    clock.advance(minutes=11)
    await tell(everywhere, alert(ended=20))
    status, record = await admin("GET", ONE)
    assert status == 200
    assert (record["state"], record["resolvedBy"]) == ("resolved", "alertmanager")
    assert (record["acknowledgedBy"], record["note"]) == ("ada", "mine")
    assert (record["timeToAcknowledge"], record["timeToResolve"]) == (300, 1200)
    assert [(one["time"][11:16], one["who"], one["action"]) for one in record["trail"]] == [
        ("12:01", "alertmanager", "opened"),
        ("12:05", "ada", "acknowledged"),
        ("12:10", "ada", "commented"),
        ("12:21", "alertmanager", "resolved"),
    ]
    assert record["trail"][2]["note"] == "rolled back"
    assert record["annotations"]["summary"] == "Payments fail"
    assert record["generatorUrl"] == "http://prometheus/graph"


async def test_a_person_calls_one_over(everywhere: Service) -> None:  # noqa: F811
    admin = everywhere.admin("ada")
    await tell(everywhere, alert())
    everywhere.clock.advance(minutes=7)
    status, record = await admin("POST", f"{ONE}/resolve", {"note": "fixed"})
    assert (status, record["state"], record["resolvedBy"]) == (200, "resolved", "ada")
    assert record["resolvedAt"] == "2026-03-15T12:07:00.000Z"
    assert record["trail"][-1]["note"] == "fixed"
    everywhere.clock.advance(minutes=1)
    assert await admin("POST", f"{ONE}/resolve", {}) == (200, record)
    status, answer = await admin("POST", f"{ONE}/acknowledge", {})
    assert (status, answer["error"]) == (409, "conflict")
    assert (await admin("POST", f"{ONE}/comment", {"comment": "for the record"}))[0] == 200


async def test_a_shared_credential_names_whom_it_speaks_for(service: Service) -> None:
    await tell(service, alert())
    _, record = await service.admin("desk")("POST", f"{ONE}/acknowledge", {"who": "ada"})
    assert record["acknowledgedBy"] == "ada"
    assert (record["trail"][-1]["who"], record["trail"][-1]["onBehalfOf"]) == ("desk", "ada")


@pytest.mark.parametrize(
    ("action", "state", "by"),
    [("acknowledge", "acknowledged", "acknowledgedBy"), ("resolve", "resolved", "resolvedBy")],
)
async def test_the_older_form_does_the_same(
    service: Service, action: str, state: str, by: str
) -> None:
    await tell(service, alert())
    body = {"alert_id": KEY, "action": action}
    status, record = await service.admin("ada")("POST", "/api/alerts", body)
    assert (status, record["state"], record[by]) == (200, state, "ada")
    assert (await service.admin("ada")("GET", ONE))[1] == record


CHANGES = [
    ("POST", f"{ONE}/acknowledge", {}),
    ("POST", f"{ONE}/resolve", {}),
    ("POST", f"{ONE}/comment", {"comment": "x"}),
    ("POST", "/api/alerts", {"alert_id": KEY, "action": "resolve"}),
]
CALLS = [("GET", ONE, None), *CHANGES]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_only_an_admin_of_the_tenant_knows_of_it(
    service: Service, method: str, path: str, body: Any
) -> None:
    await tell(service, alert())
    before = await service.admin()("GET", ONE)
    assert (await service.nobody()(method, path, body))[0] == 401
    assert (await service.user()(method, path, body))[0] == 403
    assert (await service.service()(method, path, body))[0] == 403
    foreign = await service.admin(tenant="acme")(method, path, body)
    unknown = path.replace(KEY, "unknown"), body and {**body}
    if body and "alert_id" in body:
        unknown = path, {**body, "alert_id": "unknown"}
    nothing = await service.admin(tenant="acme")(method, *unknown)
    assert (foreign[0], foreign[1]["error"]) == (404, "not_found")
    assert {**foreign[1], "traceId": ""} == {**nothing[1], "traceId": ""}
    assert await service.admin()("GET", ONE) == before


@pytest.mark.parametrize("path", ["/api/alerts", "/api/alerts/stats"])
async def test_lists_and_numbers_are_the_tenants_own(service: Service, path: str) -> None:
    empty = await service.admin(tenant="acme")("GET", path)
    await tell(service, alert())
    assert await service.admin(tenant="acme")("GET", path) == empty
    assert await service.admin()("GET", path) != empty
    assert (await service.user()("GET", path))[0] == 403
    assert (await service.service()("GET", path))[0] == 403


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        (f"{ONE}/acknowledge", {"silenceMinutes": 0}, "silenceMinutes"),
        (f"{ONE}/acknowledge", {"silenceMinutes": 43_201}, "silenceMinutes"),
        (f"{ONE}/acknowledge", {"note": "x" * 1_001}, "note"),
        (f"{ONE}/acknowledge", {"by": "ada"}, "by"),
        (f"{ONE}/comment", {}, "comment"),
        (f"{ONE}/comment", {"comment": ""}, "comment"),
        ("/api/alerts", {"alert_id": KEY, "action": "delete"}, "action"),
        ("/api/alerts", {"alertId": KEY, "action": "resolve"}, "alertId"),
    ],
)
async def test_a_bad_body_is_refused_by_its_field(
    service: Service, path: str, body: dict[str, Any], problem: str
) -> None:
    await tell(service, alert())
    status, answer = await service.admin()("POST", path, body)
    assert (status, answer["error"]) == (400, "validation_error")
    assert problem in [one["path"] for one in answer["details"]]


async def test_a_silence_that_cannot_be_is_told_and_the_alert_is_taken(service: Service) -> None:
    await tell(service, alert())
    body = {"silenceMinutes": 60}
    status, record = await service.admin()("POST", f"{ONE}/acknowledge", body)
    assert (status, record["state"], record["silenceId"]) == (200, "acknowledged", None)
    assert record["silenceProblem"] == "ALERTMANAGER_URL is not set."


async def test_stats_answer_what_was_asked(everywhere: Service) -> None:  # noqa: F811
    await fill(everywhere)
    status, answer = await everywhere.admin()("GET", "/api/alerts/stats?category=sales&period=24h")
    assert status == 200
    assert answer["filters"] == {
        "startDate": "2026-03-14T15:00:00.001Z",
        "endDate": "2026-03-15T15:00:00.001Z",
        "category": "sales",
    }
    stats = answer["stats"]
    assert (stats["total"], stats["open"], stats["resolved"]) == (2, 1, 1)
    assert (stats["meanTimeToAcknowledge"], stats["meanTimeToResolve"]) == (None, 300)
    assert stats["noisiest"] == [
        {"alertname": LABELS["alertname"], "starts": 2, "notifications": 2}
    ]
