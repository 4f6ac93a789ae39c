"""The job that keeps rollups: for as long as it has the lease, and for its share of the time."""

from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from exporter.rollups import progress, refresh
from exporter.rollups.job import NAME, refreshing
from exporter.rollups.lease import LEASES, LENGTH, Lease
from exporter.settings import Settings

from ..recording import NOW, engagement
from .rolling import Rolling


def sharing(share: float) -> Settings:
    """Settings under which refreshing may take that share of the time."""
    return Settings(data_dir=Path("unused"), rollup_share=share)


async def test_it_rolls_up_what_has_closed(rolled: Rolling) -> None:
    await rolled.record(engagement(timestamp=NOW - timedelta(hours=2)))
    await refreshing(rolled.store, sharing(1), rolled.clock)()
    assert (await rolled.reached()).until["hour"] == NOW - timedelta(hours=1)


async def test_it_does_nothing_while_another_one_has_the_lease(rolled: Rolling) -> None:
    await rolled.record(engagement(timestamp=NOW - timedelta(hours=2)))
    assert await Lease(rolled.engine, NAME, rolled.clock).held()
    run = refreshing(rolled.store, sharing(1), rolled.clock)
    await run()
    assert await progress.read(rolled.engine) is None
    rolled.clock.moment += LENGTH
    await run()
    assert await progress.read(rolled.engine) is not None


async def test_it_stops_when_it_has_lost_the_lease(
    rolled: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "AT_ONCE", 1)  # a step for each hour
    hours = [NOW - timedelta(hours=number) for number in (4, 3, 2)]
    await rolled.record(*(engagement(timestamp=hour) for hour in hours))

    class Slow:
        """An engine in which each step takes longer than a lease, and another one takes over."""

        def __getattr__(self, name: str) -> Any:
            return getattr(rolled.store, name)

        async def put(self, *arguments: Any) -> None:
            await rolled.store.put(*arguments)
            if rolled.clock() == NOW:
                rolled.clock.moment += LENGTH
                assert await Lease(rolled.engine, NAME, rolled.clock).held()

    await refreshing(Slow(), sharing(1), rolled.clock)()
    assert (await rolled.reached()).until["hour"] == hours[1]


@pytest.mark.parametrize("share", [0.5, 0.25])
async def test_it_rests_after_each_step_as_its_share_asks(rolled: Rolling, share: float) -> None:
    await rolled.record(engagement(timestamp=NOW - timedelta(hours=2)))
    at: list[tuple[str, float]] = []

    class Timed:
        """An engine that knows when the lease was renewed, and when a write ended."""

        def __getattr__(self, name: str) -> Any:
            return getattr(rolled.store, name)

        async def get(self, *arguments: Any) -> Any:
            if arguments[0] is LEASES:
                at.append(("lease", perf_counter()))
            return await rolled.store.get(*arguments)

        async def put(self, *arguments: Any) -> None:
            at.append(("put", perf_counter()))
            await rolled.store.put(*arguments)
            at.append(("put", perf_counter()))

    await refreshing(Timed(), sharing(share), rolled.clock)()
    puts = [moment for name, moment in at if name == "put"]
    first, last = (moment for name, moment in at if name == "lease")
    assert first < puts[0]
    worked = puts[-1] - puts[0]
    assert last - puts[-1] >= worked * (1 / share - 1) * 0.99
