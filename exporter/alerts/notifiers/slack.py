"""Slack: the body for an incoming webhook."""

from typing import Any

from ..announcement import Announcement, clipped

LONGEST_SECTION = 3_000
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def payload(announced: Announcement) -> dict[str, Any]:
    """A line of text, and an attachment in the color of the severity.

    Text is escaped: `<!channel>` in a label would wake everybody.
    """
    about = [announced.severity, announced.category, _date(announced)]
    if announced.runbook is not None:
        about.append(f"<{announced.runbook}|Runbook>")
    message = announced.message.translate(_ESCAPED)
    return {
        "text": announced.headline.translate(_ESCAPED),
        "attachments": [
            {
                "color": f"#{announced.color:06x}",
                "blocks": [
                    {"type": "section", "text": _markdown(message)},
                    {"type": "context", "elements": [_markdown(" · ".join(about))]},
                ],
            }
        ],
    }


def _markdown(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": clipped(text, LONGEST_SECTION)}


def _date(announced: Announcement) -> str:
    """A time that Slack shows in the reader's own zone, with the text for where it cannot."""
    at = announced.changed_at
    seconds = int(at.timestamp())
    return f"<!date^{seconds}^{{date_num}} {{time_secs}}|{at:%Y-%m-%d %H:%M:%S} UTC>"
