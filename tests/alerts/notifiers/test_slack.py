"""What Slack is told."""

from exporter.alerts.notifiers.slack import payload

from ..announcements import AT, announcement, resolved


def test_an_alert_is_a_line_and_an_attachment_in_its_color() -> None:
    at = int(AT.timestamp())
    context = (
        f"critical · resources · <!date^{at}^{{date_num}} {{time_secs}}|2026-03-15 12:00:00 UTC>"
        " · <https://example.org/runbook#diskfull|Runbook>"
    )
    assert payload(announcement()) == {
        "text": "[FIRING] The disk is nearly full.",
        "attachments": [
            {
                "color": "#c4162a",
                "blocks": [
                    {
                        "type": "section",
                        "text": {
                            "type": "mrkdwn",
                            "text": "91 % of the disk is used; 90 % is the limit.",
                        },
                    },
                    {"type": "context", "elements": [{"type": "mrkdwn", "text": context}]},
                ],
            }
        ],
    }


def test_an_end_is_green_and_says_when() -> None:
    told = payload(resolved(runbook=None))
    assert told["text"] == "[RESOLVED] The disk is nearly full."
    [attachment] = told["attachments"]
    assert attachment["color"] == "#2e9e5b"
    [about] = attachment["blocks"][1]["elements"]
    assert about["text"].endswith("|2026-03-15 12:10:00 UTC>")


def test_nobody_is_called_by_what_a_label_says() -> None:
    told = payload(announcement(title="<!channel> & co", message="<@U1> failed"))
    assert told["text"] == "[FIRING] &lt;!channel&gt; &amp; co"
    section = told["attachments"][0]["blocks"][0]
    assert section["text"]["text"] == "&lt;@U1&gt; failed"


def test_a_section_is_no_longer_than_slack_takes() -> None:
    section = payload(announcement(message="<" * 4_000))["attachments"][0]["blocks"][0]
    assert len(section["text"]["text"]) == 3_000
    assert section["text"]["text"].endswith("…")
