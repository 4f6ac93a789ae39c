"""The query parameters that all reading calls share: which period, whose records, which of them.

A call's own filters are optional fields of its query; a field's name is the dimension's name.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ..access.principal import Scope
from ..analytics.period import Period
from ..clock import to_milliseconds
from ..errors import Invalid, Problem
from ..family import Family
from ..fields import Identifier, Moment
from ..intervals import Interval
from ..storage.query import Where, equals
from .route import Call

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""The range that dates of a question must lie in: enough for any record, and it bounds answers."""

DAY = timedelta(days=1)
DEFAULT_LENGTH = 30 * DAY
LENGTHS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "24h": DAY,
    "7d": 7 * DAY,
    "30d": 30 * DAY,
    "90d": 90 * DAY,
}
SHORTEST: Mapping[Interval, timedelta] = {
    "hour": timedelta(hours=1),
    "day": DAY,
    "week": 7 * DAY,
    "month": 28 * DAY,
}
"""The shortest time that each interval can last."""
MOST_POINTS = 10_000
"""Intervals that a series may have, about: more than a year of hours."""
_MOMENT = timedelta(milliseconds=1)

MomentOrDate = Annotated[
    str,
    Meta(
        max_length=40,
        description="An RFC 3339 time with its zone, or a date, which means midnight UTC.",
        examples=["2026-01-31T08:15:30Z", "2026-01-31"],
    ),
]


Page = Annotated[int, Meta(ge=1, le=1_000_000, description="Which page, from 1.")]
Limit = Annotated[int, Meta(ge=1, le=100, description="How many at most.")]


class PeriodQuery(Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A period and a user: what any reading call may be asked with.

    A query's further fields are filters where they bear the name of a dimension.
    """

    start_date: MomentOrDate | None = None
    end_date: (
        Annotated[
            MomentOrDate, Meta(description="The end, not included; a date includes its whole day.")
        ]
        | None
    ) = None
    period: (
        Annotated[
            Literal["1h", "24h", "7d", "30d", "90d"],
            Meta(description="The time up to now, instead of dates; 30d without either."),
        ]
        | None
    ) = None
    user_id: (
        Annotated[Identifier, Meta(description="One user's records only; for admins.")] | None
    ) = None

    def period_at(self, now: datetime) -> Period:
        """The period that is asked for at `now`; raises Invalid with every problem of the dates."""
        if self.period is not None:
            if self.start_date is not None or self.end_date is not None:
                raise Invalid.field("period", "Expected no `startDate` or `endDate` beside it")
            return last(now, LENGTHS[self.period])
        problems: list[Problem] = []
        period = read_period(
            ("startDate", self.start_date), ("endDate", self.end_date), last(now), problems
        )
        if problems:
            raise Invalid.of(problems)
        return period

    def where(self, family: Family) -> Where:
        """The filters that were asked for, of those that the family has a dimension for."""
        return tuple(
            equals(name, value)
            for name, value in self._asked().items()
            if name in family.dimensions
        )

    def question(self, call: Call[Any], family: Family) -> "Question":
        """All that an analytics function is asked with; raises Forbidden and Invalid."""
        scope = call.scope(self.user_id)
        period = self.period_at(call.now)
        where = self.where(family)
        filters: dict[str, Any] = {"startDate": period.start, "endDate": period.end}
        if scope.user is not None:
            filters["userId"] = scope.user
        filters.update((part.field, part.value) for part in where)
        return Question(scope, period, where, filters)

    def _asked(self) -> dict[str, Any]:
        names = zip(self.__struct_encode_fields__, self.__struct_fields__, strict=True)
        return {
            wire: value
            for wire, name in names
            if name not in PeriodQuery.__struct_fields__
            and (value := getattr(self, name)) is not None
        }


class Question(Struct, frozen=True):
    """Whose records, from when, and which of them; `filters` says the same for the answer."""

    scope: Scope
    period: Period
    where: Where
    filters: dict[str, Any]


class DateRange(Struct, rename="camel", frozen=True):
    """The period that an answer is of: startDate <= t < endDate."""

    start_date: datetime
    end_date: datetime

    @classmethod
    def of(cls, period: Period) -> "DateRange":
        """The range of a period."""
        return cls(period.start, period.end)


def last(now: datetime, length: timedelta = DEFAULT_LENGTH) -> Period:
    """The time up to now. It holds what happens this very millisecond: what was just acknowledged
    is counted."""
    end = now + _MOMENT
    return Period(end - length, end)


def read_period(
    start: tuple[str, str | None],
    end: tuple[str, str | None],
    default: Period,
    problems: list[Problem],
) -> Period:
    """The period between two dates, each given with the name of its parameter.

    Without an end it ends as `default` does, and without a start it is as long. What is wrong
    goes into `problems`.
    """
    known = len(problems)
    last_moment = _read(*end, default.end, problems, whole_day=True)
    first = _read(*start, last_moment - default.length, problems)
    if last_moment < first and len(problems) == known:
        path = start[0] if end[1] is None else end[0]
        problems.append(Problem(path, "Expected a period that does not end before it starts"))
    return Period(first, last_moment)


def bounded(period: Period, interval: Interval) -> None:
    """Raise Invalid where a series by that interval would be longer than an answer may be."""
    shortest = SHORTEST[interval]
    if period.length > MOST_POINTS * shortest:
        raise Invalid.field(
            "startDate", f"Expected a period of at most {MOST_POINTS} times one {interval}"
        )


def _read(
    path: str, text: str | None, default: datetime, problems: list[Problem], whole_day: bool = False
) -> datetime:
    """The UTC moment that `text` says; `default` where it is absent or becomes a problem."""
    if text is None:
        return default
    try:
        moment = _moment(text, whole_day)
    except (msgspec.ValidationError, OverflowError):
        problems.append(
            Problem(path, "Expected a date, or an RFC 3339 time with a zone (`Z`, or `%2B01:00`)")
        )
        return default
    if not EARLIEST <= moment <= LATEST:
        problems.append(Problem(path, f"Expected a year from {EARLIEST.year} to {LATEST.year}"))
        return default
    return moment


def _moment(text: str, whole_day: bool) -> datetime:
    """Raises ValidationError for anything but a date or a time with a zone."""
    if len(text) == len("2026-01-31"):
        day = msgspec.convert(text, date)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return midnight + DAY if whole_day else midnight
    return to_milliseconds(msgspec.convert(text, Moment).astimezone(UTC))
