"""What a period is answered from: whatever is rolled up and marked, its parts are the period."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.intervals import HOUR, beginning
from exporter.rollups.documents import LEVELS, Level
from exporter.rollups.plan import Cover, Progress, Range, cover, joined, whole

from ..recording import utc

YEAR = utc(2026, 1, 1)
MINUTES = st.integers(-70 * 24 * 60, 70 * 24 * 60)
TIMES = (MINUTES | MINUTES.map(lambda minutes: minutes // 60 * 60)).map(
    lambda minutes: YEAR + timedelta(minutes=minutes)
)
PERIODS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1])


@st.composite
def progresses(draw: st.DrawFn) -> Progress:
    """How far rollups may be: a day or a month may be closed later than it could be."""
    hour = beginning(draw(TIMES), "hour")
    day = beginning(hour - draw(st.integers(0, 2)) * timedelta(days=1), "day")
    month = beginning(day - draw(st.integers(0, 1)) * timedelta(days=31), "month")
    marked = draw(st.frozensets(st.integers(1, 80).map(lambda hours: hour - hours * HOUR)))
    return Progress({"hour": hour, "day": day, "month": month}, marked)


@settings(max_examples=80, deadline=None)
@given(period=PERIODS, progress=progresses(), longest=st.sampled_from(LEVELS))
def test_the_parts_are_the_period(period: Range, progress: Progress, longest: Level) -> None:
    found = cover(period, progress, longest)
    parts = sorted([*found.records, *(part for of in found.levels.values() for part in of)])
    assert all(start < end for start, end in parts)
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    assert (parts[0][0], parts[-1][1]) == period


@settings(max_examples=80, deadline=None)
@given(period=PERIODS, progress=progresses(), longest=st.sampled_from(LEVELS))
def test_rollups_answer_for_whole_closed_buckets_without_marked_hours(
    period: Range, progress: Progress, longest: Level
) -> None:
    found = cover(period, progress, longest)
    assert found.rolled == bool(found.levels)
    for level, ranges in found.levels.items():
        assert LEVELS.index(level) >= LEVELS.index(longest)
        for start, end in ranges:
            assert beginning(start, level) == start
            assert beginning(end, level) == end
            assert end <= progress.until[level]
            assert not any(start <= hour < end for hour in progress.marked)


def test_the_longest_buckets_that_fit_are_read() -> None:
    until: dict[Level, datetime] = {
        "hour": utc(2026, 3, 15, 11),
        "day": utc(2026, 3, 15),
        "month": utc(2026, 3, 1),
    }
    marked = frozenset({utc(2026, 3, 10, 7)})
    found = cover(
        (utc(2026, 1, 30, 22, 30), utc(2026, 3, 15, 12)), Progress(until, marked), "month"
    )
    assert found == Cover(
        {
            "hour": (
                (utc(2026, 1, 30, 23), utc(2026, 1, 31)),
                (utc(2026, 3, 10), utc(2026, 3, 10, 7)),
                (utc(2026, 3, 10, 8), utc(2026, 3, 11)),
                (utc(2026, 3, 15), utc(2026, 3, 15, 11)),
            ),
            "day": (
                (utc(2026, 1, 31), utc(2026, 2, 1)),
                (utc(2026, 3, 1), utc(2026, 3, 10)),
                (utc(2026, 3, 11), utc(2026, 3, 15)),
            ),
            "month": ((utc(2026, 2, 1), utc(2026, 3, 1)),),
        },
        (
            (utc(2026, 1, 30, 22, 30), utc(2026, 1, 30, 23)),
            (utc(2026, 3, 10, 7), utc(2026, 3, 10, 8)),
            (utc(2026, 3, 15, 11), utc(2026, 3, 15, 12)),
        ),
    )


def test_a_period_without_rollups_is_read_from_the_records() -> None:
    period = YEAR, YEAR + HOUR
    assert whole(period) == Cover({}, (period,))
    assert not whole(period).rolled


def test_ranges_that_touch_are_one() -> None:
    ranges = [(YEAR + number * HOUR, YEAR + (number + 1) * HOUR) for number in (3, 1, 0)]
    assert joined(ranges) == ((YEAR, YEAR + 2 * HOUR), (YEAR + 3 * HOUR, YEAR + 4 * HOUR))
