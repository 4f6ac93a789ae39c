"""Users: how many there are, how many of them are active, new, returning and gone.

DAU, WAU and MAU are |U(t-1d, t)|, |U(t-7d, t)| and |U(t-30d, t)|, where t is the period's end and
U(a, b) are the users with an event of any family in [a, b). A user is new in the period of their
first event within retention.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..family import Family
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, Where
from .activity import Seen, User, seen
from .answer import Answer, percent
from .intervals import DAY
from .period import OF_A_USER, Period, select, up_to

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


async def user_numbers(
    store: Store, families: Sequence[Family], scope: Scope, period: Period
) -> UserNumbers:
    """The users of the scope in the period."""
    ever, before = await asyncio.gather(
        seen(store, families, scope, up_to(period.end)),
        seen(store, families, scope, period.before),
    )
    return await asyncio.to_thread(_numbers, ever, before, period)


async def total_users(
    store: Store, families: Sequence[Family], scope: Scope, until: datetime
) -> int:
    """How many users of the scope were ever seen before `until`."""
    return len(await seen(store, families, scope, up_to(until)))


async def active_by_plan(
    store: Store, families: Sequence[Family], scope: Scope | None, period: Period
) -> Counter[str]:
    """Distinct users with an event in the period, by the plan of their last event, or ''."""
    latest: dict[User, tuple[datetime, str | None]] = {}
    for family in families:
        rows = await store.aggregate(
            Aggregation(
                family=family,
                measures=(Measure("last", Function.MAX, family.time_field),),
                where=select(family, scope, period, (OF_A_USER,)),
                by=("tenantId", "userId", "userPlan"),
            )
        )
        await asyncio.to_thread(_merge_plans, rows, latest)
    return Counter(plan or "" for _, plan in latest.values())


async def busiest_users(
    store: Store,
    families: Sequence[Family],
    scope: Scope,
    period: Period,
    *,
    where: Where,
    limit: int,
) -> list[UserActivity]:
    """The users with the most events, over all families together."""
    found = await asyncio.gather(
        *(
            store.aggregate(
                Aggregation(
                    family=family,
                    measures=(Measure("events"),),
                    where=select(family, scope, period, (OF_A_USER, *where)),
                    by=("userId",),
                )
            )
            for family in families
        )
    )
    kinds = [family.kind for family in families]
    return await asyncio.to_thread(_rank, dict(zip(kinds, found, strict=True)), limit)


def _numbers(ever: Mapping[User, Seen], before: Collection[User], period: Period) -> UserNumbers:
    active = {user for user, known in ever.items() if known.last >= period.start}
    new = sum(ever[user].first >= period.start for user in active)
    churned = sum(user not in active for user in before)
    windows = {
        name: sum(known.last >= period.end - length for known in ever.values())
        for name, length in WINDOWS.items()
    }
    return UserNumbers(
        total_users=len(ever),
        active_users=len(active),
        new_users=new,
        returning_users=len(active) - new,
        churned_users=churned,
        churn_rate=percent(churned, len(ever)),
        active_user_rate=percent(len(active), len(ever)),
        stickiness=percent(windows["dau"], windows["mau"]),
        **windows,
    )


def _merge_plans(rows: Sequence[Row], latest: dict[User, tuple[datetime, str | None]]) -> None:
    for row in rows:
        user, last = (row["tenantId"], row["userId"]), row["last"]
        if user not in latest or latest[user][0] < last:
            latest[user] = last, row["userPlan"]


def _rank(found: dict[str, list[Row]], limit: int) -> list[UserActivity]:
    events: Counter[str] = Counter()
    parts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for kind, rows in found.items():
        for row in rows:
            events[row["userId"]] += row["events"]
            parts[row["userId"]][kind] = row["events"]
    most = sorted(events.items(), key=lambda item: (-item[1], item[0]))[:limit]
    return [UserActivity(user, count, parts[user]) for user, count in most]
