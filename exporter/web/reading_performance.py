"""Reading performance: how fast and how well calls were answered."""

from typing import Annotated

from msgspec import Meta
from msgspec.structs import force_setattr

from ..analytics.performance import (
    PerformanceBreakdown,
    PerformanceStats,
    performance_breakdown,
    performance_stats,
)
from ..fields import Label
from ..metrics.endpoints import template
from ..records.performance import PERFORMANCE, Method
from .period import PeriodQuery
from .route import Access, Call, Route

TAG = "Performance"


class PerformanceQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which calls. An endpoint may be given with its ids or as its template."""

    service: Label | None = None
    endpoint: Label | None = None
    method: Method | None = None
    status_code: Annotated[int, Meta(ge=100, le=599)] | None = None

    def __post_init__(self) -> None:
        if self.endpoint is not None:  # calls are kept by their endpoint's template
            force_setattr(self, "endpoint", template(self.endpoint))


async def stats(call: Call[PerformanceQuery]) -> PerformanceStats:
    """The calls reported with the caller's id."""
    asked = call.query.question(call, PERFORMANCE)
    return await performance_stats(call.store, asked.scope, asked.period, asked.where)


async def breakdown(call: Call[PerformanceQuery]) -> PerformanceBreakdown:
    """The tenant's calls, by service and endpoint, and over time."""
    asked = call.query.question(call, PERFORMANCE)
    return await performance_breakdown(call.store, asked.scope, asked.period, asked.where)


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/performance/stats",
        summary="Calls in numbers.",
        tag=TAG,
        handle=stats,
        access=Access.READER,
        query=PerformanceQuery,
        answers={200: PerformanceStats},
    ),
    Route(
        method="GET",
        path="/api/performance/admin/stats",
        summary="Calls by service and endpoint, the slowest, the failing, and over time.",
        tag=TAG,
        handle=breakdown,
        access=Access.ADMIN,
        query=PerformanceQuery,
        answers={200: PerformanceBreakdown},
    ),
)
