"""The steps of an incident: pure functions from the record as it was to the one it becomes.

A step that says nothing new gives back the same object. Every other one is in the timeline, but
that a replica still sees the check down.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from ..clock import rfc3339
from ..errors import Conflict, Invalid
from ..records.incident import Action, Impact, Incident, Phase, Seen

MOST_ENTRIES = 500
"""Entries past which people can add no more, and a check that fails again opens a new incident."""
REFRESH = timedelta(minutes=1)
"""How often a replica says that the check is still down there."""
GONE = timedelta(minutes=5)
"""A replica that has not said so for this long is gone."""

Entry = dict[str, Any]


def entry(now: datetime, who: str, action: Action, text: str | None = None) -> Entry:
    """An entry of a timeline or a trail: who did what, and when."""
    made = {"time": rfc3339(now), "who": who, "action": action}
    return made if text is None else {**made, "text": text}


def opened(
    service: str,
    number: int,
    *,
    instance: str,
    since: datetime,
    now: datetime,
    message: str | None,
) -> Incident:
    """The incident of a check that is down on a replica."""
    return Incident(
        incident_id=f"{service}-{number}",
        number=number,
        service=service,
        origin="check",
        title=f"{service} is down",
        severity="critical",
        started_at=since,
        affected=[_seen(instance, since, now)],
        timeline=[entry(now, instance, "opened", message)],
        created_at=now,
    )


def reported(
    service: str,
    number: int,
    *,
    who: str,
    title: str,
    severity: Impact,
    since: datetime,
    now: datetime,
    text: str | None,
) -> Incident:
    """An incident that a person opens."""
    return Incident(
        incident_id=f"{service}-{number}",
        number=number,
        service=service,
        origin="person",
        title=title,
        severity=severity,
        started_at=since,
        timeline=[entry(now, who, "opened", text)],
        created_at=now,
    )


def joined(
    before: Incident, instance: str, since: datetime, now: datetime, message: str | None
) -> Incident:
    """The check is down on that replica as well, or again; what was resolved is open again."""
    action: Action = "reopened" if before.phase == "resolved" else "joined"
    phase: Phase = "investigating" if before.phase == "resolved" else before.phase
    return _changed(
        before,
        now,
        entry(now, instance, action, message),
        phase=phase,
        started_at=min(before.started_at, since),
        resolved_at=None,
        resolved_by=None,
        duration=None,
        affected=[*_others(before, instance), _seen(instance, since, now)],
    )


def belonged(
    before: Incident, instance: str, since: datetime, until: datetime, now: datetime
) -> Incident:
    """The check was down on that replica too, and both are over: it could not say so before."""
    text = f"Down here from {rfc3339(since)} to {rfc3339(until)}."
    start, end = min(before.started_at, since), max(before.resolved_at or until, until)
    return _changed(
        before,
        now,
        entry(now, instance, "joined", text),
        started_at=start,
        resolved_at=end,
        duration=_seconds(start, end),
    )


def refreshed(before: Incident, instance: str, now: datetime) -> Incident:
    """The check is still down on that replica. What a person resolved stays so."""
    known = [one for one in _affected(before) if one.instance == instance]
    if before.phase == "resolved":
        return before
    if known and now - _moment(known[0].seen_at) < REFRESH:
        return before
    since = _moment(known[0].since) if known else before.started_at
    return _changed(before, now, affected=[*_others(before, instance), _seen(instance, since, now)])


def left(before: Incident, instance: str, at: datetime, now: datetime) -> Incident:
    """The check is up again on that replica; on the last one that is the end.

    What a person opened is for a person to end.
    """
    others = _others(before, instance)
    if len(others) == len(before.affected):
        return before
    if before.phase == "resolved":
        return _changed(before, now, affected=others)
    if others or before.origin == "person":
        return _changed(before, now, entry(now, instance, "left"), affected=others)
    return _ended(before, now, instance, at, "The check is up again.", affected=[])


def swept(before: Incident, now: datetime) -> Incident:
    """Without the replicas that are gone; where none is left, it ended when the last was seen."""
    known = _affected(before)
    there = [one for one in known if now - _moment(one.seen_at) < GONE]
    if before.phase == "resolved" or len(there) == len(known):
        return before
    kept = [msgspec.to_builtins(one) for one in there]
    if there or before.origin == "person":
        gone = ", ".join(one.instance for one in known if one not in there)
        return _changed(before, now, entry(now, gone, "left", "Not heard of again."), affected=kept)
    last = max(known, key=lambda one: one.seen_at)
    text = "The replica that saw it was not heard of again."
    return _ended(before, now, last.instance, _moment(last.seen_at), text, affected=[])


def updated(
    before: Incident,
    now: datetime,
    *,
    who: str,
    text: str,
    phase: Phase | None = None,
    severity: Impact | None = None,
    title: str | None = None,
) -> Incident:
    """Somebody says how it goes on. A Conflict where it is resolved."""
    if before.phase == "resolved":
        raise Conflict("The incident is resolved already.")
    _check_room(before)
    return _changed(
        before,
        now,
        entry(now, who, "update", text),
        phase=phase or before.phase,
        severity=severity or before.severity,
        title=title or before.title,
    )


def resolved(
    before: Incident, now: datetime, *, who: str, text: str | None, at: datetime | None = None
) -> Incident:
    """Somebody says that it is over, since `at` (now, if left out); again, it changes nothing."""
    if before.phase == "resolved":
        return before
    if at is not None and not before.started_at <= at <= now:
        raise Invalid.field("resolvedAt", "Expected a time since its start, and none to come")
    return _ended(before, now, who, at or now, text)


def concluded(before: Incident, now: datetime, *, who: str, text: str) -> Incident:
    """What was learned; written again, it replaces what was there."""
    if before.postmortem == text:
        return before
    _check_room(before)
    return _changed(before, now, entry(now, who, "postmortem"), postmortem=text)


def _ended(
    before: Incident, now: datetime, who: str, at: datetime, text: str | None, **values: Any
) -> Incident:
    end = max(at, before.started_at)
    return _changed(
        before,
        now,
        entry(now, who, "resolved", text),
        phase="resolved",
        resolved_at=end,
        resolved_by=who,
        duration=_seconds(before.started_at, end),
        **values,
    )


def _changed(before: Incident, now: datetime, *entries: Entry, **values: Any) -> Incident:
    return msgspec.structs.replace(
        before,
        **values,
        timeline=[*before.timeline, *entries],
        updated_at=now,
        revision=before.revision + 1,
    )


def _seen(instance: str, since: datetime, now: datetime) -> Entry:
    made: Entry = msgspec.to_builtins(Seen(instance, rfc3339(since), rfc3339(now)))
    return made


def _affected(record: Incident) -> list[Seen]:
    return msgspec.convert(record.affected, list[Seen])


def _others(record: Incident, instance: str) -> list[Entry]:
    return [one for one in record.affected if one["instance"] != instance]


def _moment(text: str) -> datetime:
    return msgspec.convert(text, datetime)


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def _check_room(record: Incident) -> None:
    if len(record.timeline) >= MOST_ENTRIES:
        raise Conflict(f"The timeline of this incident is full, with {MOST_ENTRIES} entries.")
