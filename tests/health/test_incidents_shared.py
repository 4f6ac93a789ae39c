"""Incidents that replicas, people and restarts have a part in, on both engines."""

import asyncio
from datetime import timedelta

import pytest

from exporter.errors import Unavailable
from exporter.health import story
from exporter.records import INCIDENT
from exporter.storage.base import Outcome, StoreUnavailable

from ..conftest import NOW, MovingClock
from ..outside import until
from ..services.gated_store import GatedStore
from .replica import Begin, actions, kept, settle_together

MINUTE = timedelta(minutes=1)


async def test_replicas_share_one_which_ends_when_the_last_sees_its_end(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a, b = begin("a"), begin("b")
    a.incidents.down("database", NOW, "away")
    b.incidents.down("database", NOW - MINUTE, "away")
    await settle_together(a, b)
    (one,) = await kept(gated.inner)
    assert sorted(action for _, action in actions(one)) == ["joined", "opened"]
    assert one.started_at == NOW - MINUTE
    assert {seen["instance"] for seen in one.affected} == {"a", "b"}

    clock.advance(minutes=2)
    a.incidents.up("database", NOW + MINUTE)
    await a.settle()
    await b.settle()
    (one,) = await kept(gated.inner)
    assert one.phase == "investigating"
    assert actions(one)[-1] == ("a", "left")

    b.incidents.up("database", NOW + 2 * MINUTE)
    await b.settle()
    (one,) = await kept(gated.inner)
    assert (one.phase, one.resolved_at, one.resolved_by) == ("resolved", NOW + 2 * MINUTE, "b")
    assert len(a.told) + len(b.told) == 2, "people are told once of each"


async def test_of_two_that_open_one_at_the_same_moment_one_joins(
    gated: GatedStore, begin: Begin
) -> None:
    a, b = begin("a"), begin("b")
    gated.gate.clear()  # both have looked, and found nothing, before either writes
    for each in (a, b):
        each.incidents.down("database", NOW, None)
    both = asyncio.create_task(settle_together(a, b))
    await until(lambda: len(gated.gate._waiters) == 2)
    gated.gate.set()
    await both
    (one,) = await kept(gated.inner)
    assert {seen["instance"] for seen in one.affected} == {"a", "b"}


async def test_a_restart_in_the_middle_goes_on_with_the_incident(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    before = begin()
    before.incidents.down("database", NOW, "away")
    await before.settle()
    clock.advance(minutes=3)
    after = begin()
    assert await after.incidents.resume() == {"database"}
    await after.settle()
    assert after.open() == 1
    clock.advance(minutes=1)
    after.incidents.up("database", clock())
    await after.settle()
    (one,) = await kept(gated.inner)
    assert (one.phase, one.duration) == ("resolved", 240.0)
    assert actions(one) == [("a", "opened"), ("a", "resolved")]


async def test_another_replica_goes_on_with_its_own_only(begin: Begin) -> None:
    a, b = begin("a"), begin("b")
    a.incidents.down("database", NOW, None)
    await a.settle()
    assert await b.incidents.resume() == set()
    assert len(b.incidents.active) == 1


async def test_an_incident_of_a_replica_that_is_gone_ends_when_it_was_last_heard_of(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a, b = begin("a"), begin("b")
    a.incidents.down("disk", NOW, None)
    await a.settle()
    clock.advance(minutes=4)
    await b.settle()
    assert (await kept(gated.inner))[0].phase == "investigating"
    clock.advance(minutes=1)
    await b.settle()
    (one,) = await kept(gated.inner)
    assert (one.phase, one.resolved_at) == ("resolved", NOW)
    assert one.affected == []


async def test_a_replica_that_is_gone_does_not_keep_one_open_that_others_see_end(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a, b = begin("a"), begin("b")
    for each in (a, b):
        each.incidents.down("database", NOW, None)
        await each.settle()
    clock.advance(minutes=6)
    await b.settle()  # a is gone by now
    assert [seen["instance"] for seen in (await kept(gated.inner))[0].affected] == ["b"]
    b.incidents.up("database", clock())
    await b.settle()
    (one,) = await kept(gated.inner)
    assert one.phase == "resolved"
    assert ("a", "left") in actions(one)


async def test_an_outage_of_the_store_itself_is_an_incident_once_it_is_back(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a = begin()
    gated.error = StoreUnavailable("away")
    a.incidents.down("database", NOW, "away")
    with pytest.raises(StoreUnavailable):
        await a.incidents.settle(clock())
    a.incidents.show(clock())
    assert a.open() == 1, "it is shown all the same"
    assert [one.service for one in a.incidents.waiting(clock())] == ["database"]
    clock.advance(minutes=7)
    a.incidents.up("database", clock())
    gated.error = None
    clock.advance(minutes=1)
    await a.settle()
    (one,) = await kept(gated.inner)
    assert (one.started_at, one.resolved_at) == (NOW, NOW + 7 * MINUTE)
    assert a.open() == 0
    assert a.incidents.waiting(clock()) == []


async def test_what_others_saw_of_an_outage_that_is_over_belongs_to_its_incident(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    replicas = [begin(name) for name in "abc"]
    gated.error = StoreUnavailable("away")
    for seconds, one in enumerate(replicas):
        since = NOW + timedelta(seconds=10 - seconds)
        one.incidents.down("database", since, "away")
        one.incidents.up("database", NOW + (7 + seconds) * MINUTE)
    gated.error = None
    clock.advance(minutes=20)
    for each in replicas:
        await each.settle()
    (incident,) = await kept(gated.inner)
    assert incident.started_at == NOW + timedelta(seconds=8)
    assert incident.resolved_at == NOW + 9 * MINUTE
    assert incident.duration == 9 * 60 - 8
    assert actions(incident) == [
        ("a", "opened"),
        ("a", "resolved"),
        ("b", "joined"),
        ("c", "joined"),
    ]
    assert sum(len(one.told) for one in replicas) == 2


async def test_what_a_person_resolved_stays_resolved_while_the_check_is_still_down(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a = begin()
    a.incidents.down("database", NOW, None)
    await a.settle()
    clock.advance(minutes=2)
    await a.swaps.change(
        INCIDENT,
        "database-1",
        lambda one: story.resolved(one, clock(), who="root", text="the check is wrong"),
    )
    clock.advance(minutes=2)
    await a.settle()
    (one,) = await kept(gated.inner)
    assert (one.phase, one.resolved_by) == ("resolved", "root")
    a.incidents.up("database", clock())
    await a.settle()
    (one,) = await kept(gated.inner)
    assert one.affected == []
    assert actions(one) == [("a", "opened"), ("root", "resolved")]


async def test_a_check_joins_what_a_person_opened_and_leaves_it_to_them(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a, b = begin("a"), begin("b")
    made = await a.incidents.report(
        "database",
        who="root",
        title="The database is slow",
        severity="major",
        since=NOW,
        now=NOW,
        text=None,
    )
    assert (made.incident_id, made.origin) == ("database-1", "person")
    for each in (a, b):
        each.incidents.down("database", NOW + MINUTE, "away")
    clock.advance(minutes=2)
    await a.settle()
    await b.settle()
    a.incidents.up("database", clock())
    await a.settle()
    clock.advance(minutes=9)  # b is gone
    await a.settle()
    (one,) = await kept(gated.inner)
    assert (one.phase, one.affected) == ("investigating", [])
    assert actions(one) == [
        ("root", "opened"),
        ("a", "joined"),
        ("b", "joined"),
        ("a", "left"),
        ("b", "left"),
    ]
    assert a.open("major") == 1
    assert a.told == []


async def test_one_that_is_gone_from_the_store_is_told_to_nobody(
    gated: GatedStore, begin: Begin, clock: MovingClock
) -> None:
    a = begin()
    a.incidents.down("database", NOW, None)
    await a.settle()
    (episode,) = a.incidents._episodes
    episode.incident = "database-99"  # past its retention
    a.incidents.up("database", clock())
    await a.settle()
    assert not a.incidents._episodes


async def test_a_store_that_refuses_is_tried_again(gated: GatedStore, begin: Begin) -> None:
    a = begin()
    a.incidents.down("database", NOW, None)
    gated.says = Outcome.FAILED
    with pytest.raises(Unavailable):
        await a.settle()
    gated.says = Outcome.DUPLICATE
    with pytest.raises(Unavailable, match="Others keep opening"):
        await a.settle()
    with pytest.raises(Unavailable, match="Others keep opening"):
        await a.incidents.report(
            "x", who="root", title="x", severity="minor", since=NOW, now=NOW, text=None
        )
    gated.says = None
    await a.settle()
    assert len(await kept(gated.inner)) == 1
    gated.says = Outcome.STALE
    with pytest.raises(Unavailable, match="Others keep changing"):
        await a.swaps.change(
            INCIDENT, "database-1", lambda one: story.resolved(one, NOW, who="x", text=None)
        )
