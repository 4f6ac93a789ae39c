"""Performance: how fast and how well the calls were answered that services report."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from ..access.principal import Scope
from ..records.performance import PERFORMANCE
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, Where
from .answer import Answer, percent
from .period import Period, select
from .series import series
from .slices import Slice, top

IS_ERROR = (Filter("statusCode", Operator.GTE, 400),)
IS_SERVER_ERROR = (Filter("statusCode", Operator.GTE, 500),)
WORST = 10
"""Endpoints that the admin's view lists as slowest, and as most in error."""

AvgTime = Annotated[float | None, Meta(description="Mean response time in ms.")]
Errors = Annotated[int, Meta(description="Calls answered with status 400 or above.")]
ErrorRate = Annotated[float | None, Meta(description="Status 400 or above / all calls, in %.")]


class PerformanceStats(Answer, frozen=True):
    """The calls of a period. Times are in ms, sizes in bytes; null where no call says one."""

    total_requests: int
    avg_response_time: AvgTime
    min_response_time: float | None
    max_response_time: float | None
    p50_response_time: float | None
    p95_response_time: float | None
    p99_response_time: float | None
    success_count: Annotated[int, Meta(description="Calls answered with status below 400.")]
    error_count: Errors
    server_error_count: Annotated[int, Meta(description="Calls answered with status 500 or more.")]
    error_rate: ErrorRate
    server_error_rate: Annotated[
        float | None, Meta(description="Status 500 or above / all calls, in %.")
    ]
    total_request_size: int
    total_response_size: int
    avg_request_size: float | None
    avg_response_size: float | None
    avg_cpu_usage: Annotated[float | None, Meta(description="Mean of what calls say of it, in %.")]
    avg_memory_usage: Annotated[
        float | None, Meta(description="Mean of what calls say of it, in %.")
    ]
    avg_disk_usage: Annotated[float | None, Meta(description="Mean of what calls say of it, in %.")]


class ServiceSlice(Slice, frozen=True):
    """The calls of one service."""

    avg_response_time: AvgTime
    p95_response_time: float | None
    error_count: Errors
    error_rate: ErrorRate


class EndpointCalls(Answer, frozen=True):
    """The calls of one endpoint of one service."""

    service: str
    endpoint: Annotated[str, Meta(description="The endpoint's template, ids as `:id`.")]
    method: str
    count: int
    avg_response_time: AvgTime
    max_response_time: float | None
    error_count: Errors
    error_rate: ErrorRate


class PerformancePoint(Answer, frozen=True):
    """The calls of one interval."""

    time: Annotated[datetime, Meta(description="The beginning of the hour or day.")]
    count: int
    avg_response_time: AvgTime
    p95_response_time: float | None
    error_count: Errors
    error_rate: ErrorRate


class PerformanceBreakdown(Answer, frozen=True):
    """The calls of a period by service and endpoint, and over time."""

    stats: PerformanceStats
    service_distribution: list[ServiceSlice]
    slowest_endpoints: Annotated[list[EndpointCalls], Meta(description="By mean response time.")]
    error_rates: Annotated[
        list[EndpointCalls], Meta(description="Endpoints with errors, by their number.")
    ]
    time_series: list[PerformancePoint]


_AVG_TIME = Measure("avg_response_time", Function.AVG, "responseTime")
_MAX_TIME = Measure("max_response_time", Function.MAX, "responseTime")
_P95_TIME = Measure("p95_response_time", Function.PERCENTILE, "responseTime", quantile=0.95)
_ERRORS = Measure("error_count", where=IS_ERROR)
_STATS = (
    Measure("total_requests"),
    _AVG_TIME,
    Measure("min_response_time", Function.MIN, "responseTime"),
    _MAX_TIME,
    Measure("p50_response_time", Function.PERCENTILE, "responseTime", quantile=0.50),
    _P95_TIME,
    Measure("p99_response_time", Function.PERCENTILE, "responseTime", quantile=0.99),
    _ERRORS,
    Measure("server_error_count", where=IS_SERVER_ERROR),
    Measure("total_request_size", Function.SUM, "requestSize"),
    Measure("total_response_size", Function.SUM, "responseSize"),
    Measure("avg_request_size", Function.AVG, "requestSize"),
    Measure("avg_response_size", Function.AVG, "responseSize"),
    Measure("avg_cpu_usage", Function.AVG, "system.cpu.usage"),
    Measure("avg_memory_usage", Function.AVG, "system.memory.percentage"),
    Measure("avg_disk_usage", Function.AVG, "system.disk.percentage"),
)
_PART = (Measure("count"), _AVG_TIME, _P95_TIME, _ERRORS)
_ENDPOINT = ("service", "endpoint", "method")
_ENDPOINT_PART = (Measure("count"), _AVG_TIME, _MAX_TIME, _ERRORS)


async def performance_stats(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> PerformanceStats:
    """The calls of the scope in the period: a user's are those reported with their id."""
    (row,) = await store.aggregate(
        Aggregation(PERFORMANCE, _STATS, select(PERFORMANCE, scope, period, where))
    )
    calls = row["total_requests"]
    return PerformanceStats(
        **row,
        success_count=calls - row["error_count"],
        error_rate=percent(row["error_count"], calls),
        server_error_rate=percent(row["server_error_count"], calls),
    )


async def slowest_endpoints(
    store: Store, scope: Scope, period: Period, where: Where, limit: int
) -> list[EndpointCalls]:
    """The endpoints with the highest mean response time."""
    return await _endpoints(store, scope, period, where, order="avg_response_time", limit=limit)


async def error_rates(
    store: Store, scope: Scope, period: Period, where: Where, limit: int
) -> list[EndpointCalls]:
    """The endpoints with the most errors; those without any are left out."""
    found = await _endpoints(store, scope, period, where, order="error_count", limit=limit)
    return [endpoint for endpoint in found if endpoint.error_count]


async def busiest_endpoints(
    store: Store, scope: Scope, period: Period, where: Where, limit: int
) -> list[EndpointCalls]:
    """The endpoints with the most calls."""
    return await _endpoints(store, scope, period, where, order="count", limit=limit)


async def performance_breakdown(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> PerformanceBreakdown:
    """The calls of the scope in the period, by service and endpoint, and over time."""
    selected = select(PERFORMANCE, scope, period, where)
    stats, services, slowest, errors, points = await asyncio.gather(
        performance_stats(store, scope, period, where),
        top(store, PERFORMANCE, ("service",), _PART, selected),
        slowest_endpoints(store, scope, period, where, WORST),
        error_rates(store, scope, period, where, WORST),
        series(store, PERFORMANCE, _PART, scope, period, where=where),
    )
    return PerformanceBreakdown(
        stats=stats,
        service_distribution=[_service(row, stats.total_requests) for row in services],
        slowest_endpoints=slowest,
        error_rates=errors,
        time_series=[PerformancePoint(**_rated(row)) for row in points],
    )


async def _endpoints(
    store: Store, scope: Scope, period: Period, where: Where, *, order: str, limit: int
) -> list[EndpointCalls]:
    selected = select(PERFORMANCE, scope, period, where)
    rows = await top(
        store, PERFORMANCE, _ENDPOINT, _ENDPOINT_PART, selected, order=order, limit=limit
    )
    return [EndpointCalls(**_rated(row)) for row in rows]


def _service(row: Row, whole: int) -> ServiceSlice:
    part = _rated(row)
    return ServiceSlice(name=part.pop("service"), share=percent(row["count"], whole), **part)


def _rated(row: Row) -> dict[str, Any]:
    return {**row, "error_rate": percent(row["error_count"], row["count"])}
