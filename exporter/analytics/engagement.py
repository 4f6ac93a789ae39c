"""Engagement: what people did in the product."""

import asyncio
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..records.engagement import ENGAGEMENT
from ..storage.base import Store
from ..storage.query import Aggregation, Function, Measure, Where
from .answer import Answer
from .period import Period, select
from .slices import Slice, slices, top


class EngagementStats(Answer, frozen=True):
    """The engagement events of a period."""

    total_events: int
    unique_users: Annotated[
        int, Meta(description="Distinct users; events of no user do not count here.")
    ]
    unique_sessions: int
    total_value: Annotated[float, Meta(description="Sum of the events' values.")]
    avg_time_on_page: Annotated[
        float | None, Meta(description="Mean time on a page in s, of the events that say one.")
    ]
    avg_scroll_depth: Annotated[
        float | None, Meta(description="Mean scroll depth in %, of the events that say one.")
    ]


class EngagementSummary(Answer, frozen=True):
    """The engagement events of a period, and the most frequent of them by name."""

    stats: EngagementStats
    event_distribution: list[Slice]


_STATS = (
    Measure("total_events"),
    Measure("unique_users", Function.DISTINCT, "userId"),
    Measure("unique_sessions", Function.DISTINCT, "sessionId"),
    Measure("total_value", Function.SUM, "value"),
    Measure("avg_time_on_page", Function.AVG, "metadata.timeOnPage"),
    Measure("avg_scroll_depth", Function.AVG, "metadata.scrollDepth"),
)


async def engagement_stats(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> EngagementStats:
    """The engagement events of the scope in the period."""
    (row,) = await store.aggregate(
        Aggregation(ENGAGEMENT, _STATS, select(ENGAGEMENT, scope, period, where))
    )
    return EngagementStats(**row)


async def engagement_summary(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> EngagementSummary:
    """The engagement events of the scope in the period, and their distribution by name."""
    selected = select(ENGAGEMENT, scope, period, where)
    stats, rows = await asyncio.gather(
        engagement_stats(store, scope, period, where),
        top(store, ENGAGEMENT, ("event",), (Measure("count"),), selected),
    )
    return EngagementSummary(
        stats=stats, event_distribution=slices(rows, "event", stats.total_events)
    )
