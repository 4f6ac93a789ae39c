"""Leases: of several owners one has it, until its end or until it lets go."""

import asyncio
from datetime import timedelta

from exporter.rollups.lease import LENGTH, Lease
from exporter.storage.base import Store

from ..conftest import MovingClock
from ..recording import NOW
from ..storage.conftest import store  # noqa: F401  # fixture

MOMENT = timedelta(milliseconds=1)


async def test_one_owner_has_it_until_its_end(store: Store) -> None:  # noqa: F811
    clock = MovingClock(NOW)
    one, other = Lease(store, "job", clock), Lease(store, "job", clock)
    assert await one.held()
    assert not await other.held()
    assert await Lease(store, "another job", clock).held()
    clock.moment += LENGTH - MOMENT
    assert not await other.held()
    assert await one.held()  # renewed
    clock.moment += LENGTH - MOMENT
    assert not await other.held()
    clock.moment += MOMENT
    assert await other.held()
    assert not await one.held()


async def test_an_owner_may_let_go_of_its_own(store: Store) -> None:  # noqa: F811
    clock = MovingClock(NOW)
    one, other = Lease(store, "job", clock), Lease(store, "job", clock)
    await one.release()
    assert await one.held()
    await other.release()
    assert not await other.held()
    await one.release()
    assert await other.held()
    await one.release()
    assert not await one.held()


async def test_of_several_at_once_one_gets_it(store: Store) -> None:  # noqa: F811
    clock = MovingClock(NOW)
    for _ in range(2):  # when there was none, and when one has ended
        leases = [Lease(store, "job", clock) for _ in range(3)]
        assert sum(await asyncio.gather(*(lease.held() for lease in leases))) == 1
        clock.moment += LENGTH


async def test_an_owner_that_has_a_name_has_it_after_a_restart(store: Store) -> None:  # noqa: F811
    clock = MovingClock(NOW)
    for _ in range(2):
        assert await Lease(store, "job", clock, owner="a", length=timedelta(hours=1)).held()
    clock.advance(minutes=59)
    assert not await Lease(store, "job", clock, owner="b").held()
