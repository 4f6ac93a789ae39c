"""Uptime: against a month that was worked out by hand, and piece by piece."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.analytics.period import Period
from exporter.health.uptime import joined, length, stretches, uptime, without
from exporter.ids import new_id
from exporter.records import HEALTH_CHECK
from exporter.records.health_check import HealthCheck, Status
from exporter.storage.base import Insert, Outcome, Store
from exporter.storage.query import equals

from ..conftest import NOW
from . import month
from .month import window

MINUTE = timedelta(minutes=1)
AN_HOUR = Period(NOW, NOW + 60 * MINUTE)


def stretch(
    begin: float, end: float, status: Status = "healthy", service: str = "database", host: str = "a"
) -> HealthCheck:
    """What a critical check was, in minutes from noon."""
    return HealthCheck(
        record_id=new_id(),
        service=service,
        instance=host,
        critical=True,
        status=status,
        timestamp=NOW + begin * MINUTE,
        until=NOW + end * MINUTE,
    )


def minutes(number: float) -> datetime:
    """So many minutes after noon."""
    return NOW + number * MINUTE


async def test_the_uptime_of_a_month_is_what_was_worked_out_by_hand(store: Store) -> None:
    kept = [Insert(HEALTH_CHECK, one, new_id()) for one in month.stretches()]
    assert set(await store.write(kept)) == {Outcome.STORED}

    found = await stretches(store, month.MARCH, (equals("critical", True),))
    said = uptime(found, month.WINDOWS, month.MARCH)
    assert said.uptime == pytest.approx(month.UPTIME, abs=0.001)
    assert said.uptime == pytest.approx(month.UPTIME, abs=1e-9), "and more exactly than asked"
    assert said.observed == pytest.approx(100), "b watched while a was stopped"


async def test_a_check_by_itself_is_down_when_it_is(store: Store) -> None:
    await store.write([Insert(HEALTH_CHECK, one, new_id()) for one in month.stretches()])
    found = await stretches(store, month.MARCH, (equals("service", "search"),))
    said = uptime(found, (), month.MARCH)
    watched = (31 + 21) * 1440 - 360
    assert said.uptime == pytest.approx(100 * (1 - 1440 / watched))


async def test_stretches_that_reach_into_a_period_are_read(store: Store) -> None:
    kept = [stretch(-40, 10), stretch(-50, -45), stretch(59, 70), stretch(60, 80)]
    await store.write([Insert(HEALTH_CHECK, one, new_id()) for one in kept])
    found = await stretches(store, AN_HOUR)
    assert [one.record_id for one in found] == [kept[0].record_id, kept[2].record_id]


def test_what_nobody_watched_is_neither_up_nor_down() -> None:
    said = uptime([stretch(0, 15), stretch(15, 30, "unhealthy")], (), AN_HOUR)
    assert (said.uptime, said.observed) == (50.0, 50.0)


def test_without_anything_watched_there_is_no_uptime() -> None:
    said = uptime([], (), AN_HOUR)
    assert (said.uptime, said.observed) == (None, 0.0)
    assert uptime([], (), Period(NOW, NOW)).observed == 0.0


def test_a_degraded_check_is_up() -> None:
    assert uptime([stretch(0, 60, "degraded")], (), AN_HOUR).uptime == 100.0


def test_two_checks_that_are_down_at_the_same_time_are_down_once() -> None:
    kept = [
        stretch(0, 20, "unhealthy"),
        stretch(20, 60),
        stretch(0, 10, service="billing"),
        stretch(10, 30, "unhealthy", service="billing"),
        stretch(30, 60, service="billing"),
    ]
    assert uptime(kept, (), AN_HOUR).uptime == 50.0


def test_a_period_cuts_what_reaches_beyond_it() -> None:
    kept = [stretch(-60, 30), stretch(30, 90, "unhealthy")]
    assert uptime(kept, (), AN_HOUR).uptime == 50.0


def test_replicas_are_added_up() -> None:
    kept = [stretch(0, 60, "unhealthy"), stretch(0, 60, host="b"), stretch(0, 60, host="c")]
    assert uptime(kept, (), AN_HOUR).uptime == pytest.approx(200 / 3)


def test_a_window_for_everything_takes_its_time_out() -> None:
    kept = [stretch(0, 30, "unhealthy"), stretch(30, 60)]
    said = uptime(kept, [window(minutes(10), minutes(40))], AN_HOUR)
    assert said.uptime == pytest.approx(100 * (1 - 10 / 30))
    assert said.observed == 100.0


def test_a_window_for_some_checks_takes_out_what_they_were_down() -> None:
    kept = [
        stretch(0, 30, "unhealthy"),
        stretch(30, 60),
        stretch(20, 25, "unhealthy", service="billing"),
    ]
    windows = [window(minutes(0), minutes(30), "database", "search")]
    assert uptime(kept, windows, AN_HOUR).uptime == pytest.approx(100 * (1 - 5 / 60))


SPANS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(
        lambda pair: (minutes(min(pair)), minutes(max(pair)))
    ),
    max_size=8,
)


@given(SPANS, SPANS)
def test_spans_are_what_their_minutes_are(
    spans: list[tuple[datetime, datetime]], others: list[tuple[datetime, datetime]]
) -> None:
    def within(these: list[tuple[datetime, datetime]]) -> set[int]:
        return {
            number
            for number in range(51)
            if any(start <= minutes(number) < end for start, end in these)
        }

    assert within(joined(spans)) == within(spans)
    assert within(without(spans, others)) == within(spans) - within(others)
    assert length(spans) == len(within(spans)) * MINUTE
