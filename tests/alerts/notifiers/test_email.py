"""What is told by e-mail."""

from exporter.alerts.notifiers.email import message

from ..announcements import announcement, resolved

SENDER, RECIPIENTS = "meter@example.org", ("a@example.org", "b@example.org")


def test_a_message_says_all_there_is() -> None:
    mail = message(announcement(), SENDER, RECIPIENTS)
    assert mail["From"] == SENDER
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail["Subject"] == "[FIRING] The disk is nearly full."
    assert mail["Date"] == "Sun, 15 Mar 2026 12:00:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines() == [
        "91 % of the disk is used; 90 % is the limit.",
        "",
        "Alert: DiskFull",
        "Severity: critical",
        "Category: resources",
        "instance: a:5005",
        "Began: 2026-03-15T12:00:00.250Z",
        "Runbook: https://example.org/runbook#diskfull",
    ]


def test_an_end_answers_the_message_of_its_beginning() -> None:
    began = message(announcement(), SENDER, RECIPIENTS)
    ended = message(resolved(runbook=None), SENDER, RECIPIENTS)
    assert ended["In-Reply-To"] == ended["References"] == began["Message-ID"]
    assert ended["Message-ID"] != began["Message-ID"]
    assert ended.get_content().splitlines()[-1] == "Ended: 2026-03-15T12:10:00.250Z"


def test_the_same_message_again_has_the_same_id() -> None:
    first, second = (message(announcement(), SENDER, RECIPIENTS) for _ in range(2))
    other = message(announcement(alert_id="another"), SENDER, RECIPIENTS)
    assert first["Message-ID"] == second["Message-ID"] != other["Message-ID"]


def test_a_title_of_several_lines_forges_no_header() -> None:
    mail = message(announcement(title="x\r\nBcc: eve@example.org"), SENDER, RECIPIENTS)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[FIRING] x Bcc: eve@example.org"
