"""Stretches in the store: as they are, whatever happens in between."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from exporter.access.principal import DEFAULT_TENANT
from exporter.health import recorder
from exporter.health.check import Finding, Level
from exporter.health.checks.tcp import Tcp
from exporter.health.recorder import Recorder
from exporter.health.track import Result, Track
from exporter.records import HEALTH_CHECK
from exporter.records.health_check import HealthCheck
from exporter.storage.base import Outcome, Store, StoreUnavailable
from exporter.storage.query import Find, Order, equals

from ..conftest import NOW
from ..services.gated_store import GatedStore
from .conftest import track

CHECK = Tcp(host="localhost", port=1)
MINUTE = timedelta(minutes=1)


def play(one: Track, first: int, last: int, level: Level = Level.HEALTHY) -> None:
    """A run each minute, from one to another, both included."""
    for minute in range(first, last + 1):
        one.add(Result(NOW + minute * MINUTE, 0.1, Finding(level)))


async def kept(store: Store) -> list[tuple[str, int, int, int]]:
    """What is stored: each status with its start and end in minutes, and its number of runs."""
    found: Sequence[HealthCheck] = await store.find(
        Find(HEALTH_CHECK, (equals("tenantId", DEFAULT_TENANT),), (Order("timestamp"),))
    )
    return [
        (one.status, (one.timestamp - NOW) // MINUTE, (one.until - NOW) // MINUTE, one.runs)
        for one in found
    ]


@pytest.fixture
def one() -> Track:
    """The runs of a check, one a minute."""
    return track(CHECK, interval=60.0)


async def test_a_stretch_that_lasts_is_one_record_that_grows(store: Store, one: Track) -> None:
    keeper = Recorder(store)
    for minute in range(5):
        play(one, minute, minute)
        await keeper.save([one])
        assert await kept(store) == [("healthy", 0, minute, minute + 1)]


async def test_one_that_is_over_stays_as_it_was_at_the_end(store: Store, one: Track) -> None:
    keeper = Recorder(store)
    play(one, 0, 2)
    await keeper.save([one])
    play(one, 3, 5, Level.UNHEALTHY)
    await keeper.save([one])
    play(one, 6, 8)
    await keeper.save([one])
    assert await kept(store) == [
        ("healthy", 0, 3, 3),
        ("unhealthy", 3, 6, 3),
        ("healthy", 6, 8, 3),
    ]


async def test_what_did_not_change_is_not_written(gated: GatedStore, one: Track) -> None:
    keeper = Recorder(gated)
    await keeper.save([one])
    play(one, 0, 1)
    await keeper.save([one])
    await keeper.save([one])
    assert gated.writes == [1]


async def test_an_undecided_first_run_is_not_kept_as_what_it_may_not_be(
    store: Store, one: Track
) -> None:
    keeper = Recorder(store)
    play(one, 0, 0, Level.UNHEALTHY)
    await keeper.save([one])
    assert await kept(store) == []
    play(one, 1, 1, Level.UNHEALTHY)
    await keeper.save([one])
    assert await kept(store) == [("unhealthy", 0, 1, 2)]


async def test_an_outage_of_the_store_itself_is_kept_when_it_is_back(
    gated: GatedStore, one: Track
) -> None:
    keeper = Recorder(gated)
    play(one, 0, 3)
    await keeper.save([one])
    gated.error = StoreUnavailable("away")
    play(one, 4, 730, Level.UNHEALTHY)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await keeper.save([one])
    play(one, 731, 733)
    gated.error = None
    await keeper.save([one])
    assert await kept(gated.inner) == [
        ("healthy", 0, 4, 4),
        ("unhealthy", 4, 360, 356),
        ("unhealthy", 360, 720, 360),
        ("unhealthy", 720, 731, 11),
        ("healthy", 731, 733, 3),
    ]


async def test_a_write_whose_answer_was_lost_is_gone_on_from(gated: GatedStore, one: Track) -> None:
    keeper = Recorder(gated)
    for minute in range(6):
        play(one, minute, minute)
        gated.lose_answers = minute % 2 == 0
        gated.error = StoreUnavailable("lost") if gated.lose_answers else None
        try:
            await keeper.save([one])
        except StoreUnavailable:
            assert gated.lose_answers
    await keeper.save([one])  # having found out what is stored, it writes the rest
    assert await kept(gated.inner) == [("healthy", 0, 5, 6)]


async def test_a_record_that_somebody_removed_is_made_again(gated: GatedStore, one: Track) -> None:
    keeper = Recorder(gated)
    play(one, 0, 1)
    await keeper.save([one])
    gated.says = Outcome.STALE
    real = gated.inner
    gated.inner = Gone()  # type: ignore[assignment]  # nothing else is asked of it
    play(one, 2, 2)
    await keeper.save([one])
    gated.says, gated.inner = None, real
    assert one.current is not None
    one.current.record_id = "another"
    await keeper.save([one])
    assert ("healthy", 0, 2, 3) in await kept(real)


class Gone:
    """A store in which nothing is."""

    async def get(self, *_: object) -> None:
        return None


async def test_one_that_the_store_refuses_holds_up_no_other(gated: GatedStore, one: Track) -> None:
    keeper = Recorder(gated)
    play(one, 0, 2)
    play(one, 3, 5, Level.UNHEALTHY)
    gated.says = Outcome.FAILED
    await keeper.save([one])
    gated.says = None
    play(one, 6, 6, Level.UNHEALTHY)
    await keeper.save([one])
    assert await kept(gated.inner) == [("unhealthy", 3, 6, 4)]


async def test_what_waits_is_bounded_and_the_oldest_is_given_up(
    gated: GatedStore, one: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MOST_WAITING", 3)
    keeper = Recorder(gated)
    gated.error = StoreUnavailable("away")
    for number in range(6):
        level = Level.UNHEALTHY if number % 2 else Level.HEALTHY
        play(one, 60 * number, 60 * number + 59, level)
        with pytest.raises(StoreUnavailable):
            await keeper.save([one])
    gated.error = None
    await keeper.save([one])
    assert [start for _, start, _, _ in await kept(gated.inner)] == [120, 180, 240, 300]
