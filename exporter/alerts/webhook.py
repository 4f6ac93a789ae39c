"""Alertmanager's webhook, version 4: what it posts, and the reports that it makes.

Its format may grow, so fields that are not known here are left alone.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Literal

import structlog
from msgspec import Meta, Struct, field

from ..access.principal import DEFAULT_TENANT, Principal
from ..clock import EPOCH
from ..errors import Invalid, Problem
from ..fields import Count, Moment
from ..metrics import alerts as alert_metrics
from ..metrics.values import Metrics
from .report import NAME_LENGTH, Report

TENANT_LABEL = "tenant"

Fingerprint = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"^[0-9A-Za-z_.:-]+$(?!\n)")
]

log = structlog.get_logger(__name__)


class WebhookAlert(Struct, rename="camel", frozen=True, kw_only=True):
    """One alert of a notification. `endsAt` of one that fires lies ahead, or in the year 1."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = field(default_factory=dict)
    starts_at: Moment
    ends_at: Moment | None = None
    generator_url: str | None = field(name="generatorURL", default=None)
    fingerprint: Fingerprint


class Notification(Struct, rename="camel", frozen=True, kw_only=True):
    """The body that Alertmanager posts. `truncatedAlerts`: how many it left out."""

    version: Literal["4"]
    alerts: list[WebhookAlert]
    receiver: str | None = None
    group_key: str | None = None
    truncated_alerts: Count = 0


def reports(body: Notification, principal: Principal, now: datetime) -> list[Report]:
    """What the notification says of each of its alerts; Invalid for one that began before 1970."""
    if problems := list(_problems(body)):
        raise Invalid.of(problems)
    return [
        Report(
            source="alertmanager",
            fingerprint=alert.fingerprint,
            starts_at=alert.starts_at,
            ends_at=_end(alert, now),
            labels=alert.labels,
            annotations=alert.annotations,
            tenant=_tenant(alert.labels, principal),
            generator_url=alert.generator_url or None,
        )
        for alert in body.alerts
    ]


def count_truncated(body: Notification, metrics: Metrics) -> None:
    """Show how many alerts the notification was too short for."""
    if body.truncated_alerts:
        metrics.inc(
            alert_metrics.ALERT_NOTIFICATIONS, ("alertmanager", "truncated"), body.truncated_alerts
        )
        log.warning(
            "alerts_truncated",
            alerts=body.truncated_alerts,
            receiver=body.receiver,
            group=body.group_key,
        )


def _problems(body: Notification) -> Iterator[Problem]:
    for index, alert in enumerate(body.alerts):
        if alert.starts_at < EPOCH:
            yield Problem(f"alerts[{index}].startsAt", "Expected a time after 1970")


def _end(alert: WebhookAlert, now: datetime) -> datetime | None:
    """When an alert was over; of a resolved one that does not say it, now."""
    if alert.status == "firing":
        return None
    return now if alert.ends_at is None or alert.ends_at < EPOCH else alert.ends_at


def _tenant(labels: Mapping[str, str], principal: Principal) -> str:
    """Whose alert it is: the caller's tenant, and of a key for all of them, the label's."""
    if principal.tenant is not None:
        return principal.tenant
    named = labels.get(TENANT_LABEL, "")
    return named if named.isprintable() and 0 < len(named) <= NAME_LENGTH else DEFAULT_TENANT
