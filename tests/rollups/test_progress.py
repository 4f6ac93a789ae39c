"""How far the rollups are, and the marks of hours that were written to since."""

from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from exporter.family import Family
from exporter.intervals import DAY, HOUR
from exporter.records import CREDIT
from exporter.rollups import progress
from exporter.rollups.documents import Level
from exporter.rollups.plan import Progress
from exporter.rollups.progress import AGAIN, GRACE, MARKS, SETTLED, Known, Mark, Marker
from exporter.storage.base import Insert, Outcome, Store, StoreUnavailable
from exporter.storage.query import Aggregation, Find, Measure, Order, between

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


async def test_the_progress_is_read_anew_once_it_was_written(rolled: Rolling) -> None:
    known = Known(rolled.engine)
    assert await known.read() is None
    until: dict[Level, datetime] = {"hour": NOW, "day": NOW, "month": NOW}
    await progress.write(rolled.engine, until, NOW)
    assert await known.read() is None  # nobody said that it was
    with known.changing():
        pass
    reached = await known.read()
    assert reached == Progress(until)
    assert await known.read() is reached


async def test_what_changes_while_the_progress_is_read_is_read_the_next_time(
    rolled: Rolling,
) -> None:
    class Slow:
        """An engine whose answers come after somebody has written."""

        remote = False

        async def get(self, family: Family, tenant: str, key: str) -> Any:
            found = await rolled.engine.get(family, tenant, key)
            with known.changing():
                await progress.write(rolled.engine, until, NOW)
            return found

    until: dict[Level, datetime] = {"hour": NOW, "day": NOW, "month": NOW}
    known = Known(cast("Store", Slow()))
    assert await known.read() is None
    known._store = rolled.engine
    assert await known.read() == Progress(until)


async def test_what_other_processes_can_write_is_read_every_time(rolled: Rolling) -> None:
    class Remote:
        """The same engine, as one that others write to."""

        remote = True

        def __getattr__(self, name: str) -> Any:
            return getattr(rolled.engine, name)

    known = Known(cast("Store", Remote()))
    assert await known.read() is None
    until: dict[Level, datetime] = {"hour": NOW, "day": NOW, "month": NOW}
    await progress.write(rolled.engine, until, NOW)
    assert await known.read() == Progress(until)


async def test_a_late_event_counts_although_the_progress_was_known(rolled: Rolling) -> None:
    await rolled.record(credit(created_at=NOW - 10 * HOUR, user_id="ada"))
    await rolled.refresh_later()
    question = Aggregation(
        CREDIT, (Measure("n"),), between(CREDIT.time_field, NOW - DAY, NOW - HOUR)
    )
    assert await rolled.store.aggregate(question) == [{"n": 1}]
    await rolled.record(credit(created_at=NOW - 10 * HOUR, user_id="bob"))
    assert await rolled.store.aggregate(question) == [{"n": 2}]
    await rolled.refresh_later()
    assert (await rolled.reached()).marked == frozenset()
    assert await rolled.store.aggregate(question) == [{"n": 2}]
