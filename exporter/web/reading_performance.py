"""Reading performance: how fast and how well calls were answered, and how busy machines were."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from ..analytics.endpoints import Alert, EndpointCalls, alerts, error_rates, slowest_endpoints
from ..analytics.performance import (
    PerformanceBreakdown,
    PerformanceStats,
    performance_breakdown,
    performance_stats,
)
from ..analytics.resources import (
    CurrentSystem,
    SystemResources,
    current_system,
    system_resources,
)
from ..fields import Label
from ..metrics.endpoints import template
from ..records.performance import PERFORMANCE, Method
from .period import Limit, PeriodQuery, bounded
from .route import Access, Call, NoQuery, Route

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


class EndpointsQuery(PerformanceQuery, frozen=True, kw_only=True):
    """Which calls, and how many endpoints."""

    limit: Limit = 10


class AlertsQuery(PerformanceQuery, frozen=True, kw_only=True):
    """Which calls, and what is too much."""

    error_rate_threshold: Annotated[
        float, Meta(ge=0, le=100, description="Error rate in %; above it is an alert.")
    ] = 5.0
    response_time_threshold: Annotated[
        float, Meta(ge=0, description="Mean response time in ms; above it is an alert.")
    ] = 2000.0


class ResourcesQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which service's machine."""

    service: Label | None = None


class SlowestEndpoints(Struct):
    """Endpoints, the one with the highest mean response time first."""

    endpoints: list[EndpointCalls]


class ErrorRates(Struct):
    """All calls, and the endpoints with errors, the one with the most first."""

    stats: PerformanceStats
    endpoints: list[EndpointCalls]


class Alerts(Struct):
    """The endpoints that are past a threshold, the one furthest past it first."""

    alerts: list[Alert]


async def stats(call: Call[PerformanceQuery]) -> PerformanceStats:
    """The calls reported with the caller's id."""
    asked = call.query.question(call, PERFORMANCE)
    return await performance_stats(call.store, asked.scope, asked.period, asked.where)


async def breakdown(call: Call[PerformanceQuery]) -> PerformanceBreakdown:
    """The tenant's calls, by service and endpoint, and over time."""
    asked = call.query.question(call, PERFORMANCE)
    return await performance_breakdown(call.store, asked.scope, asked.period, asked.where)


async def slowest(call: Call[EndpointsQuery]) -> SlowestEndpoints:
    """The slowest endpoints of the caller's calls."""
    asked = call.query.question(call, PERFORMANCE)
    return SlowestEndpoints(
        await slowest_endpoints(
            call.store, asked.scope, asked.period, asked.where, call.query.limit
        )
    )


async def failing(call: Call[EndpointsQuery]) -> ErrorRates:
    """The failing endpoints of the caller's calls."""
    asked = call.query.question(call, PERFORMANCE)
    return ErrorRates(
        await performance_stats(call.store, asked.scope, asked.period, asked.where),
        await error_rates(call.store, asked.scope, asked.period, asked.where, call.query.limit),
    )


async def resources(call: Call[ResourcesQuery]) -> SystemResources:
    """What was reported of machines with the caller's calls."""
    asked = call.query.question(call, PERFORMANCE)
    bounded(asked.period, "hour")
    return await system_resources(call.store, asked.scope, asked.period, call.query.service)


async def machine(call: Call[NoQuery]) -> CurrentSystem:
    """The machine that answers."""
    return current_system(await call.services.machine.read(), call.now)


async def past_thresholds(call: Call[AlertsQuery]) -> Alerts:
    """The endpoints of the tenant's calls that are past a threshold."""
    query = call.query
    asked = query.question(call, PERFORMANCE)
    found = await alerts(
        call.store,
        asked.scope,
        asked.period,
        asked.where,
        error_rate=query.error_rate_threshold,
        response_time=query.response_time_threshold,
    )
    return Alerts(found)


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
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/performance/slowest-endpoints",
        summary="The endpoints with the highest mean response time.",
        tag=TAG,
        handle=slowest,
        access=Access.READER,
        query=EndpointsQuery,
        answers={200: SlowestEndpoints},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/performance/error-rates",
        summary="The share of calls that failed, and the endpoints with the most errors.",
        tag=TAG,
        handle=failing,
        access=Access.READER,
        query=EndpointsQuery,
        answers={200: ErrorRates},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/performance/system-resources",
        summary="CPU, memory and disk of the services' machines, by the hour.",
        tag=TAG,
        handle=resources,
        access=Access.READER,
        query=ResourcesQuery,
        answers={200: SystemResources},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/performance/current-system",
        summary="The machine that Meterhouse runs on, now.",
        tag=TAG,
        handle=machine,
        access=Access.ADMIN,
        answers={200: CurrentSystem},
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
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/performance/admin/alerts",
        summary="Endpoints whose error rate or mean response time is past a threshold.",
        tag=TAG,
        handle=past_thresholds,
        access=Access.ADMIN,
        query=AlertsQuery,
        answers={200: Alerts},
        cached=True,
    ),
)
