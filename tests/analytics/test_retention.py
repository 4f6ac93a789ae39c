"""Cohorts by first activity, worked out by hand."""

from datetime import datetime
from typing import Any

import pytest

from exporter.analytics.retention import Retention, last_intervals, retention
from exporter.intervals import Interval
from exporter.rollups.store import RolledStore

from ..recording import TENANT, Recorder, credit, engagement, sale, utc

UNTIL = utc(2026, 3, 18, 12)
MONDAYS = [utc(2026, 3, 2), utc(2026, 3, 9), utc(2026, 3, 16)]


def table(found: Retention) -> list[Any]:
    """The users of each cohort, and those left in each interval."""
    return [(one.users, [part.users for part in one.retention]) for one in found.cohorts]


async def ask(store: RolledStore, cohorts: list[datetime], **values: Any) -> Retention:
    """The retention of the tenant."""
    values = {"until": UNTIL, "interval": "week", "periods": 8, **values}
    return await retention(store, TENANT, cohorts, **values)


@pytest.fixture
async def five_users(record: Recorder) -> None:
    """a and b come in the first week and a in every one, c in the second; old came before."""
    await record(
        engagement(user_id="a", timestamp=utc(2026, 3, 2)),
        sale(user_id="a", created_at=utc(2026, 3, 15, 23, 59, 59)),
        credit(user_id="a", created_at=utc(2026, 3, 16)),
        engagement(user_id="b", timestamp=utc(2026, 3, 8, 23, 59, 59)),
        engagement(user_id="b", timestamp=utc(2026, 3, 17)),
        engagement(user_id="c", timestamp=utc(2026, 3, 9)),
        engagement(user_id="old", timestamp=utc(2026, 2, 20)),
        engagement(user_id="old", timestamp=utc(2026, 3, 3)),
        engagement(user_id="late", timestamp=UNTIL),
        engagement(user_id="x", tenant_id="globex", timestamp=utc(2026, 3, 3)),
        engagement(user_id=None, timestamp=utc(2026, 3, 3)),
    )


@pytest.mark.usefixtures("five_users")
async def test_cohorts_are_followed_week_by_week(store: RolledStore) -> None:
    found = await ask(store, MONDAYS)
    assert table(found) == [(2, [2, 1, 2]), (1, [1, 0]), (0, [0])]
    assert [part.rate for part in found.cohorts[0].retention] == [100.0, 50.0, 100.0]
    assert [part.period for part in found.cohorts[0].retention] == [0, 1, 2]
    assert [part.time for part in found.cohorts[1].retention] == MONDAYS[1:]
    assert found.cohorts[2].retention[0].rate is None


@pytest.mark.usefixtures("five_users")
async def test_a_cohort_is_followed_for_so_many_periods_only(store: RolledStore) -> None:
    assert table(await ask(store, MONDAYS, periods=1)) == [(2, [2]), (1, [1]), (0, [0])]


@pytest.mark.usefixtures("five_users")
async def test_months_and_days(store: RolledStore) -> None:
    months = [utc(2026, 2, 1), utc(2026, 3, 1)]
    assert table(await ask(store, months, interval="month")) == [(1, [1, 1]), (3, [3])]
    days = [utc(2026, 3, 16), utc(2026, 3, 17)]
    assert table(await ask(store, days, interval="day", periods=2)) == [(0, [0, 0]), (0, [0, 0])]


async def test_without_cohorts_there_is_nothing(store: RolledStore) -> None:
    assert (await ask(store, [])).cohorts == []


async def test_a_cohort_that_has_not_begun_is_empty(store: RolledStore) -> None:
    assert table(await ask(store, [utc(2026, 3, 16), utc(2026, 3, 23)])) == [(0, [0]), (0, [])]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("day", [utc(2026, 3, 17), utc(2026, 3, 18)]),
        ("week", [utc(2026, 3, 9), utc(2026, 3, 16)]),
        ("month", [utc(2026, 2, 1), utc(2026, 3, 1)]),
    ],
)
def test_the_last_intervals_end_with_the_present_one(
    interval: Interval, expected: list[datetime]
) -> None:
    assert last_intervals(UNTIL, interval, 2) == expected


def test_an_interval_that_ends_now_is_the_last_one() -> None:
    assert last_intervals(utc(2026, 3, 16), "week", 1) == [utc(2026, 3, 9)]
