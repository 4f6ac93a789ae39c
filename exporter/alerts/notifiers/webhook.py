"""Any other service: the body of Alertmanager's webhook, version 4, which many of them take."""

from typing import Any

from ...clock import rfc3339
from ..announcement import Announcement

NOT_ENDED = "0001-01-01T00:00:00Z"
"""How Alertmanager writes the end of what has none."""


def payload(announced: Announcement) -> dict[str, Any]:
    """A group of one alert, as Alertmanager would tell it."""
    labels = {
        **announced.labels,
        "alertname": announced.name,
        "severity": announced.severity,
        "category": announced.category,
    }
    annotations = {"summary": announced.title, "description": announced.message}
    if announced.runbook is not None:
        annotations["runbook_url"] = announced.runbook
    alert = {
        "status": announced.state,
        "labels": labels,
        "annotations": annotations,
        "startsAt": rfc3339(announced.started_at),
        "endsAt": NOT_ENDED if announced.ended_at is None else rfc3339(announced.ended_at),
        "generatorURL": "",
        "fingerprint": announced.fingerprint,
    }
    return {
        "version": "4",
        "groupKey": f"meterhouse:{announced.fingerprint}",
        "truncatedAlerts": 0,
        "status": announced.state,
        "receiver": "meterhouse",
        "groupLabels": {"alertname": announced.name},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }
