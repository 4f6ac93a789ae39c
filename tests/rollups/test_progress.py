"""How far the rollups are, and the marks of hours that were written to since."""

from datetime import datetime, timedelta

import pytest

from exporter.intervals import HOUR
from exporter.rollups import progress
from exporter.rollups.documents import Level
from exporter.rollups.plan import Progress
from exporter.rollups.progress import AGAIN, GRACE, MARKS, SETTLED, Mark, Marker
from exporter.storage.base import Insert, Outcome, Store, StoreUnavailable
from exporter.storage.query import Find, Order

from ..recording import NOW, ai_request, credit, utc
from ..services.gated_store import GatedStore
from ..storage.conftest import store  # noqa: F401  # fixture
from .rolling import Rolling

SECOND = timedelta(seconds=1)


async def marks(engine: Store) -> list[Mark]:
    """All marks, the oldest first."""
    return await engine.find(Find(MARKS, order=(Order("time"),)))


async def test_one_mark_serves_for_the_events_of_an_hour_for_a_while(rolled: Rolling) -> None:
    marker = Marker(rolled.engine)
    await marker.mark([NOW - HOUR, NOW - HOUR + SECOND, NOW - 3 * HOUR], NOW)
    assert sorted(mark.hour for mark in await marks(rolled.engine)) == [NOW - 3 * HOUR, NOW - HOUR]
    await marker.mark([NOW - HOUR], NOW + AGAIN - SECOND)
    assert len(await marks(rolled.engine)) == 2
    await marker.mark([NOW - HOUR], NOW + AGAIN)
    assert [mark.time for mark in await marks(rolled.engine)] == [NOW, NOW, NOW + AGAIN]


async def test_a_mark_from_before_the_clock_was_put_back_does_not_serve(rolled: Rolling) -> None:
    marker = Marker(rolled.engine)
    await marker.mark([NOW - HOUR], NOW)
    await marker.mark([NOW - HOUR], NOW - SECOND)
    assert len(await marks(rolled.engine)) == 2


async def test_an_event_that_is_in_time_and_a_change_of_it_make_no_mark(rolled: Rolling) -> None:
    request = ai_request(created_at=NOW - GRACE)
    await rolled.record(request, credit(created_at=NOW + HOUR))
    request = await rolled.change(request, status="processing")
    assert await marks(rolled.engine) == []
    rolled.clock.moment += SECOND
    await rolled.change(request, status="failed")
    assert [mark.hour for mark in await marks(rolled.engine)] == [NOW - HOUR]


async def test_what_rollups_are_not_made_of_makes_no_mark(rolled: Rolling) -> None:
    mark = Mark(mark_id="m", hour=NOW, time=NOW - HOUR)
    assert await rolled.store.write([Insert(MARKS, mark)]) == [Outcome.STORED]
    assert await marks(rolled.engine) == [mark]


async def test_an_hour_that_could_not_be_marked_is_tried_again(rolled: Rolling) -> None:
    gated = GatedStore(rolled.engine)  # type: ignore[arg-type]  # it is on SQLite
    marker = Marker(gated)
    gated.error = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await marker.mark([NOW - HOUR], NOW)
    gated.error = None
    await marker.mark([NOW - HOUR], NOW)
    assert len(await marks(rolled.engine)) == 1


async def test_marks_settle_with_the_last_of_their_hour(rolled: Rolling) -> None:
    marker = Marker(rolled.engine)
    one, other = NOW - HOUR, NOW - 2 * HOUR
    await marker.mark([one, other], NOW)
    await marker.mark([one], NOW + AGAIN)
    settled = NOW + SETTLED
    assert await progress.settled_marks(rolled.engine, settled - SECOND) == []
    assert await progress.settled_marks(rolled.engine, settled) == [other]
    await progress.unmark(rolled.engine, ((other, one),), settled)
    assert [mark.hour for mark in await marks(rolled.engine)] == [one, one]
    await progress.unmark(rolled.engine, ((one, NOW),), settled)
    assert [mark.time for mark in await marks(rolled.engine)] == [NOW + AGAIN]


async def test_progress_is_read_as_it_was_written_on_both_engines(store: Store) -> None:  # noqa: F811
    assert await progress.read(store) is None
    until: dict[Level, datetime] = {"day": utc(2026, 3, 15), "month": utc(2026, 3, 1)}
    for hour in (NOW - HOUR, NOW):
        until["hour"] = hour
        await progress.write(store, until, NOW)
    await Marker(store).mark([NOW - 2 * HOUR], NOW)
    assert await progress.read(store) == Progress(until, frozenset({NOW - 2 * HOUR}))
