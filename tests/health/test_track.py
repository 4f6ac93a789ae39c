"""What a row of runs comes to: the level, since when, and the stretches that are kept."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.health.check import Finding, Level
from exporter.health.checks.tcp import Tcp
from exporter.health.track import LONGEST_STRETCH, Change, Result, Track

from ..conftest import NOW
from .conftest import track

CHECK = Tcp(host="localhost", port=1)
RUNS = {"h": Level.HEALTHY, "d": Level.DEGRADED, "u": Level.UNHEALTHY}
HALF_A_MINUTE = timedelta(seconds=30)


def at(run: int) -> Any:
    """When a run begins."""
    return NOW + run * HALF_A_MINUTE


def play(one: Track, runs: str, first: int = 0) -> list[Change]:
    """Let runs happen, half a minute apart, a letter each; the changes that they come to."""
    changes = []
    for place, letter in enumerate(runs, start=first):
        finding = Finding(RUNS[letter], f"{letter}{place}" if letter != "h" else None)
        change = one.add(Result(at(place), 0.1, finding))
        if change is not None:
            changes.append(change)
    return changes


def stretches(one: Track) -> list[tuple[str, float, float, int]]:
    """What would be kept: each status with its start and its end in runs, and how many it had."""
    kept = [*one.closed, *([one.current] if one.current else [])]
    return [
        (
            stretch.status,
            (stretch.timestamp - NOW) / HALF_A_MINUTE,
            (stretch.until - NOW) / HALF_A_MINUTE,
            stretch.runs,
        )
        for stretch in kept
    ]


def test_one_failed_run_is_no_outage_but_is_seen() -> None:
    one = track(CHECK)
    assert play(one, "hhu") == []
    assert (one.level, one.shown) == (Level.HEALTHY, Level.DEGRADED)
    assert play(one, "hh", first=3) == []
    assert (one.level, one.shown) == (Level.HEALTHY, Level.HEALTHY)
    assert stretches(one) == [("healthy", 0, 4, 5)]


def test_a_check_is_down_since_the_first_of_the_runs_that_made_it_so() -> None:
    one = track(CHECK, failures=3)
    assert play(one, "hhuuu") == [Change(Level.HEALTHY, Level.UNHEALTHY, at(2), "u4")]
    assert stretches(one) == [("healthy", 0, 2, 2), ("unhealthy", 2, 4, 3)]


def test_and_up_again_since_the_first_of_those_that_went_well() -> None:
    one = track(CHECK)
    play(one, "huu")
    assert play(one, "huhh", first=3) == [Change(Level.UNHEALTHY, Level.HEALTHY, at(5), None)]
    assert stretches(one) == [
        ("healthy", 0, 1, 1),
        ("unhealthy", 1, 5, 4),
        ("healthy", 5, 6, 2),
    ]


def test_while_it_is_down_one_good_run_does_not_show() -> None:
    one = track(CHECK)
    play(one, "huuh")
    assert one.shown is Level.UNHEALTHY


def test_a_change_that_is_not_decided_holds_the_stretch_where_it_began() -> None:
    one = track(CHECK, failures=3)
    play(one, "hhuu")
    assert stretches(one) == [("healthy", 0, 2, 2)]
    play(one, "h", first=4)
    assert stretches(one) == [("healthy", 0, 4, 5)]


def test_runs_that_are_worse_still_begin_the_next_change() -> None:
    one = track(CHECK)
    changes = play(one, "hduu")
    assert changes == [
        Change(Level.HEALTHY, Level.DEGRADED, at(1), "u2"),
        Change(Level.DEGRADED, Level.UNHEALTHY, at(2), "u3"),
    ]
    assert stretches(one) == [
        ("healthy", 0, 1, 1),
        ("degraded", 1, 2, 1),
        ("unhealthy", 2, 3, 2),
    ]


def test_runs_on_both_sides_of_the_level_decide_nothing() -> None:
    one = track(CHECK)
    play(one, "hdd")
    assert play(one, "uhuhuh", first=3) == []
    assert one.level is Level.DEGRADED


def test_a_check_that_fails_from_the_start_was_never_up() -> None:
    one = track(CHECK)
    (change,) = play(one, "uu")
    assert change.since == at(0)
    assert stretches(one) == [("unhealthy", 0, 1, 2)]


def test_one_that_is_known_to_be_down_is_down_until_it_is_up() -> None:
    one = track(CHECK)
    one.level = Level.UNHEALTHY
    assert one.shown is Level.UNHEALTHY
    assert play(one, "uhh") == [Change(Level.UNHEALTHY, Level.HEALTHY, at(1), None)]


def test_stretches_are_cut_where_a_quarter_of_the_day_begins() -> None:
    one = track(CHECK)
    play(one, "h" * 1500)
    assert stretches(one) == [
        ("healthy", 0, 720, 720),
        ("healthy", 720, 1440, 720),
        ("healthy", 1440, 1499, 60),
    ]


def test_time_that_nobody_watched_belongs_to_no_stretch() -> None:
    one = track(CHECK)
    play(one, "hh")
    play(one, "hh", first=20)
    assert stretches(one) == [("healthy", 0, 1, 2), ("healthy", 20, 21, 2)]


def test_two_missed_runs_are_no_gap() -> None:
    one = track(CHECK)
    play(one, "hh")
    play(one, "h", first=3)
    assert stretches(one) == [("healthy", 0, 3, 3)]


def test_the_end_of_the_process_ends_the_stretch_with_the_last_run() -> None:
    one = track(CHECK, failures=5)
    play(one, "hhuu")
    one.close()
    one.close()
    assert one.current is None
    assert stretches(one) == [("healthy", 0, 3, 4)]


def test_a_stretch_says_how_long_runs_took_and_what_they_said_last() -> None:
    one = track(CHECK)
    for place, seconds in enumerate((0.1, 0.3, 0.2)):
        one.add(Result(at(place), seconds, Finding(Level.HEALTHY, f"run {place}")))
    assert one.current is not None
    assert one.current.response_time == pytest.approx(200)
    assert one.current.max_response_time == pytest.approx(300)
    assert one.current.message == "run 2"
    assert (one.current.service, one.current.instance) == ("it", "a:5005")


@given(
    st.text("hdu", min_size=1, max_size=300),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_stretches_follow_each_other_and_hold_every_run_once(
    runs: str, failures: int, successes: int
) -> None:
    one = track(CHECK, failures=failures, successes=successes)
    play(one, runs)
    one.close()
    kept = stretches(one)
    if len(runs) == 1:  # one moment is no time
        assert kept == []
        return
    assert (kept[0][1], kept[-1][2]) == (0, len(runs) - 1)
    for before, after in pairwise(kept):
        assert before[2] == after[1]
    assert all(start < end for _, start, end, _ in kept)
    counted = sum(number for *_, number in kept)
    assert len(runs) - 1 <= counted <= len(runs), "the last may stand on an edge"
    assert all(stretch.until - stretch.timestamp <= LONGEST_STRETCH for stretch in one.closed)
