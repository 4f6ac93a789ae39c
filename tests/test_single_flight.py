import asyncio

import pytest

from exporter.single_flight import SingleFlight

from .outside import outcome, until


class Work:
    """Something that is under way until it is let go."""

    def __init__(self) -> None:
        self.started = 0
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        self.started += 1
        number = self.started
        await self.go.wait()
        return number


async def test_calls_for_one_key_at_a_time_share_one() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    calls = [asyncio.create_task(flights.run("a", work)) for _ in range(5)]
    other = asyncio.create_task(flights.run("b", work))
    await until(lambda: work.started == 2)
    work.go.set()
    assert await asyncio.gather(*calls) == [1] * 5
    assert await other == 2


async def test_a_later_call_begins_anew() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    work.go.set()
    assert [await flights.run("a", work), await flights.run("a", work)] == [1, 2]


async def test_a_caller_who_goes_away_leaves_it_to_the_others() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    first, second = (asyncio.create_task(flights.run("a", work)) for _ in range(2))
    await until(lambda: work.started == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.go.set()
    assert await second == 1


async def test_all_who_wait_see_the_failure() -> None:
    flights: SingleFlight[str, int] = SingleFlight()

    async def fail() -> int:
        raise ValueError("no")

    calls = [outcome(flights.run("a", fail)) for _ in range(3)]
    assert [type(result) for result in await asyncio.gather(*calls)] == [ValueError] * 3


async def test_a_flight_that_is_cancelled_is_forgotten() -> None:
    flights: SingleFlight[str, int] = SingleFlight()

    async def cancelled() -> int:
        raise asyncio.CancelledError

    work = Work()
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await flights.run("a", cancelled)
    assert await flights.run("a", work) == 1
