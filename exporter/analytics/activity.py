"""Who was active and when: U(a, b), the users with at least one event of any family in [a, b).

Whatever is said about users over all families is asked here and nowhere else: something that
remembers who was active on which day could answer in the place of the events.

A user is a tenant and a user id. Events of no user make nobody active.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..access.principal import Scope
from ..family import Family
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, TimeBucket
from .intervals import Interval
from .period import OF_A_USER, Period, select

User = tuple[str, str]
"""The tenant and the user's id."""


class Seen(NamedTuple):
    """A user's first and last event."""

    first: datetime
    last: datetime


async def seen(
    store: Store, families: Sequence[Family], scope: Scope | None, period: Period
) -> dict[User, Seen]:
    """Everybody with an event in the period, and their first and last one in it.

    One family after the other: this is asked in the background as well, where it must leave the
    store's readers to the callers. The merging is done off the loop, as there may be many users.
    """
    found: dict[User, Seen] = {}
    for family in families:
        rows = await store.aggregate(
            Aggregation(
                family=family,
                measures=(
                    Measure("first", Function.MIN, family.time_field),
                    Measure("last", Function.MAX, family.time_field),
                ),
                where=select(family, scope, period, (OF_A_USER,)),
                by=("tenantId", "userId"),
            )
        )
        await asyncio.to_thread(_merge, rows, found)
    return found


async def active_by_interval(
    store: Store,
    families: Sequence[Family],
    scope: Scope | None,
    period: Period,
    interval: Interval,
) -> dict[datetime, set[User]]:
    """For the beginning of each interval, everybody with an event in it that lies in the period.

    Intervals without anybody are left out.
    """
    found: defaultdict[datetime, set[User]] = defaultdict(set)
    for family in families:
        rows = await store.aggregate(
            Aggregation(
                family=family,
                measures=(Measure("events"),),
                where=select(family, scope, period, (OF_A_USER,)),
                by=(TimeBucket(interval), "tenantId", "userId"),
            )
        )
        await asyncio.to_thread(_spread, rows, found)
    return dict(found)


def _merge(rows: Sequence[Row], found: dict[User, Seen]) -> None:
    for row in rows:
        user, first, last = (row["tenantId"], row["userId"]), row["first"], row["last"]
        known = found.get(user)
        if known is not None:
            first, last = min(first, known.first), max(last, known.last)
        found[user] = Seen(first, last)


def _spread(rows: Sequence[Row], found: defaultdict[datetime, set[User]]) -> None:
    for row in rows:
        found[row["time"]].add((row["tenantId"], row["userId"]))
