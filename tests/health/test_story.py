"""The steps of an incident, one by one."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from exporter.errors import Conflict, Invalid
from exporter.health import story
from exporter.records.incident import Incident

from ..conftest import NOW
from .replica import actions

MINUTE = timedelta(minutes=1)


def incident(**values: Any) -> Incident:
    """An open incident of a check on replica `a`."""
    made = story.opened("database", 1, instance="a", since=NOW, now=NOW, message=None)
    return msgspec.structs.replace(made, **values)


def test_a_person_says_how_it_goes_on() -> None:
    after = story.updated(
        incident(), NOW + MINUTE, who="root", text="found it", phase="identified", severity="minor"
    )
    assert (after.phase, after.severity, after.title) == ("identified", "minor", "database is down")
    assert after.timeline[-1] == {
        "time": "2026-03-15T12:01:00.000Z",
        "who": "root",
        "action": "update",
        "text": "found it",
    }
    with pytest.raises(Conflict):
        story.updated(incident(phase="resolved"), NOW, who="root", text="late")


def test_a_person_says_since_when_it_is_over() -> None:
    now = NOW + 10 * MINUTE
    after = story.resolved(incident(), now, who="root", text=None, at=NOW + MINUTE)
    assert (after.resolved_at, after.duration) == (NOW + MINUTE, 60.0)
    assert story.resolved(after, now, who="eve", text=None) is after
    for wrong in (NOW - MINUTE, now + MINUTE):
        with pytest.raises(Invalid):
            story.resolved(incident(), now, who="root", text=None, at=wrong)


def test_what_was_learned_can_be_written_again() -> None:
    first = story.concluded(incident(), NOW, who="root", text="a")
    second = story.concluded(first, NOW, who="eve", text="b")
    assert story.concluded(second, NOW, who="eve", text="b") is second
    assert second.postmortem == "b"
    assert [who for who, action in actions(second) if action == "postmortem"] == ["root", "eve"]


def test_a_full_timeline_takes_the_end_but_nothing_more_of_people() -> None:
    full = incident(timeline=[story.entry(NOW, "root", "update", "x")] * story.MOST_ENTRIES)
    with pytest.raises(Conflict):
        story.updated(full, NOW, who="root", text="more")
    with pytest.raises(Conflict):
        story.concluded(full, NOW, who="root", text="more")
    assert story.left(full, "a", NOW, NOW).phase == "resolved"


def test_a_replica_that_never_was_part_of_it_changes_nothing() -> None:
    one = incident()
    assert story.left(one, "z", NOW, NOW) is one
    assert story.swept(incident(phase="resolved"), NOW + 60 * MINUTE).phase == "resolved"


def test_a_replica_that_was_swept_too_early_is_part_of_it_again() -> None:
    again = story.refreshed(incident(affected=[]), "a", NOW + MINUTE)
    assert [seen["instance"] for seen in again.affected] == ["a"]
