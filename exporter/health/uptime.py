"""Uptime: the share of the time that was watched in which no critical check was down.

Time that a maintenance window is open for everything does not count at all; a window for some
checks takes out what they were down in it. What nobody watched is neither up nor down, and how
much was watched is said beside it. Each replica has its own view; they are added up, so that one
of three that cannot reach the database for an hour is a third of an hour down.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from ..access.principal import DEFAULT_TENANT
from ..analytics.period import Period
from ..intervals import DAY
from ..records.health_check import HEALTH_CHECK, HealthCheck
from ..records.maintenance import Maintenance
from ..storage.base import Store
from ..storage.query import Filter, Find, Operator, Order, Where, equals
from .track import LONGEST_STRETCH

WINDOWS: Mapping[str, timedelta] = {
    "24h": DAY,
    "7d": 7 * DAY,
    "30d": 30 * DAY,
    "90d": 90 * DAY,
}
LONGEST = max(WINDOWS.values())
MOST_STRETCHES = 1_000_000
NOTHING = timedelta()
TEXTS = frozenset({"message"})
"""What does not have to be read for it."""

Span = tuple[datetime, datetime]
"""The moments start <= t < end."""


class Uptime(Struct, frozen=True):
    """uptime: in % of what was watched; None where nothing was. observed: in % of the period."""

    uptime: float | None
    observed: float


def uptime(
    stretches: Iterable[HealthCheck], windows: Sequence[Maintenance], period: Period
) -> Uptime:
    """The uptime of checks together, down where one of them is down."""
    watched: defaultdict[str, list[Span]] = defaultdict(list)
    down: defaultdict[str, list[Span]] = defaultdict(list)
    for one in stretches:
        span = max(one.timestamp, period.start), min(one.until, period.end)
        if span[0] >= span[1]:
            continue
        watched[one.instance].append(span)
        if one.status == "unhealthy":
            down[one.instance] += without([span], _spans(windows, one.service))
    for_all = _spans(windows, None)
    total = sum((length(without(spans, for_all)) for spans in watched.values()), NOTHING)
    lost = sum((length(without(spans, for_all)) for spans in down.values()), NOTHING)
    seen = length([span for spans in watched.values() for span in spans])
    return Uptime(
        100 * (1 - lost / total) if total else None,
        100 * (seen / period.length) if period.length else 0.0,
    )


async def stretches(
    store: Store, period: Period, where: Where = (), leave_out: frozenset[str] = frozenset()
) -> list[HealthCheck]:
    """What is stored of checks in a period, the oldest first."""
    found: list[HealthCheck] = await store.find(
        Find(
            HEALTH_CHECK,
            (
                equals("tenantId", DEFAULT_TENANT),
                Filter("timestamp", Operator.GTE, period.start - LONGEST_STRETCH),
                Filter("timestamp", Operator.LT, period.end),
                Filter("until", Operator.GT, period.start),
                *where,
            ),
            (Order("timestamp"),),
            limit=MOST_STRETCHES,
            leave_out=leave_out,
        )
    )
    return found


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same moments in as few spans as possible, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif start < end:
            found.append((start, end))
    return found


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The moments of `spans` that lie in none of the `others`."""
    left = joined(spans)
    for start, end in joined(others):
        left = [
            part
            for one in left
            for part in ((one[0], min(one[1], start)), (max(one[0], end), one[1]))
            if part[0] < part[1]
        ]
    return left


def length(spans: Iterable[Span]) -> timedelta:
    """How much time all moments together are; those in two spans count once."""
    return sum((end - start for start, end in joined(spans)), NOTHING)


def _spans(windows: Sequence[Maintenance], service: str | None) -> list[Span]:
    """When windows are open for everything (None), or for a check by name."""
    return [
        (one.starts_at, one.ends_at)
        for one in windows
        if (service in one.services if service is not None else not one.services)
    ]
