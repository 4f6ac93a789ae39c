"""Keeps the stretches of all checks in the store.

They are written as they are, the one that lasts again and again, so nothing is lost while the
store is away: what happened then is written when it is back. Only a process that ends in between
takes with it what it could not write.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec
import structlog

from ..access.principal import DEFAULT_TENANT
from ..ids import new_id
from ..records.health_check import HEALTH_CHECK, HealthCheck
from ..storage.base import Insert, Operation, Outcome, Replace, Store
from .track import Track

MOST_WAITING = 5_000
"""Stretches that are over and not written; the oldest are given up first."""
WAVE = 500

log = structlog.get_logger(__name__)


class Recorder:
    """Writes what tracks hold. One for each replica: nobody else changes its records."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._over: deque[HealthCheck] = deque(maxlen=MOST_WAITING)
        self._written: dict[str, HealthCheck] = {}
        """Of each record that is still needed, what is stored."""

    async def save(self, tracks: Iterable[Track]) -> None:
        """Write what has changed since the last time; raises StoreUnavailable."""
        lasting = []
        for track in tracks:
            self._over.extend(track.closed)
            track.closed.clear()
            if track.current is not None and track.current.runs:
                lasting.append(track.current)
        while self._over:
            wave = [self._over[place] for place in range(min(WAVE, len(self._over)))]
            await self._write(wave)
            for one in wave:
                if self._over and self._over[0] is one:
                    self._over.popleft()
                self._written.pop(one.record_id, None)
        await self._write(lasting)
        kept = {one.record_id for one in lasting}
        self._written = {key: one for key, one in self._written.items() if key in kept}

    async def _write(self, wanted: list[HealthCheck]) -> None:
        changed = list(self._changed(wanted))
        if not changed:
            return
        outcomes = await self._store.write([_operation(one) for one in changed])
        for one, outcome in zip(changed, outcomes, strict=True):
            if outcome is Outcome.STORED:
                self._written[one.record_id] = one
            elif outcome is Outcome.FAILED:
                log.error("health_check_not_stored", check=one.service)
            else:
                await self._look_up(one)

    def _changed(self, wanted: list[HealthCheck]) -> Iterator[HealthCheck]:
        """Copies of what is not stored as it is, each with the revision that it is to have."""
        for one in wanted:
            before = self._written.get(one.record_id)
            if before is None:
                yield msgspec.structs.replace(one, revision=0)
            elif (before.until, before.runs) != (one.until, one.runs):
                yield msgspec.structs.replace(one, revision=before.revision + 1)

    async def _look_up(self, one: HealthCheck) -> None:
        """Whatever an earlier write came to whose answer was lost: go on from there."""
        stored = await self._store.get(HEALTH_CHECK, DEFAULT_TENANT, one.record_id)
        if stored is None:
            self._written.pop(one.record_id, None)
        else:
            self._written[one.record_id] = stored


def _operation(one: HealthCheck) -> Operation:
    if one.revision:
        return Replace(HEALTH_CHECK, one, new_id())
    return Insert(HEALTH_CHECK, one, new_id())
