"""Incidents of checks: opened, closed, reopened, and kept quiet, on both engines."""

from datetime import timedelta

import pytest

from exporter.errors import NotFound
from exporter.health import incidents, story
from exporter.ids import new_id
from exporter.metrics import health as shown
from exporter.records import INCIDENT
from exporter.storage.base import Insert

from ..conftest import NOW, MovingClock
from ..services.gated_store import GatedStore
from .replica import Begin, actions, kept

MINUTE = timedelta(minutes=1)


async def test_a_check_that_stays_down_opens_one_and_its_end_closes_it(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a = begin()
    a.incidents.down("database", NOW - MINUTE, "no server")
    await a.settle()
    (one,) = await kept(gated.inner)
    assert (one.incident_id, one.phase, one.started_at) == (
        "database-1",
        "investigating",
        NOW - MINUTE,
    )
    assert one.timeline[0]["text"] == "no server"
    assert (a.open(), a.open("minor")) == (1, 0)
    assert [active.incident_id for active in a.incidents.active] == ["database-1"]

    clock.advance(minutes=10)
    a.incidents.up("database", NOW + 9 * MINUTE)
    await a.settle()
    (one,) = await kept(gated.inner)
    assert (one.phase, one.resolved_at, one.duration) == ("resolved", NOW + 9 * MINUTE, 600.0)
    assert actions(one) == [("a", "opened"), ("a", "resolved")]
    assert a.open() == 0
    assert a.told == [("database-1", "investigating"), ("database-1", "resolved")]
    assert a.metrics.value(shown.INCIDENTS, ("critical",)) == 1
    assert a.metrics.value(shown.INCIDENT_DURATION, ("critical",)) == 1


async def test_while_it_lasts_nothing_is_written_but_once_a_minute(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a = begin()
    a.incidents.down("database", NOW, None)
    await a.settle()
    written = len(gated.writes)
    for _ in range(12):
        clock.advance(seconds=5)
        await a.settle()
    assert len(gated.writes) == written + 1
    (one,) = await kept(gated.inner)
    assert one.affected[0]["seenAt"] == "2026-03-15T12:01:00.000Z"
    assert actions(one) == [("a", "opened")]


async def test_each_check_has_its_own_numbers(gated: GatedStore, begin: Begin) -> None:
    a = begin()
    a.incidents.down("database", NOW, None)
    a.incidents.down("disk", NOW, None)
    await a.settle()
    assert {one.incident_id for one in await kept(gated.inner)} == {"database-1", "disk-1"}
    assert a.open() == 2


async def test_one_that_is_down_again_soon_reopens_its_incident_and_later_opens_another(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a = begin()
    for minutes in (1, 9, 21):
        clock.moment = NOW + minutes * MINUTE
        a.incidents.down("database", clock() - MINUTE / 2, None)
        await a.settle()
        a.incidents.up("database", clock())
        await a.settle()
    first, second = await kept(gated.inner)
    assert [action for _, action in actions(first)] == [
        "opened",
        "resolved",
        "reopened",
        "resolved",
    ]
    assert first.duration == 8.5 * 60
    assert second.incident_id == "database-2"
    assert len(a.told) == 6


async def test_maintenance_keeps_it_quiet_and_what_outlasts_it_is_an_incident(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a = begin()
    await a.windows.add(
        title="upgrade",
        services=["database"],
        starts_at=NOW,
        ends_at=NOW + 30 * MINUTE,
        who="root",
        now=NOW,
    )
    a.incidents.down("database", NOW + 5 * MINUTE, None)
    a.incidents.down("disk", NOW + 5 * MINUTE, None)
    clock.advance(minutes=6)
    await a.settle()
    assert [one.service for one in await kept(gated.inner)] == ["disk"]
    assert a.open() == 1
    clock.advance(minutes=25)
    await a.settle()
    (database,) = [one for one in await kept(gated.inner) if one.service == "database"]
    assert database.started_at == NOW + 30 * MINUTE


async def test_an_outage_within_maintenance_is_none(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a, b = begin("a"), begin("b")
    await a.windows.add(
        title="upgrade",
        services=[],
        starts_at=NOW,
        ends_at=NOW + 30 * MINUTE,
        who="root",
        now=NOW,
    )
    for one in (a, b):
        await one.settle()
        one.incidents.down("database", NOW + 5 * MINUTE, None)
        one.incidents.up("database", NOW + 25 * MINUTE)
    clock.advance(minutes=40)
    for one in (a, b):
        await one.settle()
        assert one.open() == 0
        assert one.incidents.waiting(clock()) == []
    assert await kept(gated.inner) == []


async def test_a_story_that_is_full_is_followed_by_another(
    gated: GatedStore, begin: Begin, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "MOST_ENTRIES", 4)
    a = begin()
    for _ in range(4):
        a.incidents.down("database", clock(), None)
        await a.settle()
        a.incidents.up("database", clock())
        await a.settle()
        clock.advance(minutes=1)
    assert [len(one.timeline) for one in await kept(gated.inner)] == [4, 4]


async def test_episodes_are_bounded(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents, "MOST_EPISODES", 10)
    a = begin()
    for number in range(100):
        a.incidents.down(f"c{number}", NOW, None)
    assert len(a.incidents._episodes) == 10


async def test_a_record_that_is_not_there_is_not_found(begin: Begin) -> None:
    with pytest.raises(NotFound):
        await begin().swaps.get(INCIDENT, "database-1")


async def test_an_incident_is_of_the_tenant_of_the_installation_alone(
    gated: GatedStore, begin: Begin
) -> None:
    foreign = story.opened("database", 1, instance="a", since=NOW, now=NOW, message=None)
    foreign.tenant_id = "globex"
    await gated.inner.write([Insert(INCIDENT, foreign, new_id())])
    a = begin()
    await a.settle()
    assert (a.incidents.active, a.open()) == ([], 0)
