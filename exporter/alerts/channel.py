"""What a channel to people is: it takes an announcement, or says why it did not."""

from typing import Protocol

from .announcement import Announcement


class Refused(Exception):
    """It was not taken, and never will be; the text says why, without a secret."""


class NotNow(Exception):
    """It was not taken just now; `retry_after` are the seconds that were asked for, if any."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Channel(Protocol):
    """A way to tell people."""

    name: str
    """Its value of the label `channel`, and the name of its file."""

    async def send(self, announced: Announcement) -> None:
        """Tell it once; raises Refused or NotNow. Whoever calls limits the time."""

    async def close(self) -> None:
        """Let go of its connections."""
