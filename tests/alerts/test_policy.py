"""How often, how soon and how long it is tried to tell somebody."""

from datetime import timedelta

import pytest

from exporter.alerts.policy import Policy, Turns

from ..conftest import NOW


def longest(low: float, high: float) -> float:
    return high


def test_pauses_double_up_to_the_longest() -> None:
    policy = Policy(first_pause=1.0, longest_pause=10.0)
    pauses = [policy.pause(attempt, None, longest) for attempt in range(6)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert policy.pause(10_000, None, longest) == 10.0


def test_pauses_are_spread_over_their_second_half() -> None:
    policy = Policy(first_pause=8.0)
    pauses = [policy.pause(0, None) for _ in range(50)]
    assert len(set(pauses)) > 1
    assert all(4.0 <= pause <= 8.0 for pause in pauses)


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(0.0, 1.0), (0.5, 1.0), (30.0, 30.0), (3_600.0, 1_800.0), (float("inf"), 1_800.0)],
)
def test_a_service_that_asks_for_more_time_gets_it_within_limits(
    asked: float, waited: float
) -> None:
    policy = Policy(first_pause=1.0, patience=timedelta(minutes=30))
    assert policy.pause(0, asked, longest) == waited


def test_a_minute_has_so_many_turns_and_no_more() -> None:
    turns = Turns(2)
    for seconds in (0, 10):
        assert turns.wait(NOW + timedelta(seconds=seconds)) == 0.0
        turns.take(NOW + timedelta(seconds=seconds))
    assert turns.wait(NOW + timedelta(seconds=20)) == 40.0
    assert turns.wait(NOW + timedelta(seconds=60)) == 0.0
    turns.take(NOW + timedelta(seconds=60))
    assert turns.wait(NOW + timedelta(seconds=61)) == 9.0


def test_a_clock_that_was_set_back_holds_nothing_up_for_more_than_a_minute() -> None:
    turns = Turns(1)
    turns.take(NOW)
    assert turns.wait(NOW - timedelta(days=1)) == 60.0
