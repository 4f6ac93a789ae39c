"""Discord: the body for a webhook."""

from typing import Any

from ...clock import rfc3339
from ..announcement import Announcement, clipped

LONGEST_TITLE = 256
LONGEST_DESCRIPTION = 4_096


def payload(announced: Announcement) -> dict[str, Any]:
    """One embed; nothing in it mentions anybody, whatever a label says."""
    embed = {
        "title": clipped(announced.headline, LONGEST_TITLE),
        "description": clipped(announced.message, LONGEST_DESCRIPTION),
        "color": announced.color,
        "timestamp": rfc3339(announced.changed_at),
        "fields": [
            {"name": "Severity", "value": announced.severity, "inline": True},
            {"name": "Category", "value": announced.category, "inline": True},
        ],
    }
    if announced.runbook is not None:
        embed["url"] = announced.runbook
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}
