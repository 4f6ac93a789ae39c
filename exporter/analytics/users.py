"""Users: who was active, by the events of any family.

A user is a tenant and a user id. Events of no user make nobody active.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..family import Family
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, Where
from .answer import Answer
from .period import OF_A_USER, Period, select

User = tuple[str, str]
"""The tenant and the user's id."""


class UserActivity(Answer, frozen=True):
    """How much one user did in a period."""

    user_id: str
    events: Annotated[int, Meta(description="Recorded events of every family.")]
    by_family: Annotated[dict[str, int], Meta(description="The same, by the kind of event.")]


async def last_seen(
    store: Store, families: Sequence[Family], scope: Scope | None, period: Period
) -> dict[User, datetime]:
    """Everybody with an event in the period, and the time of their last one.

    One family after the other: this is asked in the background as well, where it must leave the
    store's readers to the callers. The merging is done off the loop, as there may be many users.
    """
    seen: dict[User, datetime] = {}
    for family in families:
        rows = await _last(store, family, scope, period, ("tenantId", "userId"))
        await asyncio.to_thread(_merge_times, rows, seen)
    return seen


async def active_by_plan(
    store: Store, families: Sequence[Family], scope: Scope | None, period: Period
) -> Counter[str]:
    """Distinct users with an event in the period, by the plan of their last event, or ''."""
    latest: dict[User, tuple[datetime, str | None]] = {}
    for family in families:
        rows = await _last(store, family, scope, period, ("tenantId", "userId", "userPlan"))
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


async def _last(
    store: Store, family: Family, scope: Scope | None, period: Period, by: tuple[str, ...]
) -> list[Row]:
    return await store.aggregate(
        Aggregation(
            family=family,
            measures=(Measure("last", Function.MAX, family.time_field),),
            where=select(family, scope, period, (OF_A_USER,)),
            by=by,
        )
    )


def _merge_times(rows: Sequence[Row], seen: dict[User, datetime]) -> None:
    for row in rows:
        user, last = (row["tenantId"], row["userId"]), row["last"]
        if user not in seen or seen[user] < last:
            seen[user] = last


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
