"""What PagerDuty is told."""

import pytest

from exporter.alerts.notifiers.pagerduty import payload

from ..announcements import announcement, resolved


def test_a_beginning_triggers() -> None:
    assert payload(announcement(), "a-routing-key") == {
        "routing_key": "a-routing-key",
        "event_action": "trigger",
        "dedup_key": "f00d",
        "client": "Meterhouse",
        "links": [{"href": "https://example.org/runbook#diskfull", "text": "Runbook"}],
        "payload": {
            "summary": "The disk is nearly full.",
            "source": "a:5005",
            "severity": "critical",
            "timestamp": "2026-03-15T12:00:00.250Z",
            "component": "resources",
            "class": "DiskFull",
            "custom_details": {
                "message": "91 % of the disk is used; 90 % is the limit.",
                "instance": "a:5005",
            },
        },
    }


def test_an_end_resolves_what_its_beginning_triggered() -> None:
    assert payload(resolved(), "a-routing-key") == {
        "routing_key": "a-routing-key",
        "event_action": "resolve",
        "dedup_key": "f00d",
    }


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("low", "info"), ("medium", "warning"), ("high", "error"), ("critical", "critical")],
)
def test_a_severity_is_said_in_their_words(severity: str, theirs: str) -> None:
    assert payload(announcement(severity=severity), "k")["payload"]["severity"] == theirs


def test_what_is_long_is_cut_to_what_they_take() -> None:
    event = payload(announcement(title="t\n" * 2_000, fingerprint="f" * 300), "k")
    assert len(event["payload"]["summary"]) == 1_024
    assert "\n" not in event["payload"]["summary"]
    assert len(event["dedup_key"]) == 255


def test_without_an_instance_and_a_runbook_the_service_itself_is_the_source() -> None:
    event = payload(announcement(labels={}, runbook=None), "k")
    assert event["payload"]["source"] == "meterhouse"
    assert event["links"] == []
