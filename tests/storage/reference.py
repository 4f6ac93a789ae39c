"""What queries mean, in plain Python over lists of documents: the model that engines must match.

Written from the docstrings of storage/query.py alone, without a thought for speed.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from exporter.storage.log_buckets import bucket_of
from exporter.storage.query import (
    Aggregation,
    By,
    Filter,
    Find,
    Function,
    LogBucket,
    Measure,
    Operator,
    TimeBucket,
    Where,
)

MILLIONTH = Decimal("0.000001")


def find(documents: Sequence[Any], query: Find) -> list[Any]:
    """The documents that a Find means, none of their fields left out."""
    found = [document for document in documents if holds(document, query.where)]
    found.sort(key=lambda document: value_of(document, query.family.key))
    for part in reversed(query.order):
        found.sort(
            key=lambda document: absent_first(value_of(document, part.name)),
            reverse=part.descending,
        )
    return found[query.offset : query.offset + query.limit]


def aggregate(documents: Sequence[Any], query: Aggregation) -> list[dict[str, Any]]:
    """The rows that an Aggregation means, with names."""
    matching = [
        document
        for document in documents
        if holds(document, query.where)
        and (
            not query.present or any(value_of(document, name) is not None for name in query.present)
        )
    ]
    told = [
        (tuple(group_of(document, by, query.family.time_field) for by in query.by), document)
        for document in matching
    ]
    if query.each:
        return [_row(query, group, [document]) for group, document in told]
    groups: dict[tuple[Any, ...], list[Any]] = {} if query.by else {(): []}
    for group, document in told:
        groups.setdefault(group, []).append(document)
    names = [by if isinstance(by, str) else by.name for by in query.by]
    rows = [_row(query, group, members) for group, members in groups.items()]
    rows.sort(key=lambda row: [absent_first(row[name]) for name in names])
    for part in reversed(query.order):
        rows.sort(key=lambda row: absent_first(row[part.name]), reverse=part.descending)
    return rows if query.limit is None else rows[: query.limit]


def _row(query: Aggregation, group: tuple[Any, ...], members: list[Any]) -> dict[str, Any]:
    names = [by if isinstance(by, str) else by.name for by in query.by]
    return dict(zip(names, group, strict=True)) | {
        measure.name: calculate(members, measure) for measure in query.measures
    }


def put(kept: Sequence[Any], where: Where, documents: Sequence[Any]) -> list[Any]:
    """What a put of derived documents leaves of those that were kept, and adds."""
    new = {(document.tenant_id, document.id) for document in documents}
    left = [
        document
        for document in kept
        if (document.tenant_id, document.id) not in new and not holds(document, where)
    ]
    return [*left, *documents]


def value_of(document: Any, wire_name: str) -> Any:
    """The value of a field, dotted where nested; None where it or what it lies in is absent."""
    value = document
    for name in wire_name.split("."):
        if value is None:
            return None
        index = value.__struct_encode_fields__.index(name)
        value = getattr(value, value.__struct_fields__[index])
    return value


def absent_first(value: Any) -> tuple[bool, Any]:
    """A sort key under which None is the smallest value."""
    return (False, 0) if value is None else (True, value)


ORDERS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.GT: lambda value, bound: value > bound,
    Operator.GTE: lambda value, bound: value >= bound,
    Operator.LT: lambda value, bound: value < bound,
    Operator.LTE: lambda value, bound: value <= bound,
}


def holds(document: Any, where: Where) -> bool:
    """Whether all filters hold for a document."""
    return all(_holds(value_of(document, part.field), part) for part in where)


def _holds(value: Any, part: Filter) -> bool:
    if part.op is Operator.IN:
        assert isinstance(part.value, tuple)
        return any(_same(value, candidate) for candidate in part.value)
    if part.op is Operator.WITHIN:
        assert isinstance(part.value, tuple)
        pairs: Any = part.value
        ends = (Operator.GTE, Operator.LT)
        return any(
            all(
                _holds(value, Filter(part.field, op, end))
                for op, end in zip(ends, pair, strict=True)
            )
            for pair in pairs
        )
    if part.op in (Operator.EQ, Operator.NE):
        return _same(value, part.value) is (part.op is Operator.EQ)
    if value is None or part.value is None:
        return False
    return ORDERS[part.op](value, _amount(part.value) if isinstance(value, Decimal) else part.value)


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, Decimal) and other is not None:
        return value == _amount(other)
    return bool(value == other)


def _amount(number: Any) -> Decimal:
    """The decimal that a number is written as: 0.1 is exactly a tenth."""
    return Decimal(str(number))


def group_of(document: Any, by: By, time_field: str) -> Any:
    """The group that a document belongs to."""
    if isinstance(by, str):
        return value_of(document, by)
    value = value_of(document, by.field or time_field)
    if value is None:
        return None
    return bucket_of(value) if isinstance(by, LogBucket) else start_of(value, by)


def start_of(moment: datetime, bucket: TimeBucket) -> datetime:
    """The start of the interval that a moment lies in."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    return {
        "hour": hour,
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
    }[bucket.interval]


def calculate(members: Sequence[Any], measure: Measure) -> Any:
    """A measure of a group."""
    counted = [document for document in members if holds(document, measure.where)]
    if measure.field is None:
        return len(counted)
    found = [value_of(document, measure.field) for document in counted]
    return CALCULATIONS[measure.function]([value for value in found if value is not None], measure)


def _average(values: list[Any], measure: Measure) -> Any:
    if not values:
        return None
    if isinstance(values[0], Decimal):
        return (sum(values) / len(values)).quantize(MILLIONTH, ROUND_HALF_EVEN)
    return sum(values) / len(values)


def _percentile(values: list[Any], measure: Measure) -> Any:
    rank = max(1, math.ceil(Fraction(str(measure.quantile)) * len(values)))
    return sorted(values)[rank - 1] if values else None


CALCULATIONS: dict[Function, Callable[[list[Any], Measure], Any]] = {
    Function.COUNT: lambda values, measure: len(values),
    Function.SUM: lambda values, measure: sum(values),
    Function.AVG: _average,
    Function.MIN: lambda values, measure: min(values, default=None),
    Function.MAX: lambda values, measure: max(values, default=None),
    Function.DISTINCT: lambda values, measure: len(set(values)),
    Function.PERCENTILE: _percentile,
}
