"""Health as it is answered: checks, uptime, incidents, maintenance windows."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from ..alerts.reading import AlertItem
from ..analytics.answer import Answer
from ..analytics.history import Pagination
from ..records.health_check import Status
from ..records.incident import Entry, Impact, Origin, Phase, Seen


class CheckItem(Answer, frozen=True):
    """What a check said last, on the replica that answers."""

    service: str
    status: Status
    response_time: Annotated[float, Meta(description="Of its last run, in ms.")]
    message: Annotated[str | None, Meta(description="For admins of the installation only.")]
    timestamp: datetime


class HealthNow(Answer, frozen=True):
    """`unhealthy` while a critical check is down, `degraded` while anything else is amiss."""

    status: Status
    timestamp: datetime
    checks: list[CheckItem]


class Issue(Answer, frozen=True):
    """A critical check that is down on the replica that answers."""

    service: str
    since: Annotated[datetime | None, Meta(description="When the stretch began that lasts.")]
    message: str | None


class IncidentItem(Answer, frozen=True):
    """One incident, without its story."""

    incident_id: str
    service: Annotated[str, Meta(description="The check, or what a person named.")]
    origin: Origin
    title: str
    severity: Impact
    phase: Phase
    started_at: datetime
    resolved_at: datetime | None
    resolved_by: Annotated[str | None, Meta(description="A person, or the replica that saw it.")]
    duration: Annotated[float | None, Meta(description="Seconds from its start to its end.")]


class IncidentStory(IncidentItem, frozen=True):
    """All of an incident; its timeline is the trail of every change, the oldest first."""

    affected: Annotated[list[Seen], Meta(description="The replicas on which it is down.")]
    timeline: list[Entry]
    postmortem: str | None
    alerts: Annotated[
        list[AlertItem],
        Meta(description="Those that began while it lasted, or within 5 minutes before."),
    ]


class IncidentPage(Answer, frozen=True):
    """A page of incidents, the last one first."""

    incidents: list[IncidentItem]
    pagination: Pagination


class WindowItem(Answer, frozen=True):
    """One maintenance window, with the trail of what was done with it."""

    window_id: str
    title: str
    services: Annotated[list[str], Meta(description="The checks it is about; none: all.")]
    starts_at: datetime
    ends_at: datetime
    length: Annotated[float, Meta(description="Seconds that it is open; 0: it was called off.")]
    cancelled_at: datetime | None
    trail: list[Entry]


class WindowList(Answer, frozen=True):
    """The windows that are kept, the one that ends last first."""

    windows: list[WindowItem]


class HealthStatus(Answer, frozen=True):
    """How the installation is and has been.

    `maintenance` while a window is open, `degraded` while anything is amiss or an incident is open.
    """

    status: Literal["operational", "degraded", "maintenance"]
    timestamp: datetime
    uptime: Annotated[
        dict[str, float | None],
        Meta(
            description="For 24h, 7d, 30d and 90d: the time without a critical check down / the "
            "time that was watched and was no maintenance, in %; null over nothing."
        ),
    ]
    observed: Annotated[
        dict[str, float], Meta(description="The time that was watched / all of it, in %.")
    ]
    uptime_at: Annotated[
        datetime | None, Meta(description="When that was worked out; null: it could not be read.")
    ]
    last_check: datetime | None
    critical_issues: list[Issue]
    active_incidents: list[IncidentItem]
    unrecorded: Annotated[
        list[str], Meta(description="Checks whose incident waits until the store can take it.")
    ]
    maintenance: Annotated[list[WindowItem], Meta(description="The windows that are open.")]


class ResultItem(Answer, frozen=True):
    """What a check was on one replica, from `timestamp` up to `until`."""

    service: str
    instance: str
    critical: bool
    status: Status
    message: str | None
    runs: Annotated[int, Meta(description="How often it ran.")]
    response_time: Annotated[float, Meta(description="The time of its runs / runs, in ms.")]
    max_response_time: Annotated[float, Meta(description="Of its runs the longest, in ms.")]
    timestamp: datetime
    until: datetime


class History(Answer, frozen=True):
    """A page of results, the last one first, and the uptime that all of the period come to."""

    results: list[ResultItem]
    pagination: Pagination
    uptime: Annotated[
        float | None,
        Meta(
            description="Of the named check, or of all critical ones where none is named: the time "
            "without one down / the time that was watched and was no maintenance, in %."
        ),
    ]
    observed: Annotated[float, Meta(description="The time that was watched / the period, in %.")]
