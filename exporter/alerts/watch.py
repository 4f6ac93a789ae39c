"""What nobody tells: Alertmanager sends no word of an alert that ends while it is silenced, and
none of its next start, which to it is the same alert still firing. So it is asked, and what is old
is let go.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ..clock import Clock, to_milliseconds
from ..errors import Unavailable
from ..records.alert import Alert, Source
from .alertmanager import ActiveAlert, Alertmanager, AlertmanagerFailed
from .history import AlertHistory
from .report import Report, alert_id
from .story import resolved, watched

SOURCE: Source = "alertmanager"


class AlertmanagerWatch:
    """Compares the history with what Alertmanager has.

    An alert counts as over when it was seen there, and then was not there for `absence`; it ended
    when it was first missed. One that was never seen there may be another Alertmanager's. A new
    start of one that was seen there is recorded.
    """

    def __init__(
        self, history: AlertHistory, alertmanager: Alertmanager, clock: Clock, absence: timedelta
    ) -> None:
        self._history = history
        self._alertmanager = alertmanager
        self._clock = clock
        self._absence = absence
        self._missed: dict[str, datetime] = {}

    async def run(self) -> None:
        """Ask once; raises Unavailable where Alertmanager cannot be asked, StoreUnavailable."""
        try:
            alerts = await self._alertmanager.active()
        except AlertmanagerFailed as error:
            raise Unavailable(str(error)) from error
        now = self._clock()
        active = {alert.fingerprint for alert in alerts}
        records = await self._history.unresolved(SOURCE)
        for record in records:
            if record.fingerprint in active and not record.known_to_alertmanager:
                await self._history.change(_tenant(record), _key(record), watched)
        await self._end([one for one in records if one.fingerprint not in active], now)
        await self._begin(alerts, {_key(record) for record in records})

    async def _end(self, gone: Sequence[Alert], now: datetime) -> None:
        """Close those that have been gone for long enough."""
        self._missed = {
            one.fingerprint: self._missed.get(one.fingerprint, now)
            for one in gone
            if one.known_to_alertmanager
        }
        for record in gone:
            since = self._missed.get(record.fingerprint)
            if since is None or now - since < self._absence:
                continue
            note = "Alertmanager no longer has it."
            await self._history.resolve(
                _tenant(record), _key(record), who=SOURCE, note=note, at=since
            )

    async def _begin(self, alerts: Sequence[ActiveAlert], known: Collection[str]) -> None:
        """Record new starts of alerts that were seen before, for the tenants that have those."""
        new = {
            alert.fingerprint: alert
            for alert in alerts
            if not alert.status.inhibited_by
            and alert_id(alert.fingerprint, alert.starts_at) not in known
        }
        if not new:
            return
        latest = await self._history.latest_starts(new)
        records = await self._history.notify(
            [
                _report(new[fingerprint], tenant)
                for (tenant, fingerprint), start in latest.items()
                if to_milliseconds(new[fingerprint].starts_at) > start
            ]
        )
        for record in records:  # it is there, also where it is gone before the next look
            await self._history.change(_tenant(record), _key(record), watched)


def _report(alert: ActiveAlert, tenant: str) -> Report:
    return Report(
        source=SOURCE,
        fingerprint=alert.fingerprint,
        starts_at=alert.starts_at,
        labels=alert.labels,
        annotations=alert.annotations,
        tenant=tenant,
        generator_url=alert.generator_url,
    )


async def let_go(history: AlertHistory, clock: Clock, stale: timedelta) -> None:
    """Close what Alertmanager has not repeated for so long: its end was never heard.

    When it ended is not known, so it does not count for the mean time to resolve.
    """
    before = clock() - stale
    note = f"Not heard of for {stale.total_seconds() / 3600:g} h; its end was not told."
    for record in await history.unresolved(SOURCE):
        seen = record.last_seen_at
        if seen is None or max(seen, record.silenced_until or seen) >= before:
            continue
        await history.change(
            _tenant(record),
            _key(record),
            lambda one, now: resolved(
                one, now, who=SOURCE, note=note, at=one.last_seen_at, known=False
            ),
        )


def _tenant(record: Alert) -> str:
    return record.tenant_id or ""


def _key(record: Alert) -> str:
    return record.alert_id or ""
