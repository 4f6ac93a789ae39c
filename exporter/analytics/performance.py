"""Performance: how fast and how well the calls were answered that services report."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from ..access.principal import Scope
from ..intervals import Interval
from ..records.performance import PERFORMANCE
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, Where
from ..storage.together import together
from .answer import Answer, Exact, percent
from .endpoints import (
    AVG_TIME,
    ERRORS,
    MAX_TIME,
    AvgTime,
    Calls,
    EndpointCalls,
    ErrorRate,
    Errors,
    MaxTime,
    error_rates,
    slowest_endpoints,
)
from .period import Period, select
from .series import series
from .slices import Slice, top

IS_SERVER_ERROR = (Filter("statusCode", Operator.GTE, 500),)
WORST = 10
"""Endpoints that the admin's view lists as slowest, and as most in error."""

P95Time = Annotated[
    float | None, Meta(description="The time in ms that 95 % of the calls do not exceed.")
]


class PerformanceStats(Answer, frozen=True):
    """The calls of a period. Times are in ms, sizes in bytes; null where no call says one."""

    total_requests: Calls
    avg_response_time: AvgTime
    min_response_time: Annotated[float | None, Meta(description="In ms.")]
    max_response_time: MaxTime
    p50_response_time: Annotated[
        float | None, Meta(description="The time in ms that 50 % of the calls do not exceed.")
    ]
    p95_response_time: P95Time
    p99_response_time: Annotated[
        float | None, Meta(description="The time in ms that 99 % of the calls do not exceed.")
    ]
    success_count: Annotated[int, Meta(description="Calls answered with status below 400.")]
    error_count: Errors
    server_error_count: Annotated[int, Meta(description="Calls answered with status 500 or more.")]
    error_rate: ErrorRate
    server_error_rate: Annotated[
        float | None, Meta(description="Status 500 or above / all calls, in %.")
    ]
    total_request_size: Annotated[int, Meta(description="Sum of the sizes, in bytes.")]
    total_response_size: Annotated[int, Meta(description="Sum of the sizes, in bytes.")]
    avg_request_size: Annotated[
        float | None, Meta(description="totalRequestSize / calls that say a size, in bytes.")
    ]
    avg_response_size: Annotated[
        float | None, Meta(description="totalResponseSize / calls that say a size, in bytes.")
    ]
    avg_cpu_usage: Annotated[
        float | None, Meta(description="Sum of what calls say of it / calls that do, in %.")
    ]
    avg_memory_usage: Annotated[
        float | None, Meta(description="Sum of what calls say of it / calls that do, in %.")
    ]
    avg_disk_usage: Annotated[
        float | None, Meta(description="Sum of what calls say of it / calls that do, in %.")
    ]
    exact: Exact = True


class ServiceSlice(Slice, frozen=True):
    """The calls of one service."""

    avg_response_time: AvgTime
    p95_response_time: P95Time
    error_count: Errors
    error_rate: ErrorRate
    exact: Exact = True


class PerformancePoint(Answer, frozen=True):
    """The calls of one interval."""

    time: Annotated[datetime, Meta(description="The beginning of the interval.")]
    count: Calls
    avg_response_time: AvgTime
    p95_response_time: P95Time
    error_count: Errors
    error_rate: ErrorRate
    exact: Exact = True


class PerformanceBreakdown(Answer, frozen=True):
    """The calls of a period by service and endpoint, and over time."""

    stats: PerformanceStats
    service_distribution: list[ServiceSlice]
    slowest_endpoints: Annotated[list[EndpointCalls], Meta(description="By mean response time.")]
    error_rates: Annotated[
        list[EndpointCalls], Meta(description="Endpoints with errors, by their number.")
    ]
    time_series: list[PerformancePoint]


_P95_TIME = Measure("p95_response_time", Function.PERCENTILE, "responseTime", quantile=0.95)
_STATS = (
    Measure("total_requests"),
    AVG_TIME,
    Measure("min_response_time", Function.MIN, "responseTime"),
    MAX_TIME,
    Measure("p50_response_time", Function.PERCENTILE, "responseTime", quantile=0.50),
    _P95_TIME,
    Measure("p99_response_time", Function.PERCENTILE, "responseTime", quantile=0.99),
    ERRORS,
    Measure("server_error_count", where=IS_SERVER_ERROR),
    Measure("total_request_size", Function.SUM, "requestSize"),
    Measure("total_response_size", Function.SUM, "responseSize"),
    Measure("avg_request_size", Function.AVG, "requestSize"),
    Measure("avg_response_size", Function.AVG, "responseSize"),
    Measure("avg_cpu_usage", Function.AVG, "system.cpu.usage"),
    Measure("avg_memory_usage", Function.AVG, "system.memory.percentage"),
    Measure("avg_disk_usage", Function.AVG, "system.disk.percentage"),
)
_PART = (Measure("count"), AVG_TIME, _P95_TIME, ERRORS)


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


async def performance_breakdown(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> PerformanceBreakdown:
    """The calls of the scope in the period, by service and endpoint, and over time."""
    selected = select(PERFORMANCE, scope, period, where)
    stats, services, slowest, errors, points = await together(
        store,
        performance_stats(store, scope, period, where),
        top(store, PERFORMANCE, ("service",), _PART, selected),
        slowest_endpoints(store, scope, period, where, WORST),
        error_rates(store, scope, period, where, WORST),
        performance_series(store, scope, period, where),
    )
    return PerformanceBreakdown(
        stats=stats,
        service_distribution=[_service(row, stats.total_requests) for row in services],
        slowest_endpoints=slowest,
        error_rates=errors,
        time_series=points,
    )


async def performance_series(
    store: Store,
    scope: Scope,
    period: Period,
    where: Where = (),
    interval: Interval | None = None,
) -> list[PerformancePoint]:
    """The calls of the scope in each interval of the period."""
    rows = await series(store, PERFORMANCE, _PART, scope, period, where=where, interval=interval)
    return [PerformancePoint(**_rated(row)) for row in rows]


def _service(row: Row, whole: int) -> ServiceSlice:
    part = _rated(row)
    return ServiceSlice(name=part.pop("service"), share=percent(row["count"], whole), **part)


def _rated(row: Row) -> dict[str, Any]:
    return {**row, "error_rate": percent(row["error_count"], row["count"])}
