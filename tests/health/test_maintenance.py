"""Maintenance windows: when they are open, for what, and that a replica knows of them in time."""

from datetime import timedelta
from typing import Any

import pytest

from exporter.errors import Conflict, Invalid, NotFound
from exporter.health.maintenance import Windows
from exporter.health.swap import Swaps
from exporter.metrics.values import Metrics
from exporter.records.maintenance import Maintenance
from exporter.storage.base import StoreUnavailable

from ..conftest import NOW
from ..services.gated_store import GatedStore

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def windows(gated: GatedStore) -> Windows:
    """The windows of a store."""
    return Windows(gated, Swaps(gated, Metrics()))


async def plan(windows: Windows, begin: float, end: float, *services: str) -> Maintenance:
    """A window, in minutes from now."""
    return await windows.add(
        title="work",
        services=services,
        starts_at=NOW + begin * MINUTE,
        ends_at=NOW + end * MINUTE,
        who="root",
        now=NOW,
    )


async def test_a_window_is_open_from_its_start_up_to_its_end(windows: Windows) -> None:
    await plan(windows, 10, 20)
    for minutes, is_open in ((9.99, False), (10, True), (19.99, True), (20, False)):
        assert bool(windows.open(NOW + minutes * MINUTE)) is is_open


async def test_one_with_services_is_about_those_alone(windows: Windows) -> None:
    await plan(windows, 0, 10, "billing", "search", "billing")
    assert windows.covers("billing", NOW)
    assert not windows.covers("database", NOW)
    await plan(windows, 0, 10)
    assert windows.covers("database", NOW)


async def test_the_time_after_windows_that_follow_each_other_is_found(windows: Windows) -> None:
    await plan(windows, 20, 40)
    await plan(windows, 0, 20, "database")
    await plan(windows, 5, 30, "billing")
    assert windows.uncovered("database", NOW) == NOW + 40 * MINUTE
    assert windows.uncovered("disk", NOW) == NOW
    assert windows.uncovered("disk", NOW + 25 * MINUTE) == NOW + 40 * MINUTE
    assert windows.uncovered("disk", NOW + 40 * MINUTE) == NOW + 40 * MINUTE


async def test_other_replicas_know_it_when_they_have_looked_and_while_the_store_is_away(
    windows: Windows, gated: GatedStore
) -> None:
    other = Windows(gated, Swaps(gated, Metrics()))
    await plan(windows, 0, 10)
    await plan(windows, 0, 1)
    assert not other.covers("database", NOW)
    await other.refresh(NOW + 5 * MINUTE)
    gated.error = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await other.refresh(NOW)
    assert other.covers("database", NOW + 5 * MINUTE)
    assert len(other.open(NOW)) == 1, "the other one was over"


async def test_a_window_that_is_cancelled_is_over_and_says_by_whom(windows: Windows) -> None:
    made = await plan(windows, 0, 60)
    after = await windows.cancel(made.window_id, who="eve", now=NOW + 5 * MINUTE)
    assert (after.ends_at, after.cancelled_at) == (NOW + 5 * MINUTE, NOW + 5 * MINUTE)
    assert [(one["who"], one["action"]) for one in after.trail] == [
        ("root", "created"),
        ("eve", "cancelled"),
    ]
    assert not windows.covers("database", NOW + 6 * MINUTE)
    (read,) = await windows.read()
    assert read == after
    with pytest.raises(Conflict):
        await windows.cancel(made.window_id, who="eve", now=NOW + 6 * MINUTE)


async def test_one_that_is_called_off_before_it_begins_never_opens(windows: Windows) -> None:
    made = await plan(windows, 10, 20)
    await windows.cancel(made.window_id, who="eve", now=NOW)
    assert windows.open(NOW + 15 * MINUTE) == []


async def test_one_that_is_over_cannot_be_cancelled(windows: Windows) -> None:
    made = await plan(windows, 0, 10)
    with pytest.raises(Conflict):
        await windows.cancel(made.window_id, who="eve", now=NOW + 10 * MINUTE)
    with pytest.raises(NotFound):
        await windows.cancel("another", who="eve", now=NOW)


@pytest.mark.parametrize(
    ("begin", "end", "field"),
    [
        (-6 * MINUTE, DAY, "startsAt"),
        (367 * DAY, 368 * DAY, "startsAt"),
        (timedelta(), timedelta(), "endsAt"),
        (-4 * MINUTE, -MINUTE, "endsAt"),
        (timedelta(), 15 * DAY, "endsAt"),
    ],
    ids=["past", "far off", "no time", "over already", "too long"],
)
async def test_times_that_make_no_window_are_refused_by_name(
    windows: Windows, begin: Any, end: Any, field: str
) -> None:
    with pytest.raises(Invalid) as raised:
        await windows.add(
            title="x", services=(), starts_at=NOW + begin, ends_at=NOW + end, who="root", now=NOW
        )
    assert [problem.path for problem in raised.value.details] == [field]
    assert await windows.read() == []
