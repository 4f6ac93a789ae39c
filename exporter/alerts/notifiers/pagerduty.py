"""PagerDuty: the body for the Events API, version 2."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...clock import rfc3339
from ...records.alert import Severity
from ..announcement import Announcement, clipped

LONGEST_SUMMARY = 1_024
LONGEST_KEY = 255
SOURCE = "meterhouse"
SEVERITIES: Mapping[Severity, str] = MappingProxyType(
    {"low": "info", "medium": "warning", "high": "error", "critical": "critical"}
)


def payload(announced: Announcement, routing_key: str) -> dict[str, Any]:
    """A trigger, or the resolve of the incident that the trigger with the same key opened."""
    event = {"routing_key": routing_key, "dedup_key": announced.fingerprint[:LONGEST_KEY]}
    if announced.state == "resolved":
        return {**event, "event_action": "resolve"}
    links = [] if announced.runbook is None else [{"href": announced.runbook, "text": "Runbook"}]
    return {
        **event,
        "event_action": "trigger",
        "client": "Meterhouse",
        "links": links,
        "payload": {
            "summary": clipped(" ".join(announced.title.split()), LONGEST_SUMMARY),
            "source": announced.labels.get("instance", SOURCE),
            "severity": SEVERITIES[announced.severity],
            "timestamp": rfc3339(announced.started_at),
            "component": announced.category,
            "class": announced.name,
            "custom_details": {"message": announced.message, **announced.labels},
        },
    }
