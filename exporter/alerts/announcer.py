"""The announcer: tells every channel that is configured, or nobody where that is what is asked."""

from collections.abc import Sequence
from pathlib import Path

from ..clock import Clock
from ..metrics.values import Metrics
from ..settings import Settings
from ..storage.spool import Spool
from .announcement import Announcement
from .channels import configured, silent
from .delivery import Delivery
from .policy import Policy

FOLDER = "announcements"
"""Below the data folder: a file for each channel."""


class Announcer:
    """Gives an announcement to every delivery; none of them is waited for."""

    def __init__(self, deliveries: Sequence[Delivery] = ()) -> None:
        self._deliveries = tuple(deliveries)

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of those who are told."""
        return tuple(one.name for one in self._deliveries)

    async def start(self) -> None:
        """Begin to deliver; raises StoreUnavailable where a file cannot be had."""
        for one in self._deliveries:
            await one.start()

    async def close(self) -> None:
        """Stop; what was not delivered yet is after the next start."""
        for one in self._deliveries:
            await one.close()

    async def tell(self, announced: Announcement) -> None:
        """Have it delivered to every channel, each in its own time."""
        for one in self._deliveries:
            await one.tell(announced)


def announcer(settings: Settings, metrics: Metrics, clock: Clock) -> Announcer:
    """The announcer that the settings ask for; SettingError where half of a channel is there."""
    if silent(settings):
        return Announcer()
    policy = Policy()
    return Announcer(
        [
            Delivery(
                channel,
                Spool(outbox(settings.data_dir, channel.name), policy.waiting_bytes),
                metrics,
                clock,
                policy=policy,
            )
            for channel in configured(settings, clock)
        ]
    )


def outbox(data_dir: Path, channel: str) -> Path:
    """The file of a channel."""
    return data_dir / FOLDER / f"{channel}.sqlite"
