"""Endpoints: which are slow, which fail, and which of them call for attention."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta

from ..access.principal import Scope
from ..records.performance import PERFORMANCE
from ..storage.base import Row, Store
from ..storage.query import Filter, Function, Measure, Operator, Where
from .answer import Answer, percent
from .period import Period, select
from .slices import top

IS_ERROR = (Filter("statusCode", Operator.GTE, 400),)
EVERY = 10_000
"""Endpoints that are looked at for alerts, those with the most errors or the slowest first."""
CRITICAL = 2
"""How many times its threshold a value is where an alert is critical."""

Calls = Annotated[int, Meta(description="Calls.")]
AvgTime = Annotated[float | None, Meta(description="Sum of the response times / calls, in ms.")]
MaxTime = Annotated[float | None, Meta(description="The longest response time, in ms.")]
Errors = Annotated[int, Meta(description="Calls answered with status 400 or above.")]
ErrorRate = Annotated[float | None, Meta(description="Status 400 or above / all calls, in %.")]


class EndpointCalls(Answer, frozen=True):
    """The calls of one endpoint of one service."""

    service: str
    endpoint: Annotated[str, Meta(description="The endpoint's template, ids as `:id`.")]
    method: str
    count: Calls
    avg_response_time: AvgTime
    max_response_time: MaxTime
    error_count: Errors
    error_rate: ErrorRate


class Alert(Answer, frozen=True):
    """An endpoint that is past a threshold over the period."""

    type: Literal["error_rate", "response_time"]
    severity: Annotated[
        Literal["warning", "critical"],
        Meta(description="`critical` from twice the threshold on."),
    ]
    service: str
    endpoint: str
    method: str
    value: Annotated[float, Meta(description="The error rate in %, or the mean time in ms.")]
    threshold: Annotated[float, Meta(description="What the value is above, in the same unit.")]
    count: Calls


AVG_TIME = Measure("avg_response_time", Function.AVG, "responseTime")
MAX_TIME = Measure("max_response_time", Function.MAX, "responseTime")
ERRORS = Measure("error_count", where=IS_ERROR)
_ENDPOINT = ("service", "endpoint", "method")
_PART = (Measure("count"), AVG_TIME, MAX_TIME, ERRORS)


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


async def alerts(
    store: Store,
    scope: Scope,
    period: Period,
    where: Where = (),
    *,
    error_rate: float,
    response_time: float,
) -> list[Alert]:
    """The endpoints of the scope whose error rate (%) or mean response time (ms) is above its
    threshold over the period; those furthest above first."""
    failing = await error_rates(store, scope, period, where, EVERY)
    slow = await slowest_endpoints(store, scope, period, where, EVERY)
    found = [
        *_above("error_rate", failing, error_rate),
        *_above("response_time", slow, response_time),
    ]
    return sorted(found, key=_how_far, reverse=True)


_VALUES = {
    "error_rate": lambda endpoint: endpoint.error_rate,
    "response_time": lambda endpoint: endpoint.avg_response_time,
}


def _above(
    kind: Literal["error_rate", "response_time"], endpoints: list[EndpointCalls], threshold: float
) -> Iterator[Alert]:
    for endpoint in endpoints:
        value = _VALUES[kind](endpoint)
        if value is not None and value > threshold:
            yield Alert(
                type=kind,
                severity="critical" if value >= CRITICAL * threshold else "warning",
                service=endpoint.service,
                endpoint=endpoint.endpoint,
                method=endpoint.method,
                value=value,
                threshold=threshold,
                count=endpoint.count,
            )


def _how_far(alert: Alert) -> float:
    return alert.value / alert.threshold if alert.threshold else float("inf")


async def _endpoints(
    store: Store, scope: Scope, period: Period, where: Where, *, order: str, limit: int
) -> list[EndpointCalls]:
    selected = select(PERFORMANCE, scope, period, where)
    rows = await top(store, PERFORMANCE, _ENDPOINT, _PART, selected, order=order, limit=limit)
    return [EndpointCalls(**_rated(row)) for row in rows]


def _rated(row: Row) -> dict[str, Any]:
    return {**row, "error_rate": percent(row["error_count"], row["count"])}
