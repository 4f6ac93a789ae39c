"""The disk that holds `DATA_DIR` has room.

On a full disk neither SQLite nor the spool can write, and events are refused.
"""

import os
from pathlib import Path
from typing import Annotated

import psutil
from msgspec import Meta

from ...fields import Percentage
from ...settings import Settings
from ..check import Check, Finding, Level, Unhealthy
from ..tools import Tools


class Disk(Check, frozen=True, kw_only=True, tag="disk"):
    """Looks at how much of the disk is used."""

    critical: bool = True
    degraded: Annotated[
        Percentage, Meta(description="In %, of the disk; above it is degraded.")
    ] = 85.0
    unhealthy: Annotated[Percentage, Meta(description="In %; above it the check fails.")] = 95.0

    @classmethod
    def built_in(cls, settings: Settings) -> "Disk":
        """Every installation has a data folder."""
        return cls()

    async def run(self, tools: Tools) -> Finding:
        """How full it is."""
        try:
            used = await tools.disk.run(_used, tools.settings.data_dir)
        except OSError as error:
            raise Unhealthy(f"It cannot be looked at: {error.strerror}.") from error
        message = f"{used:.1f} % of the disk is used."
        if used > self.unhealthy:
            raise Unhealthy(message)
        return Finding(Level.DEGRADED if used > self.degraded else Level.HEALTHY, message)


def _used(folder: Path) -> float:
    return float(psutil.disk_usage(os.fspath(folder)).percent)
