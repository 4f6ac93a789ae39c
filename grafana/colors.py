"""What a colour says, and which one a series has: the same on every dashboard."""

from collections.abc import Mapping
from types import MappingProxyType

GOOD, WARNING, BAD, NEUTRAL, MUTED = "green", "orange", "red", "blue", "text"
"""What a colour says, everywhere."""

BY_LABEL: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "severity": {
            "critical": BAD,
            "high": WARNING,
            "warning": WARNING,
            "medium": "yellow",
            "low": NEUTRAL,
            "info": NEUTRAL,
        },
        "status": {
            "completed": GOOD,
            "active": GOOD,
            "failed": BAD,
            "cancelled": WARNING,
            "refunded": "purple",
            "pending": NEUTRAL,
            "trial": NEUTRAL,
        },
        "outcome": {
            "stored": GOOD,
            "duplicate": NEUTRAL,
            "invalid": WARNING,
            "spooled": "yellow",
            "failed": BAD,
        },
    }
)
"""The colour of a series by its label and the value.

Others take theirs from a palette, in the order of their names: no two of a panel have the same, and
it says nothing of good or bad.
"""

BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        "2xx": GOOD,
        "3xx": NEUTRAL,
        "4xx": WARNING,
        "5xx": BAD,
        "p50": GOOD,
        "p95": WARNING,
        "p99": BAD,
        "saved": GOOD,
        "lost": BAD,
        "gained": NEUTRAL,
        "a week before": MUTED,
        "tracking calls": "purple",
    }
)
"""The colour of a series whose name does not come from a label."""
