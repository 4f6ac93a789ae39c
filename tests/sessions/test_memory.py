"""Sessions: when they end, how long they were, and that each is observed once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter.metrics.values import Metrics
from exporter.sessions.memory import MemorySessions
from exporter.storage.base import Store, StoreUnavailable
from tests.recording import NOW, Recorder, engagement, recorder
from tests.services.gated_store import GatedStore

from .observing import event, observed, sold

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[Recorder]:
    """Records documents in an empty store."""
    async with recorder(tmp_path) as opened:
        yield opened


class Watch:
    """A tracker, and the lengths in minutes that it observed."""

    def __init__(self, **options: Any) -> None:
        self.metrics = Metrics()
        self.sessions = MemorySessions(self.metrics, **options)
        self.sessions.sweep(NOW)

    def at(self, minutes: float, **values: Any) -> None:
        """An event so many minutes after NOW."""
        self.sessions.listen(event(minutes, **values))

    def sweep(self, minutes: float) -> None:
        """A sweep so many minutes after NOW."""
        self.sessions.sweep(NOW + minutes * MINUTE)

    def observed(self, plan: str = "free") -> tuple[float, float]:
        """How many sessions ended, and their minutes in all."""
        return observed(self.metrics, plan)


@pytest.fixture
def watch() -> Watch:
    """A tracker that was swept at NOW."""
    return Watch()


def test_a_session_ends_at_logout(watch: Watch) -> None:
    watch.at(0, event="login")
    watch.at(5)
    assert watch.observed() == (0, 0)
    watch.at(12, event="logout")
    assert watch.observed() == (1, 12)


def test_a_session_ends_after_thirty_idle_minutes(watch: Watch) -> None:
    watch.at(0)
    watch.at(10)
    watch.sweep(39.9)
    assert watch.observed() == (0, 0)
    watch.sweep(40)
    assert watch.observed() == (1, 10)
    assert len(watch.sessions) == 0


def test_an_ended_session_is_observed_once(watch: Watch) -> None:
    watch.at(0)
    watch.at(3, event="logout")
    watch.at(4, event="logout")
    watch.sweep(60)
    watch.sweep(120)
    assert watch.observed() == (1, 3)
    assert len(watch.sessions) == 0


def test_a_single_event_is_a_session_of_no_length(watch: Watch) -> None:
    watch.at(0)
    watch.sweep(31)
    watch.at(32, event="logout", session_id="s2")
    assert watch.observed() == (2, 0)


def test_the_same_id_after_thirty_minutes_is_a_new_session(watch: Watch) -> None:
    watch.at(0)
    watch.at(4)
    watch.at(34)
    assert watch.observed() == (1, 4)
    watch.at(35)
    watch.sweep(70)
    assert watch.observed() == (2, 5)


def test_the_same_id_after_a_logout_is_a_new_session(watch: Watch) -> None:
    watch.at(0)
    watch.at(1, event="logout")
    watch.at(2)
    watch.at(8)
    watch.sweep(60)
    assert watch.observed() == (2, 7)


def test_a_late_event_of_a_session_that_logged_out_is_not_a_session(watch: Watch) -> None:
    watch.at(0)
    watch.at(10, event="logout")
    watch.at(5)
    watch.sweep(60)
    assert watch.observed() == (1, 10)


def test_events_out_of_order_make_the_same_session(watch: Watch) -> None:
    for minutes in (10, 0, 20, 5):
        watch.at(minutes)
    watch.sweep(60)
    assert watch.observed() == (1, 20)


def test_an_event_far_before_an_open_session_is_not_part_of_it(watch: Watch) -> None:
    watch.at(10)
    watch.at(-20)
    watch.at(11)
    watch.sweep(60)
    assert watch.observed() == (1, 1)


def test_history_is_not_observed(watch: Watch) -> None:
    for minutes in range(-600, -29):
        watch.at(minutes, session_id=f"s{minutes % 7}")
    watch.at(-300, event="logout")
    assert len(watch.sessions) == 0
    watch.sweep(60)
    assert watch.observed() == (0, 0)


def test_sessions_of_two_tenants_are_two(watch: Watch) -> None:
    watch.at(0)
    watch.at(9, tenant_id="globex")
    watch.sweep(60)
    assert watch.observed() == (2, 0)


def test_a_session_counts_under_the_plan_of_its_last_event(watch: Watch) -> None:
    watch.at(0, user_plan="free")
    watch.at(6, user_plan="pro")
    watch.at(3, user_plan="gold")
    watch.sweep(60)
    watch.at(60, user_plan=None, user_id=None, session_id="s2")
    watch.sweep(120)
    assert watch.observed("pro") == (1, 6)
    assert watch.observed("") == (1, 0)


def test_past_the_limit_sessions_are_not_followed_and_the_log_says_so() -> None:
    watch = Watch(most_followed=2)
    for session in ("s1", "s2", "s3"):
        watch.at(0, session_id=session)
    with capture_logs() as logs:
        watch.sweep(30)
        watch.sweep(31)
    assert watch.observed() == (2, 0)
    assert [(entry["event"], entry["events"]) for entry in logs] == [("sessions_not_followed", 1)]
    watch.at(31, session_id="s3")
    assert len(watch.sessions) == 1


def test_only_stored_engagement_is_listened_to(watch: Watch) -> None:
    watch.sessions.listen(event(0))
    watch.sessions.listen(sold())
    assert len(watch.sessions) == 1


async def test_the_background_job_sweeps_by_the_clock(watch: Watch) -> None:
    moment = NOW

    def clock() -> datetime:
        return moment

    sweep = watch.sessions.sweeper(clock)
    watch.at(0)
    await sweep()
    assert watch.observed() == (0, 0)
    moment += 30 * MINUTE
    await sweep()
    assert watch.observed() == (1, 0)


async def loaded(opened: Store, **options: Any) -> Watch:
    """A tracker after a start at NOW."""
    watch = Watch(**options)
    await watch.sessions.load(opened, NOW)
    return watch


async def test_open_sessions_go_on_after_a_restart(record: Recorder) -> None:
    await record(
        *(engagement(timestamp=NOW - minutes * MINUTE) for minutes in (100, 80, 55, 29)),
        engagement(session_id="s2", timestamp=NOW - 30 * MINUTE),
        engagement(session_id="s1", tenant_id="globex", timestamp=NOW - MINUTE, user_plan="pro"),
    )
    watch = await loaded(record.store)
    assert len(watch.sessions) == 2
    watch.at(0)
    watch.sweep(60)
    assert watch.observed() == (1, 100)
    assert watch.observed("pro") == (1, 0)


async def test_a_restart_finds_the_last_session_of_an_id(record: Recorder) -> None:
    await record(
        *(engagement(timestamp=NOW - minutes * MINUTE) for minutes in (300, 150, 31, 3)),
        engagement(timestamp=NOW - 2 * MINUTE, user_plan=None),
    )
    watch = await loaded(record.store)
    watch.sweep(60)
    assert watch.observed("") == (1, 29)


async def test_a_restart_knows_who_logged_out(record: Recorder) -> None:
    await record(
        engagement(timestamp=NOW - 20 * MINUTE),
        engagement(timestamp=NOW - 10 * MINUTE, event="logout"),
        engagement(session_id="s2", timestamp=NOW - 20 * MINUTE),
        engagement(session_id="s2", timestamp=NOW - 10 * MINUTE, event="logout"),
        engagement(session_id="s2", timestamp=NOW - 8 * MINUTE),
    )
    watch = await loaded(record.store)
    watch.at(-15)
    watch.sweep(60)
    assert watch.observed() == (1, 2)


async def test_a_restart_follows_no_more_than_its_limit(record: Recorder) -> None:
    await record(*(engagement(session_id=f"s{i}", timestamp=NOW) for i in range(5)))
    assert len((await loaded(record.store, most_followed=3)).sessions) == 3


async def test_without_its_store_a_start_follows_what_begins(record: Recorder) -> None:
    await record(engagement(timestamp=NOW))
    away = GatedStore(record.store)
    away.error = StoreUnavailable("away")
    with capture_logs() as logs:
        watch = await loaded(away)
    assert [entry["event"] for entry in logs] == ["sessions_not_loaded"]
    watch.at(0)
    watch.sweep(30)
    assert watch.observed() == (1, 0)


async def test_a_silent_tracker_observes_nothing_and_goes_on_following(watch: Watch) -> None:
    watch.sessions.silent = True
    watch.at(0, session_id="s1", event="logout")
    watch.at(0, session_id="s2")
    watch.at(5, session_id="s3")
    watch.sweep(30)
    watch.sessions.silent = False
    watch.sweep(40)
    await watch.sessions.close()
    assert watch.observed() == (1, 0)
