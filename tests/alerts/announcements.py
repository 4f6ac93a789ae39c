"""Announcements as evaluations make them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from exporter.alerts.announcement import Announcement

AT = datetime(2026, 3, 15, 12, 0, 0, 250_000, tzinfo=UTC)


def announcement(**values: Any) -> Announcement:
    """An alert that began at AT, with all there is to say."""
    return Announcement(
        **{
            "alert_id": "f00d-1773576000250",
            "fingerprint": "f00d",
            "name": "DiskFull",
            "state": "firing",
            "severity": "critical",
            "category": "resources",
            "title": "The disk is nearly full.",
            "message": "91 % of the disk is used; 90 % is the limit.",
            "started_at": AT,
            "labels": {"instance": "a:5005"},
            "runbook": "https://example.org/runbook#diskfull",
            **values,
        }
    )


def resolved(**values: Any) -> Announcement:
    """The end of it, ten minutes later."""
    ended = {"state": "resolved", "ended_at": AT + timedelta(minutes=10)}
    return announcement(**{**ended, **values})
