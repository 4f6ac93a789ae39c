"""Time series: measures by the hour, day, week or month, with zeros where nothing happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ..access.principal import Scope
from ..family import Family
from ..fields import Money
from ..intervals import Interval, beginnings
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, TimeBucket, Where
from .period import Period, select

RANGES = 8
"""Ranges whose intervals are kept: all series of an answer have the same."""
OVER_NOTHING: Mapping[Function, int | None] = {
    Function.COUNT: 0,
    Function.SUM: 0,
    Function.DISTINCT: 0,
    Function.AVG: None,
    Function.MIN: None,
    Function.MAX: None,
    Function.PERCENTILE: None,
}
"""What a measure is over no record at all, as the query model has it."""


async def series(
    store: Store,
    family: Family,
    measures: Sequence[Measure],
    scope: Scope,
    period: Period,
    *,
    where: Where = (),
    interval: Interval | None = None,
) -> list[Row]:
    """A row for every interval that shares a moment with the period, oldest first.

    Each has its beginning as `time`, and the measures over what lies both in it and in the
    period: the first and the last interval may be cut short. Without `interval`, the period's.
    """
    interval = interval or period.interval
    rows = await store.aggregate(
        Aggregation(
            family=family,
            measures=measures,
            where=select(family, scope, period, where),
            by=(TimeBucket(interval),),
        )
    )
    known = {row["time"]: row for row in rows}
    empty = _empty_row(family, measures)
    return [
        known.get(time) or {"time": time, **empty}
        for time in _times(period.start, period.end, interval)
    ]


@lru_cache(RANGES)
def _times(start: datetime, end: datetime, interval: Interval) -> tuple[datetime, ...]:
    return tuple(beginnings(start, end, interval))


def _empty_row(family: Family, measures: Sequence[Measure]) -> dict[str, Any]:
    """What an aggregation without groups gives over nothing: sums of money are Decimals."""
    return {measure.name: _over_nothing(family, measure) for measure in measures}


def _over_nothing(family: Family, measure: Measure) -> Decimal | int | None:
    value = OVER_NOTHING[measure.function]
    if measure.function is Function.SUM and family.leaves[measure.field or ""] is Money:
        return Decimal(0)
    return value
