"""Who was active and when: U(a, b), the users with at least one event of any family in [a, b).

Whatever is said about users over all families is asked of rollups/activity.py, here and nowhere
else. Users are sets of hashes (rollups/sets.py): who somebody is does not matter to a count, and
sets of many days are put together quickly.

Events of no user make nobody active.
"""

from datetime import datetime

from ..access.principal import Scope
from ..intervals import Interval
from ..rollups.activity import ACTIVITY
from ..rollups.store import RolledStore
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
