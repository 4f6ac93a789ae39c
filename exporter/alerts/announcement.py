"""What people are told of an alert: that it began, or that it ended."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from ..records.alert import Severity

RESOLVED_COLOR = 0x2E9E5B
COLORS: Mapping[Severity, int] = MappingProxyType(
    {"low": 0x3B7DD8, "medium": 0xE6B422, "high": 0xE8743B, "critical": 0xC4162A}
)


class Announcement(Struct, frozen=True, kw_only=True):
    """One thing to tell of one alert.

    alert_id: the alert's own id, the same when it begins and when it ends.
    fingerprint: the same each time that the same alert begins.
    title: one sentence; message: what is wrong, in a few.
    labels: what the alert is about; their values may come from callers.
    runbook: the address of what one does about it.
    """

    alert_id: str
    fingerprint: str
    name: str
    state: Literal["firing", "resolved"]
    severity: Severity
    category: str
    title: str
    message: str
    started_at: datetime
    ended_at: datetime | None = None
    labels: dict[str, str] = {}
    runbook: str | None = None

    @property
    def headline(self) -> str:
        """The title on one line, with the state in front."""
        return f"[{self.state.upper()}] {' '.join(self.title.split())}"

    @property
    def color(self) -> int:
        """Red, green and blue in one number, for services that show a color."""
        return RESOLVED_COLOR if self.state == "resolved" else COLORS[self.severity]

    @property
    def changed_at(self) -> datetime:
        """When it came into its state."""
        return self.ended_at or self.started_at


def clipped(text: str, most: int) -> str:
    """`text`, cut to `most` characters with an ellipsis at its end."""
    return text if len(text) <= most else text[: most - 1] + "…"
