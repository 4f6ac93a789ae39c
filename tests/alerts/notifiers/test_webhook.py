"""What any other service is told: what Alertmanager would tell it."""

from exporter.alerts.notifiers.webhook import payload

from ..announcements import announcement, resolved

LABELS = {
    "instance": "a:5005",
    "alertname": "DiskFull",
    "severity": "critical",
    "category": "resources",
}
ANNOTATIONS = {
    "summary": "The disk is nearly full.",
    "description": "91 % of the disk is used; 90 % is the limit.",
    "runbook_url": "https://example.org/runbook#diskfull",
}


def test_an_alert_is_a_group_of_one_as_alertmanager_posts_it() -> None:
    assert payload(announcement()) == {
        "version": "4",
        "groupKey": "meterhouse:f00d",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "meterhouse",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": LABELS,
        "commonAnnotations": ANNOTATIONS,
        "externalURL": "",
        "alerts": [
            {
                "status": "firing",
                "labels": LABELS,
                "annotations": ANNOTATIONS,
                "startsAt": "2026-03-15T12:00:00.250Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": "f00d",
            }
        ],
    }


def test_an_end_is_the_same_alert_with_the_time_of_its_end() -> None:
    told = payload(resolved(runbook=None))
    [alert] = told["alerts"]
    assert (told["status"], alert["status"]) == ("resolved", "resolved")
    assert alert["startsAt"] == "2026-03-15T12:00:00.250Z"
    assert alert["endsAt"] == "2026-03-15T12:10:00.250Z"
    assert "runbook_url" not in alert["annotations"]
