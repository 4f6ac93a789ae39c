"""Users: how many there are, how many of them are active, new, returning and gone.

DAU, WAU and MAU are |U(t-1d, t)|, |U(t-7d, t)| and |U(t-30d, t)|, where t is the period's end and
U(a, b) are the users with an event of any family in [a, b). A user is new in the period of their
first event within retention.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..intervals import DAY
from ..rollups.activity import ACTIVITY
from ..rollups.last_seen import Seen
from ..rollups.store import RolledStore
from ..storage.base import Store
from ..storage.query import Aggregation, Function, Measure, Order, Where
from ..storage.together import together
from .activity import Users, active, number_active, numbers_active
from .answer import Answer, percent
from .period import Period, select, up_to

WINDOWS: Mapping[str, timedelta] = {"dau": DAY, "wau": 7 * DAY, "mau": 30 * DAY}
"""How long before the end of a period a user counts as active, by the number's name."""


class UserNumbers(Answer, frozen=True):
    """The users of a period, by the events of every family."""

    total_users: Annotated[
        int, Meta(description="Users ever seen (within retention) up to the period's end.")
    ]
    active_users: Annotated[int, Meta(description="Distinct users with an event in the period.")]
    new_users: Annotated[int, Meta(description="Active users whose first event is in the period.")]
    returning_users: Annotated[int, Meta(description="activeUsers - newUsers")]
    churned_users: Annotated[
        int,
        Meta(description="Users active in the period before, of the same length, and not in this."),
    ]
    churn_rate: Annotated[float | None, Meta(description="churnedUsers / totalUsers, in %.")]
    active_user_rate: Annotated[float | None, Meta(description="activeUsers / totalUsers, in %.")]
    dau: Annotated[int, Meta(description="Distinct users of the day up to the period's end.")]
    wau: Annotated[int, Meta(description="Distinct users of the 7 days up to the period's end.")]
    mau: Annotated[int, Meta(description="Distinct users of the 30 days up to the period's end.")]
    stickiness: Annotated[float | None, Meta(description="dau / mau, in %.")]


class UserActivity(Answer, frozen=True):
    """How much one user did in a period."""

    user_id: str
    events: Annotated[int, Meta(description="Recorded events of every family.")]
    by_family: Annotated[dict[str, int], Meta(description="Recorded events, by the kind of event.")]


async def user_numbers(store: RolledStore, scope: Scope, period: Period) -> UserNumbers:
    """The users of the scope in the period."""
    earlier, now, before, windows = await together(
        store,
        active(store, scope, up_to(period.start)),
        active(store, scope, period),
        active(store, scope, period.before),
        numbers_active(store, scope, period.end, list(WINDOWS.values())),
    )
    counts = dict(zip(WINDOWS, windows, strict=True))
    return await asyncio.to_thread(_numbers, earlier, now, before, counts)


async def total_users(store: RolledStore, scope: Scope, until: datetime) -> int:
    """How many users of the scope were ever seen before `until`."""
    return await number_active(store, scope, up_to(until))


async def active_by_plan(store: RolledStore, period: Period) -> Counter[str]:
    """Distinct users of all tenants with an event in the period, which ends about now, by the
    plan of their last event, or ''."""
    seen = await store.last_seen(period.start, period.end)
    return await asyncio.to_thread(_by_plan, seen)


async def busiest_users(
    store: Store, scope: Scope, period: Period, *, where: Where, limit: int
) -> list[UserActivity]:
    """The users with the most events, over all families together."""
    rows = await store.aggregate(
        Aggregation(
            family=ACTIVITY,
            measures=(
                Measure("events"),
                *(Measure(kind, Function.SUM, kind) for kind in ACTIVITY.measures),
            ),
            where=select(ACTIVITY, scope, period, where),
            by=("userId",),
            order=(Order("events", descending=True),),
            limit=limit,
        )
    )
    return [
        UserActivity(
            row["userId"],
            row["events"],
            {kind: row[kind] for kind in ACTIVITY.measures if row[kind]},
        )
        for row in rows
    ]


def _by_plan(seen: Seen) -> Counter[str]:
    return Counter(last.plan for users in seen.values() for last in users.values())


def _numbers(earlier: Users, now: Users, before: Users, windows: Mapping[str, int]) -> UserNumbers:
    new = len(now - earlier)
    churned = len(before - now)
    total = len(earlier) + new
    return UserNumbers(
        total_users=total,
        active_users=len(now),
        new_users=new,
        returning_users=len(now) - new,
        churned_users=churned,
        churn_rate=percent(churned, total),
        active_user_rate=percent(len(now), total),
        stickiness=percent(windows["dau"], windows["mau"]),
        **windows,
    )
