"""What a check is: a declaration that runs.

A check is a frozen Struct. Its fields are its parameters, read from HEALTH_CHECKS_FILE or set by
the code, and `run` says what it found. One file of checks/ is one kind of check.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta, Struct

from ..records.health_check import Status
from ..settings import Settings

if TYPE_CHECKING:
    from .tools import Tools


class Level(IntEnum):
    """How a check is, the better the smaller."""

    HEALTHY = 0
    DEGRADED = 1
    UNHEALTHY = 2

    @property
    def status(self) -> Status:
        """Its name in answers and records."""
        return _STATUSES[self]


_STATUSES: tuple[Status, ...] = ("healthy", "degraded", "unhealthy")

Seconds = Annotated[float, Meta(gt=0, le=3_600)]
Times = Annotated[int, Meta(ge=1, le=100)]
CheckName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$(?!\n)")]
"""A label's value and part of an incident's id: small letters, digits, `_`, `.` and `-`."""
Days = Annotated[float, Meta(ge=0, le=3_650)]


@dataclass(frozen=True)
class Finding:
    """What a run found. message: for operators, it may name addresses; never a secret.

    expires: when the certificate that was shown ends.
    """

    level: Level = Level.HEALTHY
    message: str | None = None
    expires: datetime | None = None


class Unhealthy(Exception):
    """What a run raises where it cannot go on: the check has failed, for this reason."""

    def __init__(self, message: str, expires: datetime | None = None) -> None:
        super().__init__(message)
        self.finding = Finding(Level.UNHEALTHY, message, expires)


class Check(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every check has, whatever its kind.

    Times are in seconds. `interval` and `slow` that are left out are those of the installation:
    HEALTH_INTERVAL_SECONDS, and a second.
    """

    name: Annotated[CheckName, Meta(description="What it is called; the kind, if left out.")] = ""
    interval: Annotated[Seconds, Meta(description="It runs again within this time.")] | None = None
    timeout: Annotated[Seconds, Meta(description="A run that takes longer has failed.")] = 5.0
    critical: Annotated[
        bool, Meta(description="While it is down the service cannot do its work.")
    ] = False
    failures: Annotated[Times, Meta(description="Failed runs in a row until it is down.")] = 2
    successes: Annotated[Times, Meta(description="Good runs in a row until it is up.")] = 2
    slow: Annotated[Seconds, Meta(description="A run that takes longer is degraded.")] = 1.0

    custom: ClassVar[bool] = False
    """Whether a file may have any number of this kind, whatever the settings are."""

    @classmethod
    def built_in(cls, settings: Settings) -> "Check | None":
        """The check that an installation with those settings has anyway, if it has one."""
        return None

    @property
    def every(self) -> float:
        """Its interval, of a check that was made ready by declared.py."""
        if self.interval is None:
            raise ValueError(f"{self.name}: the interval is not known yet")
        return self.interval

    async def run(self, tools: "Tools") -> Finding:
        """What it finds now; raises Unhealthy. It is cancelled when its time is over."""
        raise NotImplementedError
