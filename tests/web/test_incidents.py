"""Incidents and maintenance windows over HTTP: read and written by those who run it."""

from datetime import timedelta
from typing import Any

import pytest

from exporter.health.check import Level
from exporter.health.story import MOST_ENTRIES

from ..conftest import NOW, Service, Start
from .health import NOBODYS, SECRET, begun, down, health_of, refusals, runs

PATH = "/api/incidents"
WINDOWS = "/api/incidents/maintenance"


@pytest.fixture
async def watched(start: Start) -> Service:
    """A service with an incident of its database."""
    service = await start(health_interval_seconds=3600.0)
    await begun(service)
    down(service)
    await health_of(service).settle()
    return service


async def post(service: Service, path: str, body: Any) -> tuple[int, Any]:
    """What an admin is answered to a POST."""
    return await service.admin()("POST", path, body)


async def test_an_incident_tells_its_story_from_the_first_run_to_the_postmortem(
    watched: Service,
) -> None:
    one = f"{PATH}/database-1"
    watched.clock.advance(minutes=1)
    status, _ = await post(
        watched, f"{one}/update", {"text": "it is the disk", "phase": "identified"}
    )
    assert status == 200
    watched.clock.advance(minutes=1)
    runs(watched, "database", Level.HEALTHY, Level.HEALTHY)
    await health_of(watched).settle()
    watched.clock.advance(hours=1)
    status, answer = await post(watched, f"{one}/postmortem", {"text": "buy larger disks"})
    assert status == 200
    instance = health_of(watched).instance
    assert [(step["who"], step["action"], step.get("text")) for step in answer["timeline"]] == [
        (instance, "opened", SECRET),
        ("root", "update", "it is the disk"),
        (instance, "resolved", "The check is up again."),
        ("root", "postmortem", None),
    ]
    assert answer["postmortem"] == "buy larger disks"
    assert answer["phase"] == "resolved"
    assert answer["startedAt"] == "2026-03-15T12:00:30.000Z"
    assert answer["resolvedAt"] == "2026-03-15T12:03:30.000Z"
    assert answer["duration"] == 180.0
    status, read = await watched.admin()("GET", one)
    assert (status, read) == (200, answer)


async def test_an_incident_shows_the_alerts_that_began_while_it_lasted(watched: Service) -> None:
    _, answer = await watched.admin()("GET", f"{PATH}/database-1")
    assert [(alert["alertname"], alert["source"]) for alert in answer["alerts"]] == [
        ("HealthCheckDown", "health")
    ]
    alert = {"labels": {"alertname": "DatabaseSlow"}, "annotations": {}, "generatorURL": ""}
    for name, minutes in (("just before", -4), ("during", 5), ("long before", -6)):
        starts = NOW + timedelta(minutes=minutes, seconds=30)
        alert |= {
            "status": "firing",
            "startsAt": starts.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": name.replace(" ", "-"),
        }
        status, answer = await post(
            watched,
            "/api/alerts/webhook",
            {"version": "4", "status": "firing", "receiver": "history", "alerts": [alert]},
        )
        assert status == 200, answer
    watched.clock.advance(minutes=10)
    _, answer = await watched.admin()("GET", f"{PATH}/database-1")
    fingerprints = [one["fingerprint"] for one in answer["alerts"]]
    assert (fingerprints[0], fingerprints[-1]) == ("just-before", "during")
    assert "long-before" not in fingerprints


async def test_a_person_opens_updates_and_resolves_one(watched: Service) -> None:
    status, answer = await post(
        watched,
        PATH,
        {
            "title": "Payments are slow",
            "service": "payments",
            "severity": "minor",
            "text": "customers call",
            "startedAt": "2026-03-15T11:30:00Z",
        },
    )
    assert status == 201
    assert answer["incidentId"] == "payments-1"
    assert (answer["origin"], answer["affected"]) == ("person", [])
    one = f"{PATH}/payments-1"
    status, answer = await post(
        watched, f"{one}/update", {"text": "worse", "severity": "critical", "title": "Payments"}
    )
    assert (answer["severity"], answer["title"], answer["phase"]) == (
        "critical",
        "Payments",
        "investigating",
    )
    status, answer = await post(
        watched, f"{one}/resolve", {"text": "done", "resolvedAt": "2026-03-15T12:00:00Z"}
    )
    assert (status, answer["duration"], answer["resolvedBy"]) == (200, 1800.0, "root")
    status, again = await post(watched, f"{one}/resolve", {})
    assert (status, again) == (200, answer)
    status, answer = await post(watched, f"{one}/update", {"text": "late"})
    assert (status, answer["error"]) == (409, "conflict")


async def test_one_without_a_service_is_called_an_incident(watched: Service) -> None:
    ids = [(await post(watched, PATH, {"title": "Odd"}))[1]["incidentId"] for _ in range(2)]
    assert ids == ["incident-1", "incident-2"]


async def test_the_list_has_all_of_them_by_what_is_asked(watched: Service) -> None:
    await post(watched, PATH, {"title": "Odd", "severity": "minor"})
    await post(watched, f"{PATH}/incident-1/resolve", {})
    await post(
        watched, PATH, {"title": "Old", "service": "old", "startedAt": "2026-01-02T00:00:00Z"}
    )

    async def ids(query: str = "") -> list[str]:
        status, answer = await watched.admin()("GET", f"{PATH}{query}")
        assert status == 200
        return [one["incidentId"] for one in answer["incidents"]]

    assert await ids() == ["incident-1", "database-1", "old-1"]
    assert await ids("?state=open") == ["database-1", "old-1"]
    assert await ids("?state=resolved") == ["incident-1"]
    assert await ids("?severity=critical") == ["database-1"]
    assert await ids("?service=old") == ["old-1"]
    assert await ids("?startDate=2026-01-01&endDate=2026-01-31") == ["old-1"]
    assert await ids("?limit=1&page=2") == ["database-1"]


async def test_maintenance_is_planned_listed_and_cancelled(watched: Service) -> None:
    ends = "2026-03-15T14:00:00Z"
    status, made = await post(
        watched, WINDOWS, {"title": "upgrade", "endsAt": ends, "services": ["disk"]}
    )
    assert status == 201
    assert (made["startsAt"], made["endsAt"]) == (
        "2026-03-15T12:01:00.000Z",
        "2026-03-15T14:00:00.000Z",
    )
    status, listed = await watched.admin()("GET", WINDOWS)
    assert (status, listed) == (200, {"windows": [made]})
    down(watched, "disk")
    await health_of(watched).settle()
    _, answer = await watched.admin()("GET", f"{PATH}?service=disk")
    assert answer["incidents"] == []

    cancel = f"{WINDOWS}/{made['windowId']}/cancel"
    status, over = await post(watched, cancel, {})
    assert (status, over["cancelledAt"], over["endsAt"]) == (
        200,
        "2026-03-15T12:02:00.000Z",
        "2026-03-15T12:02:00.000Z",
    )
    assert [(one["who"], one["action"]) for one in over["trail"]] == [
        ("root", "created"),
        ("root", "cancelled"),
    ]
    assert (await post(watched, cancel, {}))[0] == 409
    await health_of(watched).settle()
    _, answer = await watched.admin()("GET", f"{PATH}?service=disk")
    assert [one["startedAt"] for one in answer["incidents"]] == ["2026-03-15T12:02:00.000Z"]


WRITES: dict[str, Any] = {
    PATH: {"title": "x"},
    f"{PATH}/database-1/update": {"text": "x"},
    f"{PATH}/database-1/resolve": {},
    f"{PATH}/database-1/postmortem": {"text": "x"},
    WINDOWS: {"title": "x", "endsAt": "2026-03-15T14:00:00Z"},
    f"{WINDOWS}/x/cancel": {},
}


@pytest.mark.parametrize("path", [PATH, f"{PATH}/database-1", f"{PATH}/none-1", WINDOWS])
async def test_users_and_other_tenants_read_none_of_it(watched: Service, path: str) -> None:
    assert await refusals(watched, "GET", path) == NOBODYS


@pytest.mark.parametrize("path", WRITES)
async def test_users_and_other_tenants_write_none_of_it(watched: Service, path: str) -> None:
    _, before = await watched.admin()("GET", f"{PATH}/database-1")
    assert await refusals(watched, "POST", path, WRITES[path]) == NOBODYS
    assert (await watched.admin()("GET", f"{PATH}/database-1"))[1] == before
    assert (await watched.admin()("GET", WINDOWS))[1] == {"windows": []}
    assert (await watched.admin()("GET", PATH))[1]["pagination"]["total"] == 1


@pytest.mark.parametrize("path", [path for path in WRITES if "database-1" in path])
async def test_what_is_not_there_is_not_found(watched: Service, path: str) -> None:
    status, answer = await post(watched, path.replace("database-1", "database-2"), WRITES[path])
    assert (status, answer["error"]) == (404, "not_found")
    assert (await post(watched, f"{WINDOWS}/x/cancel", {}))[0] == 404
    assert (await watched.admin()("GET", f"{PATH}/database-2"))[0] == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (PATH, {}, "title"),
        (PATH, {"title": "x", "startedAt": "2026-03-16T00:00:00Z"}, "startedAt"),
        (PATH, {"title": "x", "service": "My service"}, "service"),
        (PATH, {"title": "x", "phase": "resolved"}, "phase"),
        (f"{PATH}/database-1/update", {"phase": "identified"}, "text"),
        (f"{PATH}/database-1/update", {"text": "x", "phase": "resolved"}, "phase"),
        (f"{PATH}/database-1/resolve", {"resolvedAt": "2026-03-15T11:00:00Z"}, "resolvedAt"),
        (f"{PATH}/database-1/postmortem", {"text": ""}, "text"),
        (WINDOWS, {"title": "x"}, "endsAt"),
        (WINDOWS, {"title": "x", "endsAt": "2026-03-15T11:00:00Z"}, "endsAt"),
        (WINDOWS, {"title": "x", "endsAt": "2026-03-15T14:00:00Z", "services": ["z"]}, "services"),
        (f"{WINDOWS}/x/cancel", {"why": "x"}, "why"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(
    watched: Service, path: str, body: Any, field: str
) -> None:
    status, answer = await post(watched, path, body)
    assert (status, answer["error"]) == (400, "validation_error")
    assert answer["details"][0]["path"] == field


async def test_a_full_story_takes_no_more_of_people(
    watched: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_ENTRIES == 500
    monkeypatch.setattr("exporter.health.story.MOST_ENTRIES", 2)
    assert (await post(watched, f"{PATH}/database-1/update", {"text": "x"}))[0] == 200
    status, answer = await post(watched, f"{PATH}/database-1/update", {"text": "y"})
    assert (status, answer["error"]) == (409, "conflict")
