"""The steps of an alert's record: pure functions from the record as it was to the one it becomes.

open → acknowledged → resolved, and never back: another start is another record. A step that says
nothing new gives back the same object. Every other one is in the trail, repetitions in one entry.
"""

from datetime import datetime
from typing import Any

import msgspec

from ..clock import rfc3339, to_milliseconds
from ..errors import Conflict
from ..records.alert import UNRESOLVED, Action, Alert, TrailEntry
from .report import Report, fitting

MOST_ENTRIES = 200
"""Entries of a trail past which people can add no more; its end is always written down."""

Entry = dict[str, Any]


def entry(
    now: datetime,
    who: str,
    action: Action,
    note: str | None = None,
    on_behalf_of: str | None = None,
) -> Entry:
    """An entry of a trail."""
    made: Entry = msgspec.to_builtins(TrailEntry(rfc3339(now), who, action, note, on_behalf_of))
    return made


def heard(before: Alert | None, report: Report, now: datetime) -> Alert:
    """The record after one more notification of its alert, in whatever order they come.

    A firing one never reopens what is resolved. An end is written down once: also behind a
    resolution that came from a person or was only guessed, as the real end of the alert.
    """
    if before is None:
        return _begun(report, now)
    again: dict[str, Any] = {
        "notifications": before.notifications + 1,
        "last_seen_at": max(now, before.last_seen_at or now),
        "trail": _repeated(before.trail, report.source, now),
    }
    if report.ends_at is not None:
        again |= _ended(before, report, now)
    elif before.state in UNRESOLVED:
        again |= _said(report)
    return _changed(before, now, **again)


def acknowledged(
    before: Alert, now: datetime, *, who: str, note: str | None, on_behalf_of: str | None = None
) -> Alert:
    """Somebody has it in hand. The first time is the one that counts for the mean.

    A second one takes it over; the same one again, without a note, changes nothing. A Conflict
    where it is resolved.
    """
    if before.state == "resolved":
        raise Conflict("The alert is resolved already.")
    name = on_behalf_of or who
    if before.acknowledged_by == name and note in (None, before.note):
        return before
    check_room(before)
    first = before.acknowledged_at or now
    return _changed(
        before,
        now,
        state="acknowledged",
        acknowledged_by=name,
        acknowledged_at=first,
        note=before.note if note is None else note,
        time_to_acknowledge=_seconds(before.starts_at, first),
        trail=[*before.trail, entry(now, who, "acknowledged", note, on_behalf_of)],
    )


def silenced(before: Alert, now: datetime, *, who: str, silence_id: str, until: datetime) -> Alert:
    """Alertmanager keeps quiet about it until then."""
    note = f"Silence {silence_id} until {rfc3339(until)}."
    return _changed(
        before,
        now,
        silence_id=silence_id,
        silenced_until=to_milliseconds(until),
        trail=[*before.trail, entry(now, who, "silenced", note)],
    )


def commented(before: Alert, now: datetime, *, who: str, note: str) -> Alert:
    """Somebody adds to its story."""
    check_room(before)
    return _changed(before, now, trail=[*before.trail, entry(now, who, "commented", note)])


def resolved(
    before: Alert,
    now: datetime,
    *,
    who: str,
    note: str | None,
    at: datetime | None = None,
    known: bool = True,
) -> Alert:
    """It is over since `at` (now, if left out), as somebody says; again, it changes nothing.

    known: whether that is its end, so that it counts for the mean, and not only a guess.
    """
    if before.state == "resolved":
        return before
    over = max(before.starts_at, to_milliseconds(at or now))
    return _changed(
        before,
        now,
        state="resolved",
        resolved_by=who,
        resolved_at=over,
        time_to_resolve=_seconds(before.starts_at, over) if known else None,
        trail=[*before.trail, entry(now, who, "resolved", note)],
    )


def watched(before: Alert, now: datetime) -> Alert:
    """Alertmanager, when it was asked, has it."""
    return (
        before
        if before.known_to_alertmanager
        else _changed(
            before,
            now,
            known_to_alertmanager=True,
            trail=[*before.trail, entry(now, before.source, "confirmed")],
        )
    )


def _begun(report: Report, now: datetime) -> Alert:
    severity, alert_type = report.severity
    starts_at = to_milliseconds(report.starts_at)
    labels = fitting(report.labels)
    record = Alert(
        tenant_id=report.tenant,
        alert_id=report.alert_id,
        fingerprint=report.fingerprint,
        source=report.source,
        alertname=report.alertname,
        alert_type=alert_type,
        severity=severity,
        category=report.category,
        title="",
        message="",
        labels=labels,
        labels_cut=len(labels) < len(report.labels),
        generator_url=report.generator_url,
        starts_at=starts_at,
        created_at=now,
        last_seen_at=now,
        trail=[entry(now, report.source, "opened")],
    )
    told = _said(report)
    if report.ends_at is not None:
        told |= _ended(record, report, now)
    return msgspec.structs.replace(record, **told)


def _said(report: Report) -> dict[str, Any]:
    """What changes from one notification to the next: the values in its words, for example."""
    return {
        "title": report.title,
        "message": report.message,
        "annotations": fitting(report.annotations),
    }


def _ended(before: Alert, report: Report, now: datetime) -> dict[str, Any]:
    """The end that a notification tells; the first one that is told stays."""
    if before.ends_at is not None or report.ends_at is None:
        return {}
    end = max(before.starts_at, to_milliseconds(report.ends_at))
    ended: dict[str, Any] = {"ends_at": end}
    if before.state in UNRESOLVED or before.time_to_resolve is None:
        ended |= {
            "state": "resolved",
            "resolved_by": report.source,
            "resolved_at": end,
            "time_to_resolve": _seconds(before.starts_at, end),
        }
    action: Action = "resolved" if before.state in UNRESOLVED else "ended"
    note = f"It ended at {rfc3339(end)}."
    return {**ended, "trail": [*before.trail, entry(now, report.source, action, note)]}


def _repeated(trail: list[Entry], who: str, now: datetime) -> list[Entry]:
    """The trail with one more notification that said nothing new: one entry for any in a row."""
    last = trail[-1]
    if last["action"] != "repeated":
        return [*trail, entry(now, who, "repeated")]
    return [*trail[:-1], last | {"times": last.get("times", 1) + 1}]


def _changed(before: Alert, now: datetime, **values: Any) -> Alert:
    return msgspec.structs.replace(before, **values, updated_at=now, revision=before.revision + 1)


def _seconds(start: datetime, end: datetime) -> float:
    """The time from `start` to `end`; clocks that disagree make it no less than nothing."""
    return max(0.0, (end - start).total_seconds())


def check_room(record: Alert) -> None:
    """Raise Conflict where people cannot add to a trail any more."""
    if len(record.trail) >= MOST_ENTRIES:
        raise Conflict(f"The trail of this alert is full, with {MOST_ENTRIES} entries.")
