"""The history of alerts: records in the store, changed one step at a time.

A record's key is the fingerprint and the start of its alert, so that retries, repeats and
notifications that overtook each other come to the same record. Steps are taken by compare and
swap, and counted when they are durable. Nothing waits in the spool: who notifies tries again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ..clock import Clock
from ..errors import NotFound, Unavailable
from ..ids import new_id
from ..metrics import alerts as alert_metrics
from ..metrics.tally import Tally
from ..metrics.values import Metrics
from ..records.alert import ALERT, UNRESOLVED, Alert, Source
from ..storage.base import Insert, Operation, Outcome, Replace, Store
from ..storage.query import (
    Aggregation,
    Filter,
    Find,
    Function,
    Measure,
    Operator,
    Order,
    Where,
    equals,
)
from .report import Report, alert_id
from .story import heard, resolved

ATTEMPTS = 20
"""Swaps that may be lost to other replicas in a row; each loss means that theirs was done."""
WAVE = 500
"""Reports that are written together at most."""
MOST_UNRESOLVED = 10_000
"""Unresolved records that are read at once, at most."""

Identity = tuple[str, str]
"""The tenant and the alert's id."""
Step = Callable[[Alert, datetime], Alert]
"""What makes of a record, at that time, the next one; the same object where nothing changes."""


class Swap(NamedTuple):
    """A record as it was, None where there was none, and as it is to be."""

    before: Alert | None
    after: Alert

    @property
    def operation(self) -> Operation:
        """What the store is asked for."""
        if self.before is None:
            return Insert(ALERT, self.after, new_id())
        return Replace(ALERT, self.after, new_id())


class AlertHistory:
    """Remembers what sources notify of, and what people do about it."""

    def __init__(self, store: Store, metrics: Metrics, clock: Clock) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._turn = asyncio.Lock()  # within this process nobody has to try twice

    async def open_or_update(self, report: Report) -> Alert:
        """The record of one report, durable; see `notify`."""
        [record] = await self.notify([report])
        return record

    async def notify(self, reports: Sequence[Report]) -> list[Alert]:
        """The records of all reports, in their order, each after its step and durable.

        Raises StoreUnavailable or Unavailable; then some may be recorded, and the same reports
        again do no harm.
        """
        records: dict[Identity, Alert] = {}
        async with self._turn:
            for wave in _waves(reports):
                records |= await self._hear(wave)
                records |= await self._settle(wave)
        for report in reports:
            status = "firing" if report.ends_at is None else "resolved"
            self._metrics.inc(alert_metrics.ALERT_NOTIFICATIONS, (report.source, status))
        return [records[_identity(report)] for report in reports]

    async def change(self, tenant: str, key: str, step: Step) -> Alert:
        """The record with that id after one more step, durable.

        NotFound where the tenant has no such record; what `step` raises.
        """
        async with self._turn:
            return await self._change(tenant, key, step)

    async def resolve(
        self,
        tenant: str,
        key: str,
        *,
        who: str,
        note: str | None = None,
        at: datetime | None = None,
    ) -> Alert:
        """The record, resolved at `at` (now, if left out); one that is resolved stays as it is."""
        return await self.change(
            tenant, key, lambda before, now: resolved(before, now, who=who, note=note, at=at)
        )

    async def get(self, tenant: str, key: str) -> Alert:
        """The record with that id; NotFound where the tenant has none."""
        found: Alert | None = await self._store.get(ALERT, tenant, key)
        if found is None:
            raise NotFound("There is no such alert.")
        return found

    async def find(self, tenant: str, fingerprint: str, starts_at: datetime) -> Alert | None:
        """The record of one start of one alert, if there is one."""
        found: Alert | None = await self._store.get(ALERT, tenant, alert_id(fingerprint, starts_at))
        return found

    async def unresolved(
        self, source: Source, where: Where = (), limit: int = MOST_UNRESOLVED
    ) -> list[Alert]:
        """The records of a source that are open or acknowledged, of all tenants, oldest first."""
        return await self._read(
            (Filter("state", Operator.IN, UNRESOLVED), equals("source", source), *where), limit
        )

    async def latest_starts(self, fingerprints: Collection[str]) -> dict[Identity, datetime]:
        """The last start of each of these alerts that Alertmanager was seen to have.

        By the tenant and the fingerprint; alerts that it was never seen to have are left out.
        """
        rows = await self._store.aggregate(
            Aggregation(
                ALERT,
                (Measure("latest", Function.MAX, "startsAt"),),
                where=(
                    Filter("fingerprint", Operator.IN, tuple(fingerprints)),
                    equals("knownToAlertmanager", True),
                ),
                by=("tenantId", "fingerprint"),
            )
        )
        return {(row["tenantId"], row["fingerprint"]): row["latest"] for row in rows}

    async def _hear(self, wave: Sequence[Report]) -> dict[Identity, Alert]:
        """Record a wave; each of its reports is of another record."""
        done: dict[Identity, Alert] = {}
        waiting = {_identity(report): report for report in wave}
        for _ in range(ATTEMPTS):
            known = await self._known(waiting.values())
            now = self._clock()
            swaps = {
                identity: Swap(known.get(identity), heard(known.get(identity), report, now))
                for identity, report in waiting.items()
            }
            done |= await self._write(swaps)
            waiting = {key: report for key, report in waiting.items() if key not in done}
            if not waiting:
                return done
        raise Unavailable("Others keep changing these alerts.")

    async def _settle(self, wave: Sequence[Report]) -> dict[Identity, Alert]:
        """Close the starts whose end was never told: of an alert only its last one can burn."""
        starts: defaultdict[tuple[str, Source, str], list[Alert]] = defaultdict(list)
        ends = {(one.tenant, one.source, one.fingerprint): one.ends_at for one in wave}
        fingerprints = tuple({one.fingerprint for one in wave})
        where = (
            Filter("state", Operator.IN, UNRESOLVED),
            Filter("fingerprint", Operator.IN, fingerprints),
        )
        for record in await self._read(where, MOST_UNRESOLVED):
            key = record.tenant_id or "", record.source, record.fingerprint
            if key in ends:
                starts[key].append(record)
        closed: dict[Identity, Alert] = {}
        for key, records in starts.items():
            for record, step in _overdue(records, ends[key]):
                tenant, name = key[0], record.alert_id or ""
                closed[tenant, name] = await self._change(tenant, name, step)
        return closed

    async def _change(self, tenant: str, key: str, step: Step) -> Alert:
        for _ in range(ATTEMPTS):
            before = await self.get(tenant, key)
            after = step(before, self._clock())
            if after is before:
                return before
            if await self._write({(tenant, key): Swap(before, after)}):
                return after
        raise Unavailable("Others keep changing this alert.")

    async def _write(self, swaps: dict[Identity, Swap]) -> dict[Identity, Alert]:
        """Those of the records that were written; the others were changed by somebody else."""
        outcomes = await self._store.write([swap.operation for swap in swaps.values()])
        tally = Tally()
        written: dict[Identity, Alert] = {}
        for (identity, swap), outcome in zip(swaps.items(), outcomes, strict=True):
            if outcome is Outcome.STORED:
                ALERT.mirror(swap.before, swap.after, tally)
                written[identity] = swap.after
        self._metrics.apply(tally)
        if Outcome.FAILED in outcomes:
            raise Unavailable("The store refused to record an alert.", retry_after=60)
        return written

    async def _known(self, reports: Iterable[Report]) -> dict[Identity, Alert]:
        where = (
            Filter("fingerprint", Operator.IN, tuple({one.fingerprint for one in reports})),
            Filter("alertId", Operator.IN, tuple({one.alert_id for one in reports})),
        )
        found = await self._read(where, MOST_UNRESOLVED)
        return {(one.tenant_id or "", one.alert_id or ""): one for one in found}

    async def _read(self, where: Where, limit: int) -> list[Alert]:
        order = (Order("startsAt"),)
        found: list[Alert] = await self._store.find(Find(ALERT, where, order, limit))
        return found


def _identity(report: Report) -> Identity:
    return report.tenant, report.alert_id


def _waves(reports: Sequence[Report]) -> Iterator[list[Report]]:
    """The reports in order, in pieces that hold each alert once."""
    wave: list[Report] = []
    alerts: set[tuple[str, Source, str]] = set()
    for report in reports:
        key = report.tenant, report.source, report.fingerprint
        if key in alerts or len(wave) == WAVE:
            yield wave
            wave, alerts = [], set()
        wave.append(report)
        alerts.add(key)
    if wave:
        yield wave


def _overdue(records: Sequence[Alert], ended: datetime | None) -> Iterator[tuple[Alert, Step]]:
    """The unresolved records of one alert that are over, with the step that says so.

    `records` are by their start. An alert that `ended` had begun before that, whichever start its
    source told; and one that began anew had ended before, though nobody told when.
    """
    for position, record in enumerate(records):
        if ended is not None and record.starts_at < ended:
            yield record, _closed(record, ended, "It ended with another start of the alert.", True)
        elif position + 1 < len(records):
            began = records[position + 1].starts_at
            yield record, _closed(record, began, "It began anew; its end was not told.", False)


def _closed(record: Alert, at: datetime, note: str, known: bool) -> Step:
    return lambda before, now: resolved(
        before, now, who=record.source, note=note, at=at, known=known
    )
