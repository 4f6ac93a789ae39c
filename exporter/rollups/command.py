"""The `rollup` command: makes rollups anew from what is recorded, at full speed.

On MongoDB the service may go on running: the command waits for its turn with the lease. A SQLite
file has one owner, so there the service has to be stopped before.
"""

import asyncio
import sys
from datetime import datetime

from .. import clock, engine
from ..metrics.values import Metrics
from ..settings import Settings
from ..storage.base import IncompatibleStore, StoreUnavailable
from .job import NAME
from .lease import Lease
from .question import BEGINNING
from .refresh import Refresher

WAIT_SECONDS = 1.0


def run(settings: Settings, start: datetime | None, end: datetime | None) -> int:
    """Rebuild the rollups of a span, by default of all there is; the exit code."""
    try:
        done = asyncio.run(_rebuild(settings, start or BEGINNING, end or clock.now()))
    except (StoreUnavailable, IncompatibleStore) as error:
        print(error, file=sys.stderr)
        return 1
    if not done:
        print("Another process has taken over before the end. Try again.", file=sys.stderr)
        return 1
    print("The rollups are made anew.")
    return 0


async def _rebuild(settings: Settings, start: datetime, end: datetime) -> bool:
    metrics = Metrics(
        label_values_limit=settings.label_values_limit, series_limit=settings.series_limit
    )
    store = engine.choose(settings, metrics)
    await store.open()
    try:
        lease = Lease(store, NAME, clock.now)
        while not await lease.held():  # noqa: ASYNC110  # another process has it
            await asyncio.sleep(WAIT_SECONDS)
        refresher = Refresher(store, lambda family: family.kept_for(settings), lease.held)
        done = await refresher.rebuild((start, end), clock.now())
        await lease.release()
    finally:
        await store.close()
    return done
