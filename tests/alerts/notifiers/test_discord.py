"""What Discord is told."""

from exporter.alerts.notifiers.discord import payload

from ..announcements import announcement, resolved


def test_an_alert_is_an_embed_that_mentions_nobody() -> None:
    assert payload(announcement(message="@everyone")) == {
        "embeds": [
            {
                "title": "[FIRING] The disk is nearly full.",
                "description": "@everyone",
                "url": "https://example.org/runbook#diskfull",
                "color": 0xC4162A,
                "timestamp": "2026-03-15T12:00:00.250Z",
                "fields": [
                    {"name": "Severity", "value": "critical", "inline": True},
                    {"name": "Category", "value": "resources", "inline": True},
                ],
            }
        ],
        "allowed_mentions": {"parse": []},
    }


def test_an_end_is_green_and_dated_by_it() -> None:
    [embed] = payload(resolved(runbook=None))["embeds"]
    assert embed["title"] == "[RESOLVED] The disk is nearly full."
    assert embed["color"] == 0x2E9E5B
    assert embed["timestamp"] == "2026-03-15T12:10:00.250Z"
    assert "url" not in embed


def test_texts_are_no_longer_than_discord_takes() -> None:
    [embed] = payload(announcement(title="t" * 300, message="m" * 5_000))["embeds"]
    assert (len(embed["title"]), len(embed["description"])) == (256, 4_096)
