"""The alerts of a period in numbers: how many, how soon taken, how long they burned, how noisy."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..analytics.answer import Answer
from ..analytics.period import Period, select
from ..analytics.slices import Slice, slices, top
from ..records.alert import ALERT, Alert
from ..storage.base import Row, Store
from ..storage.query import (
    Aggregation,
    Filter,
    Find,
    Function,
    Measure,
    Operator,
    Order,
    Where,
    equals,
)

NOISIEST = 10
FLAPPING_STARTS = 3
FLAPPING_WITHIN = timedelta(hours=1)
"""An alert that starts so often within such a time flaps."""
MOST_STARTS = 10_000
"""Starts that are looked at for flapping at most, the newest ones."""

COUNT = Measure("count")


class NoisyAlert(Answer, frozen=True):
    """An alert by its name, over all its labels."""

    alertname: str
    starts: Annotated[int, Meta(description="How often it began.")]
    notifications: Annotated[int, Meta(description="How often it was heard of.")]


class FlappingAlert(Answer, frozen=True):
    """An alert that came and went at least 3 times within an hour."""

    fingerprint: str
    alertname: str
    starts: Annotated[int, Meta(description="How often it began in the period.")]
    most_in_an_hour: Annotated[int, Meta(description="The most starts within any one hour.")]
    last_start: datetime


class AlertStats(Answer, frozen=True):
    """The alerts that were first heard of in a period."""

    total: Annotated[int, Meta(description="Alerts, each start once.")]
    open: Annotated[int, Meta(description="Those that nobody has acknowledged and that burn.")]
    acknowledged: Annotated[int, Meta(description="Those that somebody has and that burn.")]
    resolved: Annotated[int, Meta(description="Those that are over.")]
    mean_time_to_acknowledge: Annotated[
        float | None,
        Meta(description="Seconds from their start / alerts that were acknowledged."),
    ]
    mean_time_to_resolve: Annotated[
        float | None,
        Meta(description="Seconds from their start / alerts whose end is known."),
    ]
    by_severity: list[Slice]
    by_category: list[Slice]
    by_source: list[Slice]
    noisiest: Annotated[list[NoisyAlert], Meta(description="With the most starts, that first.")]
    flapping: list[FlappingAlert]


async def stats(store: Store, scope: Scope, period: Period, where: Where) -> AlertStats:
    """The numbers of the alerts of the scope that were first heard of in the period."""
    selected = select(ALERT, scope, period, where)
    (row,), severities, categories, sources, noisy, flapping = await asyncio.gather(
        store.aggregate(Aggregation(ALERT, _MEASURES, selected)),
        top(store, ALERT, ("severity",), (COUNT,), selected),
        top(store, ALERT, ("category",), (COUNT,), selected),
        top(store, ALERT, ("source",), (COUNT,), selected),
        top(store, ALERT, ("alertname",), (COUNT, _NOTIFICATIONS), selected, limit=NOISIEST),
        _flapping(store, selected),
    )
    total = row["total"]
    return AlertStats(
        total=total,
        open=row["open"],
        acknowledged=row["acknowledged"],
        resolved=row["resolved"],
        mean_time_to_acknowledge=row["toAcknowledge"],
        mean_time_to_resolve=row["toResolve"],
        by_severity=slices(severities, "severity", total),
        by_category=slices(categories, "category", total),
        by_source=slices(sources, "source", total),
        noisiest=[_noisy(one) for one in noisy],
        flapping=flapping,
    )


_NOTIFICATIONS = Measure("notifications", Function.SUM, "notifications")
_MEASURES = (
    Measure("total"),
    *(
        Measure(state, where=(equals("state", state),))
        for state in ("open", "acknowledged", "resolved")
    ),
    Measure("toAcknowledge", Function.AVG, "timeToAcknowledge"),
    Measure("toResolve", Function.AVG, "timeToResolve"),
)


def _noisy(row: Row) -> NoisyAlert:
    return NoisyAlert(row["alertname"], row["count"], int(row["notifications"]))


async def _flapping(store: Store, where: Where) -> list[FlappingAlert]:
    """The alerts that flap, the worst first."""
    rows = await top(store, ALERT, ("fingerprint",), (COUNT,), where)
    often = tuple(row["fingerprint"] for row in rows if row["count"] >= FLAPPING_STARTS)
    if not often:
        return []
    found: list[Alert] = await store.find(
        Find(
            ALERT,
            (*where, Filter("fingerprint", Operator.IN, often)),
            (Order("startsAt", descending=True),),
            MOST_STARTS,
            leave_out=_NOT_NEEDED,
        )
    )
    starts: defaultdict[str, list[datetime]] = defaultdict(list)
    names: dict[str, str] = {}
    for one in reversed(found):
        starts[one.fingerprint].append(one.starts_at)
        names[one.fingerprint] = one.alertname
    counts = Counter({row["fingerprint"]: row["count"] for row in rows})
    flapping = [
        FlappingAlert(fingerprint, names[fingerprint], counts[fingerprint], most, moments[-1])
        for fingerprint, moments in starts.items()
        if (most := most_within(moments, FLAPPING_WITHIN)) >= FLAPPING_STARTS
    ]
    return sorted(flapping, key=lambda one: (-one.most_in_an_hour, one.fingerprint))


_NOT_NEEDED = frozenset({"labels", "annotations", "trail", "message", "title", "note"})


def most_within(moments: Sequence[datetime], length: timedelta) -> int:
    """The most of the `moments`, which ascend, that lie within any such length of time."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > length:
            first += 1
        most = max(most, last - first + 1)
    return most
