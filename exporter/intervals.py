"""The UTC calendar: where an hour, a day, an ISO week or a month begins, and months added."""

import calendar
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

Interval = Literal["hour", "day", "week", "month"]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time `months` later; the end of the month where it has no such day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _week(moment: datetime) -> datetime:
    return _day(moment) - moment.weekday() * DAY


def _month(moment: datetime) -> datetime:
    return _day(moment).replace(day=1)


_BEGINNINGS: Mapping[Interval, Callable[[datetime], datetime]] = {
    "hour": _hour,
    "day": _day,
    "week": _week,
    "month": _month,
}
_STEPS: Mapping[Interval, Callable[[datetime], datetime]] = {
    "hour": lambda moment: moment + HOUR,
    "day": lambda moment: moment + DAY,
    "week": lambda moment: moment + WEEK,
    "month": lambda moment: add_months(moment, 1),
}


def beginning(moment: datetime, interval: Interval) -> datetime:
    """Where the interval begins that a moment lies in."""
    return _BEGINNINGS[interval](moment)


def following(moment: datetime, interval: Interval) -> datetime:
    """Where the interval after the one that begins at `moment` begins."""
    return _STEPS[interval](moment)


def beginnings(start: datetime, end: datetime, interval: Interval) -> Iterator[datetime]:
    """The beginnings of all intervals that share a moment with start ≤ t < end, in order."""
    moment = beginning(start, interval)
    while moment < end:
        yield moment
        moment = _STEPS[interval](moment)
