"""The query model: what analytics asks for, in terms that every engine can be compiled to.

Field names are wire names, dotted where nested. Values are always bound, never spliced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from ..errors import Problem
from ..family import Family

Scalar = str | int | float | bool | datetime | None
Ranges = tuple[tuple[Scalar, Scalar], ...]
"""Pairs of a start, which lies within, and an end, which does not."""


class Operator(StrEnum):
    """How a field is compared; each engine has one table with a form for every member."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    WITHIN = "within"


@dataclass(frozen=True, slots=True)
class Filter:
    """`field op value`. `eq None` means absent, `ne` also holds for absent fields.

    The order comparisons never hold for an absent field, and neither does `within`: it takes a
    tuple of ranges, and holds where start ≤ field < end for any of them. `in` takes a tuple of
    values. Money is compared with the amount that a float is written as: 0.1 is exactly a tenth.
    """

    field: str
    op: Operator
    value: Scalar | tuple[Scalar, ...] | Ranges


def equals(field: str, value: Scalar) -> Filter:
    """The filter `field = value`."""
    return Filter(field, Operator.EQ, value)


def between(field: str, start: datetime, end: datetime) -> tuple[Filter, ...]:
    """The half-open range start ≤ field < end."""
    return Filter(field, Operator.GTE, start), Filter(field, Operator.LT, end)


def within(field: str, ranges: Iterable[tuple[datetime, datetime]]) -> Filter:
    """The filter for a time in any of these half-open ranges, which may meet and overlap.

    Engines look for each range with the index that serves one of them.
    """
    return Filter(field, Operator.WITHIN, tuple(ranges))


Where = tuple[Filter, ...]
"""All of them must hold; the empty one always does."""


class Function(StrEnum):
    """What a measure calculates, over the values that are present.

    Over no value at all count, sum and distinct are 0, the others None. Of money, all but count and
    distinct are exact Decimals; its average is rounded to 6 decimals, half to even.
    """

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    DISTINCT = "distinct"
    PERCENTILE = "percentile"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of each group.

    name: its name in the row.
    field: what it is calculated of; None counts records.
    where: only over the records of the group for which this holds ("count-where").
    quantile: for percentiles, between 0 and 1; the nearest rank, so always a value that occurs.
    """

    name: str
    function: Function = Function.COUNT
    field: str | None = None
    where: Where = ()
    quantile: float | None = None

    def __post_init__(self) -> None:
        if (self.field is None) != (self.function is Function.COUNT and self.field is None):
            raise ValueError(f"{self.name}: {self.function} needs a field")
        if (self.quantile is None) == (self.function is Function.PERCENTILE):
            raise ValueError(f"{self.name}: a quantile goes with a percentile")


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """The start of the UTC hour, day, ISO week (from Monday) or month that a time lies in."""

    interval: Literal["hour", "day", "week", "month"]
    field: str | None = None
    """The time to cut; None is the family's own time field."""
    name: str = "time"


@dataclass(frozen=True, slots=True)
class LogBucket:
    """The number of the logarithmic bucket that a number lies in, as log_buckets.bucket_of has it.

    None where the field is absent. Not of money.
    """

    field: str
    name: str = "bucket"


By = str | TimeBucket | LogBucket


def field_of(by: By, family: Family) -> str:
    """The field that records are grouped by."""
    return by if isinstance(by, str) else by.field or family.time_field


@dataclass(frozen=True, slots=True)
class Order:
    """A row or document order, by a column of the result (or a field, in a Find).

    None is smaller than every value.
    """

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Group the records of a family that match, and calculate measures of each group.

    The rows are dicts: every `by` by its name (a field's wire name, a bucket's `name`; absent
    values form a group of their own, None), every measure by its name. Without `by` there is
    exactly one row, also over nothing. Rows that `order` leaves equal come in the order of `by`,
    ascending, None first, so that both engines and every run agree.

    present: only of records that have at least one of these fields; of all, if none is named.
    each: every record is a group of its own, in no order: for values that are large, and not the
        same in two of them, which to compare would take longer than to read. Only counts, sums and
        extremes can be asked for.
    flat: rows are tuples instead, of what `by` and `measures` name, for who reads thousands.
    """

    family: Family
    measures: Sequence[Measure]
    where: Where = ()
    by: Sequence[By] = ()
    order: Sequence[Order] = ()
    limit: int | None = None
    present: Sequence[str] = ()
    each: bool = False
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Find:
    """The documents of a family that match, in order, a page of them.

    Documents that `order` leaves equal come in the order of their key. `leave_out` names
    top-level fields that are not read, and are None in the documents that come back.
    """

    family: Family
    where: Where = ()
    order: Sequence[Order] = ()
    limit: int = 100
    offset: int = 0
    leave_out: frozenset[str] = frozenset()


OF_EACH = (Function.COUNT, Function.SUM, Function.MIN, Function.MAX)
"""What can be calculated of a record by itself."""


def check_fields(query: Aggregation | Find) -> list[Problem]:
    """What is wrong with the field names of a query: filters and groups must be declared.

    Only declared dimensions (and the time, the key, the tenant and the user) may be grouped by,
    and only declared measures calculated with, or grouped by their logarithm: a query that no index
    or rollup expects is a bug. Rows are ordered by what they hold, documents by what may be
    filtered.
    """
    family = query.family
    groupable = {*family.dimensions, family.time_field, family.key, "tenantId", "userId"}
    countable = {*groupable, *family.measures}
    allowed = {str: groupable, TimeBucket: countable, LogBucket: {*family.measures}}
    used: list[tuple[str, set[str]]] = [(part.field, countable) for part in query.where]
    orderable = countable
    if isinstance(query, Find):
        stored = set(family.document.__struct_encode_fields__)
        used.extend((name, stored) for name in query.leave_out)
    else:
        orderable = {by if isinstance(by, str) else by.name for by in query.by}
        orderable |= {measure.name for measure in query.measures}
        used.extend((field_of(by, family), allowed[type(by)]) for by in query.by)
        used.extend((name, countable) for name in query.present)
        for measure in query.measures:
            used.extend((part.field, countable) for part in measure.where)
            if measure.field is not None:
                used.append((measure.field, countable))
    used.extend((part.name, orderable) for part in query.order)
    problems = [
        Problem(name, f"not a field that {family.kind} declares for queries")
        for name, known in used
        if name not in known
    ]
    if isinstance(query, Aggregation) and query.each:
        problems += [
            Problem(measure.name, f"{measure.function} is none of a record by itself")
            for measure in query.measures
            if measure.function not in OF_EACH
        ]
    return problems
