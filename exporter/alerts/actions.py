"""What people do about an alert: each a step of its record, by somebody, with a word on why."""

from dataclasses import dataclass
from datetime import timedelta

from ..clock import Clock
from ..records.alert import Alert
from .alertmanager import Alertmanager, AlertmanagerFailed
from .history import AlertHistory
from .story import acknowledged, check_room, commented, silenced


@dataclass(frozen=True)
class Person:
    """Who acts: the name that the credential says, and whom it says to speak for."""

    name: str
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class Acknowledged:
    """The record after an acknowledgement; `problem` says why a silence was not made."""

    alert: Alert
    problem: str | None = None


class Actions:
    """The actions of the admins of a tenant; NotFound for an alert that is not the tenant's."""

    def __init__(self, history: AlertHistory, alertmanager: Alertmanager, clock: Clock) -> None:
        self._history = history
        self._alertmanager = alertmanager
        self._clock = clock

    async def acknowledge(
        self,
        tenant: str,
        key: str,
        person: Person,
        note: str | None,
        silence_for: timedelta | None = None,
    ) -> Acknowledged:
        """Take it in hand, and have Alertmanager keep quiet about it for so long.

        The acknowledgement is kept also where there can be no silence. Raises Conflict where the
        alert is resolved.
        """
        alert = await self._history.change(
            tenant,
            key,
            lambda before, now: acknowledged(
                before, now, who=person.name, note=note, on_behalf_of=person.on_behalf_of
            ),
        )
        if silence_for is None:
            return Acknowledged(alert)
        try:
            return Acknowledged(await self._silence(alert, person, silence_for))
        except AlertmanagerFailed as error:
            return Acknowledged(alert, str(error))

    async def resolve(self, tenant: str, key: str, person: Person, note: str | None) -> Alert:
        """Call it over, whatever its source will say; again, it stays as it was."""
        return await self._history.resolve(tenant, key, who=person.name, note=note)

    async def comment(self, tenant: str, key: str, person: Person, note: str) -> Alert:
        """Add to its story; Conflict where its trail is full."""
        return await self._history.change(
            tenant, key, lambda before, now: commented(before, now, who=person.name, note=note)
        )

    async def _silence(self, alert: Alert, person: Person, length: timedelta) -> Alert:
        """The record with its new silence; an earlier one that still holds is replaced by it."""
        if alert.source != "alertmanager":
            raise AlertmanagerFailed("Alertmanager does not know this alert.")
        if alert.labels_cut:
            raise AlertmanagerFailed("The alert has too many labels for an exact silence.")
        check_room(alert)
        now = self._clock()
        until = now + length
        holds = alert.silenced_until is not None and alert.silenced_until > now
        silence_id = await self._alertmanager.silence(
            alert.labels,
            now,
            until,
            who=person.on_behalf_of or person.name,
            comment=alert.note or f"Acknowledged in Meterhouse: {alert.title}",
            replaces=alert.silence_id if holds else None,
        )
        return await self._history.change(
            alert.tenant_id or "",
            alert.alert_id or "",
            lambda before, now: silenced(
                before, now, who=person.name, silence_id=silence_id, until=until
            ),
        )
