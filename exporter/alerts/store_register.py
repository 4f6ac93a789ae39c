"""The register of the alerts that are looked for in the store: their records there.

A record that a person resolved burns on, unseen, until its evaluator says that it is over: the
same alert is not begun again for as long as somebody has already dealt with it.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from ..access.principal import DEFAULT_TENANT
from ..clock import Clock
from ..errors import Conflict
from ..records.alert import ALERT, UNRESOLVED, Alert, Source
from ..storage.base import Store
from ..storage.query import Filter, Find, Operator, Order, equals
from . import story
from .history import AlertHistory, Step
from .register import FORSAKEN_AFTER, Burning
from .report import Report

SOURCE: Source = "store"
TOLD = "Told "
"""How the note of the trail begins that says who was told."""
MOST = 1_000
"""Records that are looked at, the newest first; each evaluator has one that burns at most."""
WRITTEN_OFF = "Nobody has looked for it for an hour: its evaluator or its replica is gone."


class StoreRegister:
    """Implements Register for the evaluators with these `names`."""

    def __init__(
        self, store: Store, history: AlertHistory, clock: Clock, names: Collection[str]
    ) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._names = tuple(names)

    async def burning(self) -> dict[str, Burning]:
        """The newest record of each evaluator whose end is not known."""
        now = self._clock()
        found: dict[str, Burning] = {}
        for record in await self._unended():
            if record.alertname not in found and _burns(record, now):
                found[record.alertname] = _burning(record)
        return found

    async def write_off(self) -> list[Burning]:
        """Resolve records of no evaluator here that were not confirmed lately, as of then."""
        before = Filter("lastSeenAt", Operator.LT, self._clock() - FORSAKEN_AFTER)
        records = await self._history.unresolved(SOURCE, (before,), MOST)
        forsaken = [_burning(one) for one in records if one.alertname not in self._names]
        for one in forsaken:
            await self._history.change(
                one.report.tenant, one.report.alert_id, partial(_written_off, one)
            )
        return forsaken

    async def write(self, report: Report) -> None:
        """Record it in the history."""
        await self._history.open_or_update(report)

    async def told(self, report: Report, channels: Sequence[str]) -> None:
        """Write it into the trail of its record, while there is room."""
        with suppress(Conflict):
            await self._history.change(report.tenant, report.alert_id, telling(channels))

    async def finish(self) -> None:
        """Nothing is left to do."""

    async def _unended(self) -> list[Alert]:
        where = (
            equals("tenantId", DEFAULT_TENANT),
            equals("source", SOURCE),
            equals("endsAt", None),
            Filter("alertname", Operator.IN, self._names),
        )
        query = Find(ALERT, where, (Order("startsAt", descending=True),), MOST)
        found: list[Alert] = await self._store.find(query)
        return found


def telling(channels: Sequence[str]) -> Step:
    """The step that writes into a record's trail who was told that it began."""
    note = f"{TOLD}{', '.join(channels)}."
    return lambda before, now: story.commented(before, now, who=SOURCE, note=note)


def _burns(record: Alert, now: datetime) -> bool:
    """Whether it is unresolved, or resolved by somebody else than us a moment ago."""
    if record.state in UNRESOLVED:
        return True
    seen = record.last_seen_at or record.starts_at
    return record.resolved_by != SOURCE and now - seen < FORSAKEN_AFTER


def _burning(record: Alert) -> Burning:
    report = Report(
        source=record.source,
        fingerprint=record.fingerprint,
        starts_at=record.starts_at,
        labels=record.labels,
        annotations=record.annotations,
        tenant=record.tenant_id or DEFAULT_TENANT,
    )
    return Burning(
        report=report,
        told=any(_says_told(entry) for entry in record.trail),
        confirmed_at=record.last_seen_at or record.starts_at,
    )


def _written_off(one: Burning, before: Alert, now: datetime) -> Alert:
    return story.resolved(
        before, now, who=SOURCE, note=WRITTEN_OFF, at=one.confirmed_at, known=False
    )


def _says_told(entry: story.Entry) -> bool:
    return entry["who"] == SOURCE and str(entry.get("note", "")).startswith(TOLD)
