"""Who was active and when: U(a, b), the users with at least one event of any family in [a, b).

Whatever is said about users over all families is asked of rollups/activity.py, here and nowhere
else. Users are sets of hashes (rollups/sets.py): who somebody is does not matter to a count, and
sets of many days are put together quickly.

Events of no user make nobody active.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ..access.principal import Scope
from ..intervals import Interval
from ..rollups.activity import ACTIVITY
from ..rollups.last_seen import Seen
from ..rollups.progress import closed_until
from ..rollups.sets import Members
from ..rollups.store import RolledStore
from ..rollups.wanted import Key
from ..storage.query import Aggregation, Function, Measure, TimeBucket
from .period import Period, select

Users = set[int]
"""Users of one tenant, by the hashes of their ids."""

_USERS = Measure("users", Function.DISTINCT, "userId")


async def active(store: RolledStore, scope: Scope, period: Period) -> Users:
    """Everybody of the scope with an event in the period."""
    found = await store.members(Aggregation(ACTIVITY, (_USERS,), select(ACTIVITY, scope, period)))
    return found.get((), set())


async def number_active(store: RolledStore, scope: Scope | None, period: Period) -> int:
    """How many users had an event in the period; one id in two tenants is two users."""
    rows = await store.aggregate(
        Aggregation(ACTIVITY, (_USERS,), select(ACTIVITY, scope, period), ("tenantId",))
    )
    return sum(row["users"] for row in rows)


async def numbers_active(
    store: RolledStore, scope: Scope | None, end: datetime, lengths: Sequence[timedelta]
) -> list[int]:
    """For each length, how many users had an event in so much time before `end`.

    What the windows have in common is read once: its hours may be open ones, whose records take
    longer than all that was rolled up before.
    """
    shared = Period(max(closed_until(end), end - min(lengths)), end)
    last = await (_lately(store, shared) if scope is None else _sets(store, scope, shared))
    return [
        await asyncio.to_thread(
            _together, last, await _sets(store, scope, Period(end - length, shared.start))
        )
        for length in lengths
    ]


async def active_by_interval(
    store: RolledStore, scope: Scope, period: Period, interval: Interval
) -> dict[datetime, Users]:
    """For the beginning of each interval, everybody with an event in it that lies in the period.

    Intervals without anybody are left out.
    """
    found = await store.members(
        Aggregation(ACTIVITY, (_USERS,), select(ACTIVITY, scope, period), (TimeBucket(interval),))
    )
    return {time: users for (time,), users in found.items() if users}


async def _sets(store: RolledStore, scope: Scope | None, period: Period) -> dict[Key, Members]:
    """The users of each tenant."""
    return await store.sets(
        Aggregation(ACTIVITY, (_USERS,), select(ACTIVITY, scope, period), ("tenantId",))
    )


async def _lately(store: RolledStore, period: Period) -> dict[Key, Members]:
    """The users of every tenant in the last hour or so."""
    seen = await store.last_seen(period.start, period.end)
    return await asyncio.to_thread(_hashed, seen)


def _hashed(seen: Seen) -> dict[Key, Members]:
    found: dict[Key, Members] = {}
    for tenant, users in seen.items():
        found[(tenant,)] = members = Members()
        for user in users:
            members.add(user)
    return found


def _together(some: Mapping[Key, Members], others: Mapping[Key, Members]) -> int:
    tenants = some.keys() | others.keys()
    return sum(
        len(Members.together(of[tenant] for of in (some, others) if tenant in of))
        for tenant in tenants
    )
