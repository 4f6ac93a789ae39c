"""What sources say of alerts, as the tests have them say it."""

from datetime import datetime, timedelta
from typing import Any

from exporter.alerts.report import Report
from exporter.clock import rfc3339

from ..conftest import NOW

FINGERPRINT = "7f3c0123456789ab"
LABELS = {"alertname": "PaymentsFailing", "severity": "critical", "category": "sales"}
WORDS = {"summary": "Payments fail", "description": "12 % of payments failed."}
ZERO = "0001-01-01T00:00:00Z"
"""What Alertmanager says of an end that is not known."""


def minutes(number: float) -> datetime:
    """So many minutes after the tests' now."""
    return NOW + timedelta(minutes=number)


def report(began: float = 0, ended: float | None = None, **fields: Any) -> Report:
    """An alert that began and ended so many minutes after now."""
    known: dict[str, Any] = {
        "source": "alertmanager",
        "fingerprint": FINGERPRINT,
        "labels": LABELS,
        "annotations": WORDS,
        "starts_at": minutes(began),
        "ends_at": None if ended is None else minutes(ended),
    }
    return Report(**{**known, **fields})


def alert(
    began: float = 0,
    ended: float | None = None,
    fingerprint: str = FINGERPRINT,
    labels: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The same as Alertmanager posts it."""
    return {
        "status": "firing" if ended is None else "resolved",
        "labels": LABELS if labels is None else labels,
        "annotations": WORDS,
        "startsAt": rfc3339(minutes(began)),
        "endsAt": ZERO if ended is None else rfc3339(minutes(ended)),
        "generatorURL": "http://prometheus/graph",
        "fingerprint": fingerprint,
    }


def notification(*alerts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A body of the webhook, with everything that Alertmanager puts into one."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="PaymentsFailing"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "history",
        "groupLabels": {"alertname": "PaymentsFailing"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
        **fields,
    }
