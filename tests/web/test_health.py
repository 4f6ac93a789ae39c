"""Health over HTTP: all is well or not for everybody, and what is wrong for those who run it."""

from datetime import timedelta
from typing import Any

import pytest

from exporter.health.check import Level
from exporter.settings import SettingError
from exporter.storage.base import StoreUnavailable
from exporter.storage.sqlite import SqliteStore

from ..conftest import Service, Start
from ..services.gated_store import GatedStore
from ..storage.conftest import KEPT
from .health import NOBODYS, SECRET, begun, down, health_of, refusals, runs

CHECKS = ["collections", "database", "disk", "event_loop"]


@pytest.fixture
async def watched(start: Start) -> Service:
    """A service whose checks have run once."""
    service = await start(health_interval_seconds=3600.0)
    await begun(service)
    for name in CHECKS:
        runs(service, name, Level.HEALTHY, Level.HEALTHY)
    return service


async def test_everybody_may_ask_whether_all_is_well(watched: Service) -> None:
    status, answer = await watched.nobody()("GET", "/api/health")
    assert status == 200
    assert answer["status"] == "healthy"
    assert answer["timestamp"] == "2026-03-15T12:04:00.000Z"
    assert [check["service"] for check in answer["checks"]] == CHECKS
    assert answer["checks"][1] == {
        "service": "database",
        "status": "healthy",
        "responseTime": 12.5,
        "message": None,
        "timestamp": "2026-03-15T12:02:00.000Z",
    }


async def test_one_failed_run_is_degraded_and_two_are_an_outage(watched: Service) -> None:
    runs(watched, "database", Level.UNHEALTHY)
    status, answer = await watched.nobody()("GET", "/api/health")
    assert (status, answer["status"]) == (200, "degraded")
    assert answer["checks"][1]["status"] == "degraded"
    runs(watched, "database", Level.UNHEALTHY)
    status, answer = await watched.nobody()("GET", "/api/health")
    assert (status, answer["status"]) == (503, "unhealthy")
    assert answer["checks"][1]["status"] == "unhealthy"


async def test_what_is_not_critical_is_never_more_than_degraded(watched: Service) -> None:
    down(watched, "collections")
    status, answer = await watched.nobody()("GET", "/api/health")
    assert (status, answer["status"]) == (200, "degraded")


async def test_only_those_who_run_the_installation_see_what_is_wrong(watched: Service) -> None:
    down(watched)
    seen = {}
    for name, caller in (
        ("nobody", watched.nobody()),
        ("user", watched.user()),
        ("service", watched.service()),
        ("admin of another tenant", watched.admin(tenant="globex")),
        ("admin", watched.admin()),
    ):
        status, answer = await caller("GET", "/api/health")
        assert status == 503
        seen[name] = answer["checks"][1]["message"]
    assert seen.pop("admin") == SECRET
    assert set(seen.values()) == {None}


async def test_a_credential_that_is_wrong_is_refused_and_none_is_fine(watched: Service) -> None:
    for headers in ({"Authorization": "Bearer x"}, {"X-API-Key": "x"}):
        status, answer = await watched.nobody(**headers)("GET", "/api/health")
        assert (status, answer["error"]) == (401, "unauthorized")


async def test_guessing_credentials_there_is_limited_and_looking_is_not(start: Start) -> None:
    service = await start(rate_limit_max_requests=2)
    looked = [(await service.nobody()("GET", "/api/health"))[0] for _ in range(4)]
    guesser = service.nobody(Authorization="Bearer x")
    guessed = [(await guesser("GET", "/api/health"))[0] for _ in range(4)]
    assert (looked, guessed) == ([200] * 4, [401, 401, 429, 429])


async def test_the_older_call_stays_as_it_is(watched: Service) -> None:
    down(watched)
    status, answer = await watched.nobody()("GET", "/health")
    assert (status, answer["status"]) == (200, "healthy"), "it can record"
    assert set(answer) == {
        *("status", "service", "version", "environment", "timestamp", "dependencies"),
    }


async def test_status_says_how_it_is_and_has_been(watched: Service) -> None:
    await health_of(watched).save()
    await health_of(watched).refresh_uptime()  # of before, if the start's is still under way
    status, answer = await watched.admin()("GET", "/api/health/status")
    assert status == 200
    assert answer["status"] == "operational"
    assert answer["uptime"] == {"24h": 100.0, "7d": 100.0, "30d": 100.0, "90d": 100.0}
    assert answer["observed"]["24h"] == pytest.approx(100 * 3 / 1440)
    assert answer["lastCheck"] == "2026-03-15T12:04:00.000Z"
    assert answer["criticalIssues"] == answer["activeIncidents"] == answer["maintenance"] == []


async def test_status_names_what_is_critical_and_the_incidents(watched: Service) -> None:
    down(watched)
    down(watched, "collections")
    await health_of(watched).save()
    await health_of(watched).settle()
    _, answer = await watched.admin()("GET", "/api/health/status")
    assert answer["status"] == "degraded"
    assert answer["criticalIssues"] == [
        {"service": "database", "since": "2026-03-15T12:04:30.000Z", "message": SECRET}
    ]
    (incident,) = answer["activeIncidents"]
    assert (incident["incidentId"], incident["phase"]) == ("database-1", "investigating")
    assert answer["uptime"]["24h"] < 100


async def test_status_is_maintenance_while_a_window_is_open(watched: Service) -> None:
    down(watched)
    await health_of(watched).windows.add(
        title="upgrade",
        services=[],
        starts_at=watched.clock(),
        ends_at=watched.clock() + timedelta(hours=1),
        who="root",
        now=watched.clock(),
    )
    _, answer = await watched.admin()("GET", "/api/health/status")
    assert answer["status"] == "maintenance"
    assert [window["title"] for window in answer["maintenance"]] == ["upgrade"]
    assert [issue["service"] for issue in answer["criticalIssues"]] == ["database"]


async def test_status_answers_while_the_store_is_away(start: Start, tmp_path: Any) -> None:
    gated = GatedStore(
        SqliteStore(tmp_path / "x.db", KEPT, query_timeout_ms=1000, observe=lambda *_: None)
    )
    service = await start(gated, health_interval_seconds=3600.0)
    await begun(service)
    gated.error = StoreUnavailable("away")
    down(service)
    with pytest.raises(StoreUnavailable):
        await health_of(service).settle()
    service.clock.advance(minutes=10)
    status, answer = await service.admin()("GET", "/api/health/status")
    assert (status, answer["status"]) == (200, "degraded")
    assert answer["unrecorded"] == ["database"]
    assert answer["activeIncidents"] == []
    assert [issue["service"] for issue in answer["criticalIssues"]] == ["database"]
    gated.error = None


async def test_status_of_an_installation_without_checks(service: Service) -> None:
    status, answer = await service.admin()("GET", "/api/health/status")
    assert (status, answer["status"], answer["lastCheck"]) == (200, "operational", None)
    assert answer["uptime"]["90d"] is None


async def test_history_gives_the_stretches_and_their_uptime(watched: Service) -> None:
    for _ in range(3):
        runs(watched, "disk", *[Level.UNHEALTHY] * 2)
        runs(watched, "disk", *[Level.HEALTHY] * 4)
    await health_of(watched).save()
    ask = "/api/health/history?service=disk&period=24h"
    status, answer = await watched.admin()("GET", f"{ask}&limit=2")
    assert status == 200
    assert answer["pagination"] == {"page": 1, "limit": 2, "total": 7, "pages": 4}
    newest, before = answer["results"]
    assert (newest["status"], before["status"]) == ("healthy", "unhealthy")
    assert before["message"] == SECRET
    assert before["until"] == newest["timestamp"]
    assert before["runs"] == 2
    assert before["responseTime"] == before["maxResponseTime"] == 12.5
    assert 0 < answer["uptime"] < 100
    _, failed = await watched.admin()("GET", f"{ask}&status=unhealthy")
    assert failed["pagination"]["total"] == 3
    _, elsewhere = await watched.admin()("GET", f"{ask}&instance=elsewhere")
    assert elsewhere["results"] == []
    _, before_all = await watched.admin()("GET", "/api/health/history?endDate=2026-03-10")
    assert (before_all["results"], before_all["uptime"]) == ([], None)


async def test_history_without_a_service_is_the_uptime_of_what_is_critical(
    watched: Service,
) -> None:
    down(watched, "collections")
    runs(watched, "collections", Level.UNHEALTHY, Level.UNHEALTHY)
    await health_of(watched).save()
    _, answer = await watched.admin()("GET", "/api/health/history?period=1h")
    assert answer["uptime"] == 100.0
    assert {result["service"] for result in answer["results"]} == set(CHECKS)


@pytest.mark.parametrize("path", ["/api/health/status", "/api/health/history"])
async def test_users_and_other_tenants_see_none_of_it(watched: Service, path: str) -> None:
    down(watched)
    await health_of(watched).settle()
    assert await refusals(watched, "GET", path) == NOBODYS


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=fine", "status"),
        ("limit=0", "limit"),
        ("startDate=x", "startDate"),
        ("user=1", "user"),
        ("period=1h&startDate=2026-03-15", "period"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    service: Service, query: str, field: str
) -> None:
    status, answer = await service.admin()("GET", f"/api/health/history?{query}")
    assert (status, answer["details"][0]["path"]) == (400, field)


async def test_a_service_that_starts_with_a_bad_file_of_checks_does_not(
    start: Start, tmp_path: Any
) -> None:
    (tmp_path / "checks.yaml").write_text("checks: [{kind: disk, full: 3}]")
    with pytest.raises(SettingError, match="`full`"):
        await start(health_checks_file=tmp_path / "checks.yaml")
