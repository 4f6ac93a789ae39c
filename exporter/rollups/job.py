"""The job that keeps the rollups: on one replica, and for no more than its share of the time."""

import asyncio
from time import perf_counter

from ..background import Job
from ..clock import Clock
from ..settings import Settings
from ..storage.base import Store
from .lease import Lease
from .refresh import Refresher

NAME = "rollups"


def refreshing(store: Store, settings: Settings, clock: Clock) -> Job:
    """The job for a store; it rests after each step for as long as its share asks for."""
    lease = Lease(store, NAME, clock)
    began = perf_counter()

    async def rest() -> bool:
        """Whether the lease is still ours, after a rest."""
        nonlocal began
        took = perf_counter() - began
        await asyncio.sleep(took * (1 / settings.rollup_share - 1))
        began = perf_counter()
        return await lease.held()

    refresher = Refresher(store, lambda family: family.kept_for(settings), rest)

    async def run() -> None:
        nonlocal began
        if await lease.held():
            began = perf_counter()
            await refresher.run(clock())

    return run
