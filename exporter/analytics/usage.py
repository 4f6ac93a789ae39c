"""AI requests: how many, how they ended, how long they took, what they used and cost."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta

from ..access.principal import Scope
from ..intervals import Interval
from ..records.ai_request import AI_REQUEST, ENDED
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, Where, equals
from ..storage.together import together
from .answer import Answer, Exact, percent
from .period import Period, scope_filters, select
from .series import series
from .slices import MOST, Slice, top

ABANDONED_AFTER = timedelta(hours=1)
"""A request that has not ended this long after it began is abandoned, not in progress."""

NOT_ENDED = (Filter("status", Operator.IN, ("pending", "processing")),)
HAS_ENDED = (Filter("status", Operator.IN, tuple(sorted(ENDED))),)
WITHOUT_END = (equals("endedAt", None), *NOT_ENDED)
"""The same as NOT_ENDED, in words that lead to the index of what has no end."""

Tokens = Annotated[int, Meta(description="Input and output tokens together.")]
Cost = Annotated[float, Meta(description="US dollars, as reported or else estimated.")]
AvgDuration = Annotated[
    float | None, Meta(description="Sum of the durations / requests that say one, in ms.")
]
SuccessRate = Annotated[
    float | None, Meta(description="completed / (completed + failed + cancelled), in %.")
]


class AiStats(Answer, frozen=True):
    """The AI requests that began in a period, as they stand now.

    Durations are in ms, over the requests that say one; null where none does.
    """

    total_requests: Annotated[int, Meta(description="Requests, whatever their status.")]
    total_tokens: Tokens
    input_tokens: Annotated[int, Meta(description="Tokens that went in.")]
    output_tokens: Annotated[int, Meta(description="Tokens that came out.")]
    total_cost: Cost
    avg_duration: AvgDuration
    p50_duration: Annotated[
        float | None, Meta(description="The duration in ms that 50 % do not exceed.")
    ]
    p95_duration: Annotated[
        float | None, Meta(description="The duration in ms that 95 % do not exceed.")
    ]
    p99_duration: Annotated[
        float | None, Meta(description="The duration in ms that 99 % do not exceed.")
    ]
    success_count: Annotated[int, Meta(description="Requests that completed.")]
    failure_count: Annotated[int, Meta(description="Requests that failed.")]
    cancelled_count: Annotated[int, Meta(description="Requests that were cancelled.")]
    pending_count: Annotated[int, Meta(description="Not ended: pending or processing.")]
    success_rate: SuccessRate
    exact: Exact = True


class AiSlice(Slice, frozen=True):
    """The AI requests with one value of a label."""

    total_tokens: Tokens
    total_cost: Cost
    avg_duration: AvgDuration
    success_rate: SuccessRate


class AiPoint(Answer, frozen=True):
    """The AI requests that began in one interval."""

    time: Annotated[datetime, Meta(description="The beginning of the interval.")]
    count: Annotated[int, Meta(description="Requests, whatever their status.")]
    total_tokens: Tokens
    total_cost: Cost
    avg_duration: AvgDuration
    success_rate: SuccessRate


class RouterSavings(Answer, frozen=True):
    """What a model router saved, in US dollars."""

    routed_requests: Annotated[int, Meta(description="Requests with `routing.wasRouted`.")]
    baseline_cost: Annotated[
        float,
        Meta(description="Sum of `routing.baselineCost`, of the routed ones that say both costs."),
    ]
    cost: Annotated[float, Meta(description="Sum of the costs of the same requests.")]
    savings: Annotated[
        float, Meta(description="baselineCost - cost; negative where routing cost more.")
    ]


class AiBreakdown(Answer, frozen=True):
    """The AI requests of a period by label (the most frequent values first) and over time."""

    stats: AiStats
    model_distribution: list[AiSlice]
    feature_distribution: list[AiSlice]
    provider_distribution: list[AiSlice]
    plan_distribution: list[AiSlice]
    router: RouterSavings
    time_series: list[AiPoint]


_STATS = (
    Measure("total_requests"),
    Measure("input_tokens", Function.SUM, "tokens.input"),
    Measure("output_tokens", Function.SUM, "tokens.output"),
    Measure("total_cost", Function.SUM, "cost"),
    Measure("avg_duration", Function.AVG, "durationMs"),
    Measure("p50_duration", Function.PERCENTILE, "durationMs", quantile=0.50),
    Measure("p95_duration", Function.PERCENTILE, "durationMs", quantile=0.95),
    Measure("p99_duration", Function.PERCENTILE, "durationMs", quantile=0.99),
    Measure("success_count", where=(equals("status", "completed"),)),
    Measure("failure_count", where=(equals("status", "failed"),)),
    Measure("cancelled_count", where=(equals("status", "cancelled"),)),
    Measure("pending_count", where=NOT_ENDED),
)
_PART = (
    Measure("count"),
    Measure("input_tokens", Function.SUM, "tokens.input"),
    Measure("output_tokens", Function.SUM, "tokens.output"),
    Measure("total_cost", Function.SUM, "cost"),
    Measure("avg_duration", Function.AVG, "durationMs"),
    Measure("completed", where=(equals("status", "completed"),)),
    Measure("ended", where=HAS_ENDED),
)
_WAS_ROUTED = equals("routing.wasRouted", True)
_ROUTER = (
    Measure("routed_requests", where=(_WAS_ROUTED,)),
    Measure("baseline_cost", Function.SUM, "routedBaselineCost"),
    Measure("cost", Function.SUM, "routedCost"),
)
_DISTRIBUTIONS: Mapping[str, str] = {
    "model_distribution": "model",
    "feature_distribution": "feature",
    "provider_distribution": "provider",
    "plan_distribution": "userPlan",
}


async def ai_stats(store: Store, scope: Scope, period: Period, where: Where = ()) -> AiStats:
    """The AI requests of the scope that began in the period."""
    (row,) = await store.aggregate(
        Aggregation(AI_REQUEST, _STATS, select(AI_REQUEST, scope, period, where))
    )
    ended = row["success_count"] + row["failure_count"] + row["cancelled_count"]
    return AiStats(
        **row,
        total_tokens=row["input_tokens"] + row["output_tokens"],
        success_rate=percent(row["success_count"], ended),
    )


async def ai_breakdown(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> AiBreakdown:
    """The AI requests of the scope that began in the period, by label and over time."""
    stats, distributions, router, points = await together(
        store,
        ai_stats(store, scope, period, where),
        together(
            store, *(_groups(store, by, scope, period, where) for by in _DISTRIBUTIONS.values())
        ),
        router_savings(store, scope, period, where),
        ai_series(store, scope, period, where),
    )
    slices = {
        name: _slices(rows, by, stats.total_requests)
        for (name, by), rows in zip(_DISTRIBUTIONS.items(), distributions, strict=True)
    }
    return AiBreakdown(stats=stats, router=router, time_series=points, **slices)


async def ai_series(
    store: Store,
    scope: Scope,
    period: Period,
    where: Where = (),
    interval: Interval | None = None,
) -> list[AiPoint]:
    """The AI requests of the scope that began in each interval of the period."""
    rows = await series(store, AI_REQUEST, _PART, scope, period, where=where, interval=interval)
    return [AiPoint(time=row["time"], **_part(row)) for row in rows]


async def router_savings(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> RouterSavings:
    """What routing saved on the requests of the scope that began in the period."""
    (row,) = await store.aggregate(
        Aggregation(AI_REQUEST, _ROUTER, select(AI_REQUEST, scope, period, where))
    )
    return RouterSavings(**row, savings=row["baseline_cost"] - row["cost"])


async def top_models(
    store: Store, scope: Scope, period: Period, where: Where, limit: int
) -> list[AiSlice]:
    """The models with the most requests; their shares are of all requests."""
    rows, whole = await together(
        store,
        _groups(store, "model", scope, period, where, limit=limit),
        count(store, scope, period, where),
    )
    return _slices(rows, "model", whole)


async def count(store: Store, scope: Scope, period: Period, where: Where = ()) -> int:
    """How many AI requests of the scope began in the period."""
    (row,) = await store.aggregate(
        Aggregation(AI_REQUEST, (Measure("count"),), select(AI_REQUEST, scope, period, where))
    )
    found: int = row["count"]
    return found


async def in_progress(store: Store, scope: Scope | None, now: datetime) -> dict[str, int]:
    """Requests by model that began in the hour before `now` and have not ended."""
    recent = Filter(AI_REQUEST.time_field, Operator.GT, now - ABANDONED_AFTER)
    rows = await store.aggregate(
        Aggregation(
            family=AI_REQUEST,
            measures=(Measure("count"),),
            where=(*scope_filters(scope), recent, *WITHOUT_END),
            by=("model",),
        )
    )
    return {row["model"]: row["count"] for row in rows}


async def _groups(
    store: Store, by: str, scope: Scope, period: Period, where: Where, *, limit: int = MOST
) -> list[Row]:
    selected = select(AI_REQUEST, scope, period, where)
    return await top(store, AI_REQUEST, (by,), _PART, selected, limit=limit)


def _slices(rows: Sequence[Row], by: str, whole: int) -> list[AiSlice]:
    return [AiSlice(name=row[by], share=percent(row["count"], whole), **_part(row)) for row in rows]


def _part(row: Row) -> dict[str, Any]:
    return {
        "count": row["count"],
        "total_tokens": row["input_tokens"] + row["output_tokens"],
        "total_cost": row["total_cost"],
        "avg_duration": row["avg_duration"],
        "success_rate": percent(row["completed"], row["ended"]),
    }
