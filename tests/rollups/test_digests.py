"""Digests as the refresher keeps them: of what closed, of what came late, and never of what is
gone."""

from datetime import timedelta
from pathlib import Path

from exporter.analytics.period import Period
from exporter.analytics.visits import SessionStats, session_stats
from exporter.records.engagement import ENGAGEMENT
from exporter.rollups.progress import SETTLED
from exporter.rollups.refresh import Refresher

from ..recording import DAY, NOW, TENANT, engagement
from .digesting import DigestedStore, digested

PERIOD = Period(NOW - 10 * DAY, NOW)
OLD, YOUNG = NOW - 5 * DAY, NOW - DAY


async def refreshed(store: DigestedStore, kept_for: timedelta) -> SessionStats:
    """The sessions after the refresher has run; records are kept for so long."""

    async def go_on() -> bool:
        return True

    await Refresher(store, lambda family: kept_for, go_on).run(store.clock() + SETTLED)
    return await session_stats(store, TENANT, PERIOD)


async def test_what_came_late_counts_unless_some_of_its_hour_may_be_gone(tmp_path: Path) -> None:
    async with digested(tmp_path, NOW) as store:
        for at in (OLD, YOUNG):
            await store.record([engagement(timestamp=at, session_id=f"first {at}")])
        found = await refreshed(store, 30 * DAY)
        assert (found.count, found.exact) == (2, False)
        await store.record([engagement(timestamp=YOUNG, session_id="late")])
        assert (await refreshed(store, 30 * DAY)).count == 3
        await store.purge(ENGAGEMENT, NOW - 2 * DAY)
        await store.record([engagement(timestamp=OLD, session_id="too late")])
        assert (await session_stats(store, TENANT, PERIOD)).count == 3
        assert (await refreshed(store, 2 * DAY)).count == 3
