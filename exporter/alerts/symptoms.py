"""Symptoms: what evaluators look at, in the store over all tenants and at this replica.

Where calls are judged, each service counts for itself and all of them together, AI models
likewise: one that fails alone is not to hide behind the traffic of the others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..analytics.answer import percent
from ..analytics.endpoints import ERRORS
from ..analytics.period import Period, select
from ..analytics.revenue import IS_MONEY_IN
from ..analytics.sales import IS_SETTLED
from ..analytics.slices import MOST, top
from ..analytics.usage import HAS_ENDED
from ..family import Family
from ..metrics import catalogue
from ..metrics.catalogue import OWN_SERVICE
from ..metrics.values import Metrics
from ..records import TRACKED
from ..records.ai_request import AI_REQUEST
from ..records.performance import PERFORMANCE
from ..records.sale import SALE
from ..rollups.sets import percentile
from ..storage.base import Row, Store
from ..storage.query import (
    Aggregation,
    Filter,
    Function,
    LogBucket,
    Measure,
    Operator,
    Where,
    equals,
)

CALLS = timedelta(minutes=5)
REQUESTS = timedelta(minutes=15)
PAYMENTS = timedelta(hours=1)
LEAST_CALLS = 20
LEAST_REQUESTS = 20
LEAST_PAYMENTS = 10
LEAST_EVENTS = 10
"""Events at the same time of an earlier day, below which silence is nothing to wonder at."""
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
_MOMENT = timedelta(milliseconds=1)
_OF_CALLS = (Measure("count"), ERRORS)


@dataclass(frozen=True, kw_only=True)
class View:
    """Where evaluators look, and when."""

    store: Store
    metrics: Metrics
    now: datetime

    def last(self, length: timedelta) -> Period:
        """The last `length` of time, with the present millisecond in it."""
        return Period(self.now - length, self.now + _MOMENT)


@dataclass(frozen=True)
class Symptom:
    """What was found: a `value` in the evaluator's unit, and a clause for people.

    enough: whether there is enough behind it to begin an alert. One that has begun lasts on less:
    who fails all callers soon has few.
    """

    value: float
    detail: str
    enough: bool = True


@dataclass(frozen=True)
class _Group:
    """Some of the records: what they have in common, and how many they are."""

    name: str
    value: float | None
    count: int


async def failing_calls(view: View) -> Symptom | None:
    """The share of calls with status 400 or above, in %."""
    groups = [
        _Group(name, percent(row["error_count"], row["count"]), row["count"])
        for name, row in await _split(view, PERFORMANCE, "service", _OF_CALLS, CALLS)
    ]
    return _worst(
        groups, LEAST_CALLS, "{value:.1f} % of {count} calls to {name} in 5 minutes failed"
    )


async def slow_calls(view: View) -> Symptom | None:
    """The time in ms that 95 % of the calls do not exceed, within 2 %.

    It is told from counts: to rank the calls of five minutes takes three times as long, and room
    for all of them.
    """
    where = select(PERFORMANCE, None, view.last(CALLS))
    rows = await top(view.store, PERFORMANCE, ("service",), _OF_CALLS, where)
    # In an order of their own: what has been counted of the same ones need not be read again.
    busiest = Filter("service", Operator.IN, tuple(sorted(row["service"] for row in rows)))
    of_each = await _spreads(view, (*where, busiest), "service")
    of_all = of_each if len(rows) < MOST else await _spreads(view, where)
    groups = [
        _Group(_plain(name), percentile(spread, 0.95), sum(spread.values()))
        for name, spread in (*of_each.items(), ("all services", _added(of_all.values())))
    ]
    words = "1 in 20 of {count} calls to {name} in 5 minutes took longer than {value:.0f} ms"
    return _worst(groups, LEAST_CALLS, words)


async def failing_requests(view: View) -> Symptom | None:
    """The share of AI requests of the last 15 minutes that failed, of those that ended, in %."""
    measures = (
        Measure("count", where=HAS_ENDED),
        Measure("failed", where=(equals("status", "failed"),)),
    )
    groups = [
        _Group(name, percent(row["failed"], row["count"]), row["count"])
        for name, row in await _split(view, AI_REQUEST, "model", measures, REQUESTS)
    ]
    words = "{value:.1f} % of {count} requests to {name} in 15 minutes failed"
    return _worst(groups, LEAST_REQUESTS, words)


async def failing_payments(view: View) -> Symptom | None:
    """The share of payments of the last hour that failed, of those that came to an end, in %."""
    measures = (
        Measure("settled", where=(IS_SETTLED,)),
        Measure("failed", where=(equals("status", "failed"),)),
    )
    row = await _whole(
        view, SALE, measures, select(SALE, None, view.last(PAYMENTS), (IS_MONEY_IN,))
    )
    count = row["settled"] + row["failed"]
    group = _Group("all plans", percent(row["failed"], count), count)
    return _worst([group], LEAST_PAYMENTS, "{value:.1f} % of {count} payments in an hour failed")


async def silence(view: View, length: timedelta) -> Symptom | None:
    """Minutes without any event, up to twice `length`.

    It is enough where there were events at that time yesterday, and a week ago, unless there is
    nothing from then. Not judged while events wait in the spool, and so may not be in the store.
    """
    if view.metrics.value(catalogue.SPOOL_EVENTS):
        return None
    # Where much happens, the last minute says it all, and two hours would be millions of events.
    newest = await _newest(view, MINUTE) or await _newest(view, 2 * length)
    quiet = 2 * length if newest is None else view.now - newest
    minutes = quiet / MINUTE
    detail = f"there has been no event for {'more than ' * (newest is None)}{minutes:.0f} minutes"
    return Symptom(minutes, detail, enough=quiet > length and await _expected(view, length))


async def full_spool(view: View) -> Symptom | None:
    """How much of the spool is used, in %; an installation without one has none in use."""
    held = view.metrics.value(catalogue.SPOOL_BYTES) or 0.0
    share = percent(held, view.metrics.value(catalogue.SPOOL_LIMIT) or 0.0) or 0.0
    return Symptom(share, f"{share:.0f} % of the spool is used")


async def full_disk(view: View) -> Symptom | None:
    """How much of the disk with the data folder is used, in %; not judged before it was read."""
    share = view.metrics.value(catalogue.SYSTEM_DISK_USAGE, (OWN_SERVICE,))
    return None if share is None else Symptom(share, f"{share:.0f} % of the disk is used")


async def _newest(view: View, length: timedelta) -> datetime | None:
    """The time of the last event of any family within that time."""
    found: list[datetime] = []
    for family in TRACKED:
        where = select(family, None, view.last(length))
        row = await _whole(view, family, (Measure("at", Function.MAX, family.time_field),), where)
        found += filter(None, (row["at"],))
    return max(found, default=None)


async def _expected(view: View, length: timedelta) -> bool:
    now = view.now
    if await _events(view, Period(now - DAY - length, now - DAY)) < LEAST_EVENTS:
        return False
    if await _events(view, Period(now - WEEK - length, now - WEEK)):
        return True
    return not await _events(view, Period(now - WEEK - DAY, now - WEEK + DAY))


async def _events(view: View, period: Period) -> int:
    total = 0
    for family in TRACKED:
        row = await _whole(view, family, (Measure("count"),), select(family, None, period))
        total += row["count"]
    return total


async def _split(
    view: View, family: Family, by: str, measures: Sequence[Measure], length: timedelta
) -> list[tuple[str, Row]]:
    """The rows of each value of `by`, then that of all together: counts, which add up."""
    where = select(family, None, view.last(length))
    rows = await top(view.store, family, (by,), measures, where)
    if len(rows) < MOST:
        whole = {one.name: sum(row[one.name] for row in rows) for one in measures}
    else:  # they may not be all
        whole = await _whole(view, family, measures, where)
    return [*((_plain(row[by]), row) for row in rows), (f"all {by}s", whole)]


async def _spreads(
    view: View, where: Where, by: str | None = None
) -> dict[str | None, dict[int, int]]:
    """How many calls lie in each logarithmic bucket of their time, for each value of `by`."""
    buckets = LogBucket("responseTime")
    grouped = (buckets,) if by is None else (by, buckets)
    found: dict[str | None, dict[int, int]] = {}
    for row in await view.store.aggregate(
        Aggregation(PERFORMANCE, (Measure("count"),), where, grouped)
    ):
        found.setdefault(row[by] if by else None, {})[row[buckets.name]] = row["count"]
    return found


def _added(spreads: Iterable[Mapping[int, int]]) -> Counter[int]:
    found: Counter[int] = Counter()
    for spread in spreads:
        found.update(spread)
    return found


async def _whole(view: View, family: Family, measures: Sequence[Measure], where: Where) -> Row:
    (row,) = await view.store.aggregate(Aggregation(family, measures, where))
    return row


def _worst(groups: Iterable[_Group], least: int, words: str) -> Symptom:
    """The worst group, of those that are large enough where there is one."""
    known = [
        (group.count >= least, group.value, group) for group in groups if group.value is not None
    ]
    if not known:
        return Symptom(0.0, "there is nothing to judge")
    enough, value, group = max(known, key=lambda one: one[:2])
    return Symptom(value, words.format(value=value, count=group.count, name=group.name), enough)


def _plain(name: str | None) -> str:
    """A caller's word on one line."""
    return " ".join((name or "").split())
