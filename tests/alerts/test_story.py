"""The steps of a record, one by one."""

from datetime import timedelta

import pytest

from exporter.alerts.story import (
    MOST_ENTRIES,
    acknowledged,
    commented,
    heard,
    resolved,
    silenced,
    watched,
)
from exporter.errors import Conflict
from exporter.records.alert import Alert

from .reports import minutes, report


def opened() -> Alert:
    """An alert that began at 0 and was heard of a minute later."""
    return heard(None, report(), minutes(1))


def told(record: Alert) -> list[tuple[str, str]]:
    """Who did what, in order."""
    return [(one["who"], one["action"]) for one in record.trail]


def test_a_first_notification_opens_a_record() -> None:
    record = opened()
    assert record.state == "open"
    assert (record.starts_at, record.created_at, record.last_seen_at) == (
        minutes(0),
        minutes(1),
        minutes(1),
    )
    assert (record.severity, record.alert_type, record.category) == ("critical", "error", "sales")
    assert (record.title, record.message) == ("Payments fail", "12 % of payments failed.")
    assert record.notifications == 1
    assert told(record) == [("alertmanager", "opened")]


def test_repetitions_are_counted_in_one_entry_of_the_trail() -> None:
    record = opened()
    for minute in (2, 3, 4):
        record = heard(record, report(annotations={"summary": str(minute)}), minutes(minute))
    assert (record.notifications, record.last_seen_at) == (4, minutes(4))
    assert record.title == "4"
    assert record.trail[1:] == [
        {
            "time": "2026-03-15T12:02:00.000Z",
            "who": "alertmanager",
            "action": "repeated",
            "times": 3,
        }
    ]


def test_its_end_resolves_it_at_the_time_that_is_told() -> None:
    record = heard(opened(), report(ended=10), minutes(12))
    assert (record.state, record.resolved_by) == ("resolved", "alertmanager")
    assert (record.ends_at, record.resolved_at) == (minutes(10), minutes(10))
    assert record.time_to_resolve == 600
    assert told(record)[-1] == ("alertmanager", "resolved")
    assert record.trail[-1]["note"] == "It ended at 2026-03-15T12:10:00.000Z."


def test_an_end_that_comes_first_makes_a_resolved_record() -> None:
    record = heard(None, report(ended=10), minutes(12))
    assert (record.state, record.resolved_at) == ("resolved", minutes(10))
    later = heard(record, report(annotations={"summary": "old news"}), minutes(13))
    assert (later.state, later.resolved_at, later.title) == (
        "resolved",
        minutes(10),
        "Payments fail",
    )
    assert (later.notifications, told(later)[-1]) == (2, ("alertmanager", "repeated"))


def test_the_first_end_that_is_told_stays() -> None:
    record = heard(opened(), report(ended=10), minutes(12))
    again = heard(record, report(ended=11), minutes(13))
    assert (again.ends_at, again.resolved_at, again.time_to_resolve) == (
        minutes(10),
        minutes(10),
        600,
    )
    assert told(again)[-1] == ("alertmanager", "repeated")


def test_an_end_before_the_start_is_the_start() -> None:
    record = heard(opened(), report(ended=-5), minutes(1))
    assert (record.resolved_at, record.time_to_resolve) == (minutes(0), 0)


def test_who_takes_it_first_makes_the_time() -> None:
    record = acknowledged(opened(), minutes(5), who="ada", note="mine")
    assert (record.state, record.acknowledged_by, record.note) == ("acknowledged", "ada", "mine")
    assert record.time_to_acknowledge == 300
    taken_over = acknowledged(record, minutes(9), who="bob", note=None)
    assert (taken_over.acknowledged_by, taken_over.note) == ("bob", "mine")
    assert (taken_over.acknowledged_at, taken_over.time_to_acknowledge) == (minutes(5), 300)
    assert told(taken_over)[1:] == [("ada", "acknowledged"), ("bob", "acknowledged")]


def test_the_same_acknowledgement_again_changes_nothing() -> None:
    record = acknowledged(opened(), minutes(5), who="ada", note="mine")
    assert acknowledged(record, minutes(6), who="ada", note="mine") is record
    assert acknowledged(record, minutes(6), who="ada", note=None) is record
    assert acknowledged(record, minutes(6), who="ada", note="more") is not record


def test_a_shared_credential_says_whom_it_speaks_for() -> None:
    record = acknowledged(opened(), minutes(5), who="desk", note=None, on_behalf_of="ada")
    assert record.acknowledged_by == "ada"
    assert record.trail[-1]["who"] == "desk"
    assert record.trail[-1]["onBehalfOf"] == "ada"
    assert acknowledged(record, minutes(6), who="desk", note=None, on_behalf_of="ada") is record


def test_a_clock_behind_the_sources_takes_no_time_below_zero() -> None:
    record = acknowledged(opened(), minutes(-3), who="ada", note=None)
    assert record.time_to_acknowledge == 0


def test_an_acknowledged_alert_stays_so_when_it_repeats() -> None:
    record = heard(acknowledged(opened(), minutes(5), who="ada", note=None), report(), minutes(60))
    assert (record.state, record.acknowledged_by) == ("acknowledged", "ada")


def test_what_is_resolved_cannot_be_taken() -> None:
    record = resolved(opened(), minutes(5), who="ada", note=None)
    with pytest.raises(Conflict):
        acknowledged(record, minutes(6), who="bob", note=None)


def test_a_person_calls_it_over_and_the_end_is_written_behind() -> None:
    record = resolved(opened(), minutes(5), who="ada", note="fixed")
    assert (record.state, record.resolved_by, record.resolved_at) == ("resolved", "ada", minutes(5))
    assert record.time_to_resolve == 300
    assert resolved(record, minutes(6), who="bob", note="me too") is record
    still = heard(record, report(), minutes(7))
    assert (still.state, still.last_seen_at) == ("resolved", minutes(7))
    ended = heard(still, report(ended=20), minutes(21))
    assert (ended.ends_at, ended.resolved_at, ended.resolved_by) == (minutes(20), minutes(5), "ada")
    assert (ended.time_to_resolve, told(ended)[-1]) == (300, ("alertmanager", "ended"))


def test_an_end_that_was_guessed_gives_way_to_the_one_that_is_told() -> None:
    record = resolved(
        opened(), minutes(50), who="alertmanager", note=None, at=minutes(40), known=False
    )
    assert (record.resolved_at, record.time_to_resolve) == (minutes(40), None)
    told_late = heard(record, report(ended=30), minutes(60))
    assert (told_late.resolved_at, told_late.time_to_resolve) == (minutes(30), 1800)


def test_a_comment_is_an_entry_of_the_trail() -> None:
    record = commented(opened(), minutes(3), who="ada", note="looking")
    assert record.trail[-1] == {
        "time": "2026-03-15T12:03:00.000Z",
        "who": "ada",
        "action": "commented",
        "note": "looking",
    }
    assert record.state == "open"


def test_a_silence_is_on_the_record() -> None:
    record = silenced(
        opened(),
        minutes(3),
        who="ada",
        silence_id="s1",
        until=minutes(60) + timedelta(microseconds=7),
    )
    assert (record.silence_id, record.silenced_until) == ("s1", minutes(60))
    assert record.trail[-1]["note"] == "Silence s1 until 2026-03-15T13:00:00.000Z."


def test_that_alertmanager_has_it_is_written_down_once() -> None:
    record = watched(opened(), minutes(2))
    assert record.known_to_alertmanager
    assert told(record)[-1] == ("alertmanager", "confirmed")
    assert watched(record, minutes(3)) is record


def test_a_full_trail_takes_no_words_but_its_end() -> None:
    record = opened()
    for number in range(MOST_ENTRIES - 1):
        record = commented(record, minutes(1), who="ada", note=str(number))
    with pytest.raises(Conflict, match="full"):
        commented(record, minutes(2), who="ada", note="one more")
    with pytest.raises(Conflict, match="full"):
        acknowledged(record, minutes(2), who="ada", note=None)
    ended = heard(record, report(ended=3), minutes(4))
    assert (ended.state, len(ended.trail)) == ("resolved", MOST_ENTRIES + 1)


def test_every_step_is_a_revision() -> None:
    record = opened()
    after = commented(heard(record, report(), minutes(2)), minutes(3), who="ada", note="x")
    assert (record.revision, after.revision) == (0, 2)
    assert after.updated_at == minutes(3)
