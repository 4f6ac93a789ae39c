"""The calendar: beginnings of intervals, and months added."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.intervals import Interval, add_months, beginnings

from .recording import utc


@pytest.mark.parametrize(
    ("moment", "months", "later"),
    [
        (utc(2026, 1, 15, 8, 30), 1, utc(2026, 2, 15, 8, 30)),
        (utc(2026, 1, 31), 1, utc(2026, 2, 28)),
        (utc(2024, 1, 31), 1, utc(2024, 2, 29)),
        (utc(2026, 11, 30), 3, utc(2027, 2, 28)),
        (utc(2026, 12, 31), 1, utc(2027, 1, 31)),
        (utc(2024, 2, 29), 12, utc(2025, 2, 28)),
        (utc(2024, 2, 29), 48, utc(2028, 2, 29)),
        (utc(2026, 5, 31), 0, utc(2026, 5, 31)),
    ],
)
def test_months_keep_the_day_or_end_with_the_month(
    moment: datetime, months: int, later: datetime
) -> None:
    assert add_months(moment, months) == later


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("hour", [utc(2026, 3, 1, 22), utc(2026, 3, 1, 23), utc(2026, 3, 2, 0)]),
        ("day", [utc(2026, 3, 1), utc(2026, 3, 2)]),
        ("week", [utc(2026, 2, 23), utc(2026, 3, 2)]),
        ("month", [utc(2026, 3, 1)]),
    ],
)
def test_an_interval_counts_where_it_shares_a_moment(
    interval: Interval, expected: list[datetime]
) -> None:
    start, end = utc(2026, 3, 1, 22, 59), utc(2026, 3, 2, 0, 1)
    assert list(beginnings(start, end, interval)) == expected


def test_the_end_is_not_part_of_the_range() -> None:
    assert list(beginnings(utc(2026, 3, 1), utc(2026, 3, 2), "day")) == [utc(2026, 3, 1)]


def test_an_empty_range_has_no_intervals() -> None:
    assert list(beginnings(utc(2026, 3, 1), utc(2026, 3, 1), "day")) == []


def test_months_of_a_year_begin_on_the_first() -> None:
    found = list(beginnings(utc(2025, 11, 30), utc(2026, 2, 1), "month"))
    assert found == [utc(2025, 11, 1), utc(2025, 12, 1), utc(2026, 1, 1)]


_moments = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@given(_moments, st.integers(1, 5000), st.sampled_from(["hour", "day", "week", "month"]))
def test_intervals_follow_each_other_and_cover_the_range(
    start: datetime, minutes: int, interval: Interval
) -> None:
    end = start + timedelta(minutes=minutes)
    found = list(beginnings(start, end, interval))
    assert found[0] <= start
    assert all(start < moment < end for moment in found[1:])
    assert found == sorted(set(found))
