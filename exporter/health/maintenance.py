"""Maintenance windows: made and cancelled by people, and known to every replica while they last."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from ..access.principal import DEFAULT_TENANT
from ..clock import EPOCH
from ..errors import Conflict, Invalid, Problem
from ..ids import new_id
from ..records.maintenance import MAINTENANCE, Maintenance
from ..storage.base import Store
from ..storage.query import Filter, Find, Operator, Order, equals
from .story import entry
from .swap import Swaps

BEHIND = timedelta(minutes=5)
"""How far back a window may begin: a clock may be behind, but what was down is not undone."""
AHEAD = timedelta(days=366)
LONGEST = timedelta(days=14)
MOST = 10_000
"""Windows that are looked at, at most."""


class Windows:
    """The windows as this replica knows them; a database under maintenance cannot be asked."""

    def __init__(self, store: Store, swaps: Swaps) -> None:
        self._store = store
        self._swaps = swaps
        self._known: Sequence[Maintenance] = ()

    async def refresh(self, since: datetime) -> None:
        """Read the windows that are not over by `since`; raises StoreUnavailable."""
        self._known = await self.read(since)

    async def read(self, since: datetime = EPOCH) -> list[Maintenance]:
        """The windows that end after `since`, the last one first; raises StoreUnavailable."""
        found: list[Maintenance] = await self._store.find(
            Find(
                MAINTENANCE,
                (equals("tenantId", DEFAULT_TENANT), Filter("endsAt", Operator.GT, since)),
                (Order("endsAt", descending=True),),
                limit=MOST,
            )
        )
        return found

    def open(self, now: datetime) -> list[Maintenance]:
        """Those that are open."""
        return [one for one in self._known if one.starts_at <= now < one.ends_at]

    def covers(self, service: str, now: datetime) -> bool:
        """Whether one is open for a check."""
        return any(_is_about(one, service) for one in self.open(now))

    def uncovered(self, service: str, since: datetime) -> datetime:
        """The first moment from `since` on in which none is open for a check."""
        for one in sorted(self._known, key=lambda one: one.starts_at):
            if _is_about(one, service) and one.starts_at <= since < one.ends_at:
                since = one.ends_at
        return since

    async def add(
        self,
        *,
        title: str,
        services: Sequence[str],
        starts_at: datetime,
        ends_at: datetime,
        who: str,
        now: datetime,
    ) -> Maintenance:
        """A new window, durable; Invalid for times that make none."""
        if problems := _problems(starts_at, ends_at, now):
            raise Invalid.of(problems)
        window = Maintenance(
            window_id=new_id(),
            title=title,
            services=sorted(set(services)),
            starts_at=starts_at,
            ends_at=ends_at,
            created_at=now,
            trail=[entry(now, who, "created")],
        )
        await self._swaps.add(MAINTENANCE, window)
        self._known = [window, *self._known]
        return window

    async def cancel(self, key: str, *, who: str, now: datetime) -> Maintenance:
        """The window, over from now on; NotFound, and Conflict where it is over already."""

        def step(before: Maintenance) -> Maintenance:
            if before.cancelled_at is not None or before.ends_at <= now:
                raise Conflict("The maintenance window is over already.")
            return msgspec.structs.replace(
                before,
                ends_at=now,
                cancelled_at=now,
                trail=[*before.trail, entry(now, who, "cancelled")],
                updated_at=now,
                revision=before.revision + 1,
            )

        window = await self._swaps.change(MAINTENANCE, key, step)
        self._known = [window, *(one for one in self._known if one.window_id != key)]
        return window


def _is_about(window: Maintenance, service: str) -> bool:
    return not window.services or service in window.services


def _problems(starts_at: datetime, ends_at: datetime, now: datetime) -> list[Problem]:
    problems = []
    if starts_at < now - BEHIND:
        problems.append(Problem("startsAt", "Expected no time in the past"))
    if starts_at > now + AHEAD:
        problems.append(Problem("startsAt", f"Expected a time within {AHEAD.days} days"))
    if ends_at <= max(starts_at, now):
        problems.append(Problem("endsAt", "Expected a time after `startsAt` that is to come"))
    if ends_at - starts_at > LONGEST:
        problems.append(Problem("endsAt", f"Expected at most {LONGEST.days} days of maintenance"))
    return problems
