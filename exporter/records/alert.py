"""Alerts: what fired, how bad it was, who took it, how long it burned.

One record is one start of one alert: whoever notifies of it again, repeats it or says that it is
over means the same record. Its steps are in alerts/story.py.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from ..family import Family, Index, Mirror, Tracked
from ..fields import Count, FreeMap, Identifier, Label, Moment
from ..metrics import alerts as alert_metrics

Source = Literal["alertmanager", "store", "health", "api"]
"""Who noticed: Alertmanager, an evaluator on the store, a health check, a call."""
State = Literal["open", "acknowledged", "resolved"]
Severity = Literal["low", "medium", "high", "critical"]
AlertType = Literal["error", "warning", "info"]
Action = Literal[
    "opened",
    "repeated",
    "confirmed",
    "acknowledged",
    "silenced",
    "commented",
    "resolved",
    "ended",
]

UNRESOLVED: tuple[State, ...] = ("open", "acknowledged")


class TrailEntry(Struct, rename="camel", frozen=True, omit_defaults=True):
    """One step of an alert's story.

    who: whose credential it was, or the source that said it. on_behalf_of: whom that credential
    spoke for, where it said so. times: how often in a row, from `time` on.
    """

    time: str
    who: str
    action: Action
    note: str | None = None
    on_behalf_of: str | None = None
    times: int = 1


class Alert(Tracked, kw_only=True):
    """What is stored of an alert.

    alert_id: the fingerprint and the start, see `alert_id` below.
    starts_at, ends_at: when it began and ended, as its source says.
    created_at, last_seen_at: when it was first heard of, and last.
    notifications: how often it was heard of.
    resolved_at: when it was over: its end, or the moment at which somebody said so.
    time_to_acknowledge, time_to_resolve: seconds from its start; the second one is only there
        where the end is known, not guessed.
    known_to_alertmanager: the Alertmanager that is asked (ALERTMANAGER_URL) has been seen to have
        it, so that it is over when it is gone there.
    labels_cut: it had more labels than are kept.
    trail: TrailEntry objects, oldest first; nothing is ever taken out.
    """

    alert_id: Identifier | None = None
    fingerprint: Identifier
    source: Source
    alertname: Label
    alert_type: AlertType
    severity: Severity
    category: Label
    title: str
    message: str
    state: State = "open"
    labels: FreeMap = msgspec.field(default_factory=dict)
    annotations: FreeMap = msgspec.field(default_factory=dict)
    labels_cut: bool = False
    generator_url: str | None = None
    starts_at: Moment
    ends_at: Moment | None = None
    created_at: Moment | None = None
    last_seen_at: Moment | None = None
    notifications: Count = 1
    acknowledged_by: str | None = None
    acknowledged_at: Moment | None = None
    note: str | None = None
    resolved_by: str | None = None
    resolved_at: Moment | None = None
    time_to_acknowledge: float | None = None
    time_to_resolve: float | None = None
    silence_id: str | None = None
    silenced_until: Moment | None = None
    known_to_alertmanager: bool = False
    trail: list[FreeMap] = msgspec.field(default_factory=list)
    updated_at: datetime | None = None
    revision: int = 0


def mirror(before: Alert | None, after: Alert, out: Mirror) -> None:
    """A start counts once, and the times to acknowledge and to resolve when they become known."""
    if before is None:
        labels = after.alertname, after.severity, after.category, after.source
        out.inc(alert_metrics.ALERTS, labels)
    for metric, name in (
        (alert_metrics.ALERT_TIME_TO_ACKNOWLEDGE, "time_to_acknowledge"),
        (alert_metrics.ALERT_TIME_TO_RESOLVE, "time_to_resolve"),
    ):
        seconds = getattr(after, name)
        if seconds is not None and (before is None or getattr(before, name) is None):
            out.observe(metric, (after.severity, after.category), seconds)


ALERT = Family(
    kind="alert",
    collection="alerts",
    body=Alert,
    document=Alert,
    key="alertId",
    time_field="createdAt",
    retention="alerts_retention_days",
    indexes=(Index(("state",)), Index(("fingerprint",))),
    dimensions=(
        "alertname",
        "alertType",
        "severity",
        "category",
        "state",
        "source",
        "fingerprint",
        "startsAt",
        "endsAt",
        "lastSeenAt",
        "acknowledgedAt",
        "resolvedAt",
        "silenceId",
        "knownToAlertmanager",
    ),
    measures=("notifications", "timeToAcknowledge", "timeToResolve"),
    mirror=mirror,
)
