"""Telling people of a check's incident where no Alertmanager does: an alert that begins and ends.

It is written into the history of alerts first and told then. With Alertmanager the rules of
Prometheus see the same check, and their alert comes back through the webhook.
"""

from datetime import datetime

import msgspec
import structlog

from ..alerts.announcement import Announcement
from ..alerts.announcer import Announcer
from ..alerts.history import AlertHistory
from ..alerts.report import Report, fingerprint_of
from ..errors import Unavailable
from ..records.incident import Incident
from ..storage.base import StoreUnavailable

ALERT_NAME = "HealthCheckDown"
CATEGORY = "health"
BEGINNINGS = frozenset({"opened", "reopened"})

log = structlog.get_logger(__name__)


class Telling:
    """Tells the history and the people of incidents that begin and end."""

    def __init__(self, history: AlertHistory, announcer: Announcer) -> None:
        self._history = history
        self._announcer = announcer

    async def __call__(self, incident: Incident) -> None:
        """Tell of an incident as it is now: people in any case, the history if it can be."""
        labels = {
            "alertname": ALERT_NAME,
            "severity": incident.severity,
            "category": CATEGORY,
            "check": incident.service,
        }
        said = incident.timeline[-1].get("text")
        report = Report(
            source="health",
            fingerprint=fingerprint_of(labels),
            starts_at=_began(incident),
            ends_at=incident.resolved_at,
            labels=labels,
            annotations={
                "summary": f"{incident.title}.",
                "description": f"{said or incident.title} ({incident.incident_id})",
            },
        )
        try:
            await self._history.open_or_update(report)
        except (StoreUnavailable, Unavailable) as error:
            log.warning("incident_not_in_history", incident=incident.incident_id, reason=str(error))
        await self._announcer.tell(
            Announcement(
                alert_id=report.alert_id,
                fingerprint=report.fingerprint,
                name=ALERT_NAME,
                state="firing" if incident.resolved_at is None else "resolved",
                severity=report.severity[0],
                category=CATEGORY,
                title=report.title,
                message=report.message,
                started_at=report.starts_at,
                ended_at=incident.resolved_at,
                labels={"check": incident.service},
            )
        )


def _began(incident: Incident) -> datetime:
    """Since when it is open: since its start, or since it was opened again."""
    last = [one for one in incident.timeline if one["action"] in BEGINNINGS][-1]
    if last["action"] == "opened":
        return incident.started_at
    return msgspec.convert(last["time"], datetime)
