"""Incidents: what was down, since when, who did what about it, and what was learned.

A critical check that stays down opens one and closes it again; people open others by hand. The
steps of an incident are in health/story.py.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from ..access.principal import DEFAULT_TENANT
from ..family import Family, Index, Mirror
from ..fields import Count, FreeMap, Identifier, Label, Moment
from ..metrics import health as metrics

Phase = Literal["investigating", "identified", "monitoring", "resolved"]
UNRESOLVED: tuple[Phase, ...] = ("investigating", "identified", "monitoring")
Impact = Literal["minor", "major", "critical"]
Origin = Literal["check", "person"]
Action = Literal[
    "opened",
    "joined",
    "left",
    "reopened",
    "update",
    "resolved",
    "postmortem",
    "created",
    "cancelled",
]
"""What is done with an incident, and with a maintenance window: `created` and `cancelled`."""


class Entry(Struct, rename="camel", frozen=True, omit_defaults=True):
    """One step of an incident. who: whose credential it was, or the replica that noticed it."""

    time: str
    who: str
    action: Action
    text: str | None = None


class Seen(Struct, rename="camel", frozen=True):
    """A replica on which the check is down: since when, and when it last said so."""

    instance: str
    since: str
    seen_at: str


class Incident(Struct, kw_only=True, rename="camel"):
    """What is stored of an incident.

    incident_id: the check's name and a number that counts its incidents.
    affected: Seen objects. timeline: Entry objects, oldest first; nothing is ever taken out.
    duration: seconds from its start to its end, once it has one.
    """

    tenant_id: Identifier = DEFAULT_TENANT
    incident_id: Identifier
    number: Count
    service: Label
    origin: Origin
    title: str
    severity: Impact
    phase: Phase = "investigating"
    started_at: Moment
    resolved_at: Moment | None = None
    resolved_by: str | None = None
    duration: float | None = None
    affected: list[FreeMap] = msgspec.field(default_factory=list)
    timeline: list[FreeMap] = msgspec.field(default_factory=list)
    postmortem: str | None = None
    created_at: Moment
    updated_at: datetime | None = None
    revision: int = 0


def mirror(before: Incident | None, after: Incident, out: Mirror) -> None:
    """A beginning counts once, and its length each time that it is resolved."""
    if before is None:
        out.inc(metrics.INCIDENTS, (after.severity,))
    if after.duration is not None and (before is None or before.duration is None):
        out.observe(metrics.INCIDENT_DURATION, (after.severity,), after.duration)


INCIDENT = Family(
    kind="incident",
    collection="incidents",
    body=Incident,
    document=Incident,
    key="incidentId",
    time_field="startedAt",
    retention="incidents_retention_days",
    indexes=(Index(("phase",)),),
    dimensions=("service", "origin", "severity", "phase", "number", "resolvedAt"),
    measures=("duration",),
    mirror=mirror,
)
