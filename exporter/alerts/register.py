"""Where it is written down which alerts of the evaluators burn: what an evaluation starts from.

What is written is what counts: an evaluation that is started again, or on another replica, goes on
from there, and neither forgets an alert nor begins it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from .report import Report

CONFIRM_EVERY = timedelta(minutes=5)
"""How often it is written down that an alert still burns, and with which numbers."""
FORSAKEN_AFTER = timedelta(hours=1)
"""A burning alert that nobody has confirmed for so long has lost its evaluator, or its replica."""


@dataclass(frozen=True, kw_only=True)
class Burning:
    """An alert that has begun and not ended.

    told: whether people were told that it began. confirmed_at: when it was last written down.
    """

    report: Report
    told: bool
    confirmed_at: datetime


class Register(Protocol):
    """Every method may raise StoreUnavailable or Unavailable; the next evaluation tries again."""

    async def burning(self) -> dict[str, Burning]:
        """What burns, by the name of the evaluator."""

    async def write(self, report: Report) -> None:
        """An alert as it is now: it begins, lasts, or has ended."""

    async def write_off(self) -> list[Burning]:
        """End the alerts of others that burn on paper only; nobody knows since when."""

    async def told(self, report: Report, channels: Sequence[str]) -> None:
        """People were told by these channels that it began."""

    async def finish(self) -> None:
        """An evaluation is over."""
