"""The pace of queries: rests while something is written, and none while nothing is."""

import asyncio
import sqlite3
import time

import pytest

from exporter.storage.pace import LONGEST_SECONDS, ON_THE_LOOP_SECONDS, RESTS, Pace, Timed


class Stopwatch:
    """A monotonic clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Stopwatch:
    """At some moment."""
    return Stopwatch()


def test_nothing_rests_while_nothing_is_written(watch: Stopwatch) -> None:
    pace = Pace(watch)
    pace.rest(0.5)
    assert pace.resting == 0


def test_what_reads_while_something_is_written_all_the_time_takes_a_share_of_it(
    watch: Stopwatch,
) -> None:
    pace = Pace(watch)
    with pace.writing():
        watch.now += 60
        pace.rest(0.1)
    assert pace.resting == pytest.approx(0.1 * RESTS)


def test_rests_are_as_long_as_the_share_of_the_time_that_is_written_in(watch: Stopwatch) -> None:
    pace = Pace(watch)
    for _ in range(500):
        with pace.writing():
            watch.now += 0.005
        watch.now += 0.015
    pace.rest(0.1)
    assert pace.resting == pytest.approx(0.1 * RESTS / 4, rel=0.03)


def test_writes_at_the_same_time_count_once(watch: Stopwatch) -> None:
    pace = Pace(watch)
    with pace.writing(), pace.writing():
        watch.now += 60
    pace.rest(0.1)
    assert pace.resting == pytest.approx(0.1 * RESTS)


def test_what_was_written_long_ago_does_not_count(watch: Stopwatch) -> None:
    pace = Pace(watch)
    with pace.writing():
        watch.now += 60
    watch.now += 60
    pace.rest(0.1)
    assert pace.resting == pytest.approx(0, abs=1e-9)


def test_the_rests_of_several_queries_follow_each_other(watch: Stopwatch) -> None:
    pace = Pace(watch)
    with pace.writing():
        watch.now += 60
        pace.rest(0.1)
        pace.rest(0.2)
    assert pace.resting == pytest.approx(0.3 * RESTS)


def test_a_query_waits_no_longer_than_the_longest_rest(watch: Stopwatch) -> None:
    pace = Pace(watch)
    with pace.writing():
        watch.now += 60
        for _ in range(3):
            pace.rest(10)
    assert pace.resting == pytest.approx(LONGEST_SECONDS)


async def test_a_turn_comes_when_the_rest_is_over() -> None:
    pace = Pace()
    with pace.writing():
        await asyncio.sleep(0.01)
        pace.rest(1.0)
    due = time.monotonic() + pace.resting
    assert pace.resting > 0
    await pace.turn()
    assert time.monotonic() >= due


async def test_those_that_wait_begin_one_after_the_other(watch: Stopwatch) -> None:
    pace = Pace(watch)
    with pace.writing():
        watch.now += 60
        await pace.turn()
        assert pace.resting == pytest.approx(RESTS * ON_THE_LOOP_SECONDS)
        watch.now += pace.resting
        await pace.turn()
        assert pace.resting == pytest.approx(RESTS * ON_THE_LOOP_SECONDS)


def test_a_query_tells_what_it_used_of_the_processor_also_where_it_fails() -> None:
    def work(connection: sqlite3.Connection) -> int:
        for row in connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)"
            " SELECT max(i) FROM n"
        ):
            return int(row[0])
        raise AssertionError

    def failing(connection: sqlite3.Connection) -> int:
        work(connection)
        raise ValueError("at the end")

    connection = sqlite3.connect(":memory:")
    query, bad = Timed(work), Timed(failing)
    assert query(connection) == 20_000
    with pytest.raises(ValueError, match="at the end"):
        bad(connection)
    connection.close()
    assert query.seconds > 0
    assert bad.seconds > 0
