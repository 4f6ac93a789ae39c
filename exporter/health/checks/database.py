"""The store takes a record durably and gives it back.

Each replica has one small record in `health_probes` that it writes anew in every run, reads again,
and compares. What is measured is the whole way there and back, as for an event.
"""

from ...access.principal import DEFAULT_TENANT
from ...ids import new_id
from ...records.health_check import HEALTH_PROBE, HealthProbe
from ...settings import Settings
from ...storage.base import Insert, Operation, Outcome, Replace, StoreUnavailable
from ..check import Check, Finding, Unhealthy
from ..tools import Tools

ATTEMPTS = 2
"""A replica that was restarted may still be writing the record of its name."""


class Database(Check, frozen=True, kw_only=True, tag="database"):
    """Writes a record and reads it again."""

    critical: bool = True

    @classmethod
    def built_in(cls, settings: Settings) -> "Database":
        """Every installation has a store."""
        return cls()

    async def run(self, tools: Tools) -> Finding:
        """Healthy when what was written was read."""
        try:
            token = await self._write(tools)
            read = await self._read(tools)
        except StoreUnavailable as error:
            raise Unhealthy(str(error)) from error
        if read is None or read.token != token:
            raise Unhealthy("What was written is not what is read.")
        return Finding()

    async def _write(self, tools: Tools) -> str:
        for _ in range(ATTEMPTS):
            before = await self._read(tools)
            probe = HealthProbe(
                instance=tools.instance,
                token=new_id(),
                written_at=tools.clock(),
                revision=0 if before is None else before.revision + 1,
            )
            operation: Operation = Insert(HEALTH_PROBE, probe, probe.token)
            if before is not None:
                operation = Replace(HEALTH_PROBE, probe, probe.token)
            [outcome] = await tools.store.write([operation])
            if outcome is Outcome.STORED:
                return probe.token
        raise Unhealthy(f"A write comes to nothing: it is {outcome.value}.")

    async def _read(self, tools: Tools) -> HealthProbe | None:
        found: HealthProbe | None = await tools.store.get(
            HEALTH_PROBE, DEFAULT_TENANT, tools.instance
        )
        return found
