"""What MongoDB groups records by: a field as it is, a time's interval, a number's bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..clock import EPOCH
from ..errors import Invalid
from .kinds import FieldKind
from .log_buckets import LOG_GAMMA, SMALLEST, ZERO_BUCKET
from .mongo_conditions import Expression, is_present, value_of
from .mongo_documents import Layout
from .mongo_measures import loads
from .query import By, LogBucket, TimeBucket, field_of

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True)
class Grouping:
    """A group's name in a row, the expression that tells a record's, and how it is read."""

    name: str
    key: Expression
    load: Callable[[Any], Any] | None


def group(by: By, layout: Layout) -> Grouping:
    """What is grouped by; raises Invalid for a field of a wrong kind."""
    return GROUPS[type(by)](by, layout)


def _field(by: str, layout: Layout) -> Grouping:
    return Grouping(by, value_of(by), loads(layout.kinds[by]))


def _interval(by: TimeBucket, layout: Layout) -> Grouping:
    value = _value(by, layout, (FieldKind.MOMENT,), "is no time")
    return Grouping(by.name, INTERVALS[by.interval](value), None)


def _bucket(by: LogBucket, layout: Layout) -> Grouping:
    value = _value(by, layout, (FieldKind.INTEGER, FieldKind.REAL), "is no number")
    # $max: a server may calculate what is not chosen, and zero has no logarithm.
    exponent = {"$divide": [{"$ln": {"$max": [value, SMALLEST]}}, LOG_GAMMA]}
    number = {"$cond": [{"$lt": [value, SMALLEST]}, ZERO_BUCKET, {"$toInt": {"$ceil": exponent}}]}
    return Grouping(by.name, {"$cond": [is_present(value), number, None]}, None)


def _value(by: By, layout: Layout, kinds: tuple[FieldKind, ...], otherwise: str) -> Expression:
    """The value of a group's field, whose kind has to be one of these."""
    field = field_of(by, layout.family)
    if layout.kinds[field] not in kinds:
        raise Invalid.field(field, otherwise)
    return value_of(field)


GROUPS: dict[type, Callable[[Any, Layout], Grouping]] = {
    str: _field,
    TimeBucket: _interval,
    LogBucket: _bucket,
}


def _floor(length: int, shift: int = 0) -> Callable[[Expression], Expression]:
    """The last multiple of `length` at or before a time, less `shift`; $mod alone would round the
    years before 1970 up. Not $dateTrunc: not every server that speaks the protocol has it right.
    """

    def start(time: Expression) -> Expression:
        rest = {"$mod": [{"$add": [{"$subtract": [time, EPOCH]}, shift]}, length]}
        return {"$subtract": [time, {"$mod": [{"$add": [rest, length]}, length]}]}

    return start


def _month(time: Expression) -> Expression:
    return {"$dateFromParts": {"year": {"$year": time}, "month": {"$month": time}}}


INTERVALS: dict[str, Callable[[Expression], Expression]] = {
    "hour": _floor(HOUR),
    "day": _floor(DAY),
    "week": _floor(7 * DAY, 3 * DAY),  # 1970 began on a Thursday
    "month": _month,
}
"""The start of each interval as an expression of a time; null of null."""
