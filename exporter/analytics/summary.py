"""The summary: a series for each family, by the hour, day, ISO week or month.

Every interval that shares a moment with the period is there, with zeros where nothing happened;
the first and the last may be cut short by the period.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..intervals import Interval
from ..records.engagement import ENGAGEMENT
from ..records.sale import SALE
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, TimeBucket, Where
from ..storage.together import together
from .answer import Answer
from .credits import CreditPoint, credit_series
from .engagement import Events, Users
from .performance import PerformancePoint, performance_series
from .period import Period, scope_filters
from .revenue import IS_MONEY_IN, NetRevenue, Refunds, Revenue
from .series import series
from .usage import AiPoint, ai_series

Time = Annotated[datetime, Meta(description="The beginning of the interval.")]


class EngagementPoint(Answer, frozen=True):
    """The engagement events of one interval."""

    time: Time
    count: Events
    users: Users
    sessions: Annotated[int, Meta(description="Distinct sessionIds.")]
    total_value: Annotated[float, Meta(description="Sum of the events' values.")]


class MoneyPoint(Answer, frozen=True):
    """The money of one interval in one currency."""

    revenue: Revenue
    refunds: Refunds
    net_revenue: NetRevenue


class SalesPoint(Answer, frozen=True):
    """The transactions created in one interval, and the money that it moved."""

    time: Time
    count: Annotated[int, Meta(description="Transactions of every type and status.")]
    by_currency: Annotated[
        dict[str, MoneyPoint],
        Meta(description="Every currency of the period, in every interval."),
    ]


class Summary(Answer, frozen=True):
    """A series for each family, the oldest interval first."""

    group_by: Interval
    ai_requests: list[AiPoint]
    engagement: list[EngagementPoint]
    sales: list[SalesPoint]
    performance: list[PerformancePoint]
    credits: list[CreditPoint]


_EVENTS = (
    Measure("count"),
    Measure("users", Function.DISTINCT, "userId"),
    Measure("sessions", Function.DISTINCT, "sessionId"),
    Measure("total_value", Function.SUM, "value"),
)


async def summary(store: Store, scope: Scope, period: Period, interval: Interval) -> Summary:
    """The series of the scope in the period."""
    requests, events, sales, calls, credit = await together(
        store,
        ai_series(store, scope, period, interval=interval),
        series(store, ENGAGEMENT, _EVENTS, scope, period, interval=interval),
        _sales(store, scope, period, interval),
        performance_series(store, scope, period, interval=interval),
        credit_series(store, scope, period, interval),
    )
    return Summary(
        group_by=interval,
        ai_requests=requests,
        engagement=[EngagementPoint(**row) for row in events],
        sales=sales,
        performance=calls,
        credits=credit,
    )


async def _sales(
    store: Store, scope: Scope, period: Period, interval: Interval
) -> list[SalesPoint]:
    created, came, went = await together(
        store,
        series(store, SALE, (Measure("count"),), scope, period, interval=interval),
        _money(store, scope, period, interval, "revenue"),
        _money(store, scope, period, interval, "refunds"),
    )
    revenue, refunds = _amounts(came), _amounts(went)
    moved = {*revenue, *refunds}
    nothing = dict.fromkeys(sorted({currency for _, currency in moved}), _NOTHING)
    by_time: dict[datetime, dict[str, MoneyPoint]] = {}
    for moment in moved:
        point = _point(revenue.get(moment, _ZERO), refunds.get(moment, _ZERO))
        time, currency = moment
        by_time.setdefault(time, nothing.copy())[currency] = point
    return [
        SalesPoint(row["time"], row["count"], by_time.get(row["time"], nothing)) for row in created
    ]


_ZERO = Decimal(0)
_NOTHING = MoneyPoint(_ZERO, _ZERO, _ZERO)
_MOVED: Mapping[str, tuple[str, Where]] = {
    "revenue": ("completedAt", (IS_MONEY_IN,)),
    "refunds": ("refundedAt", ()),
}
"""When each kind of money moved, and the filters for sales that move any."""


async def _money(
    store: Store, scope: Scope, period: Period, interval: Interval, kind: str
) -> list[Row]:
    moved_at, where = _MOVED[kind]
    return await store.aggregate(
        Aggregation(
            family=SALE,
            measures=(Measure("amount", Function.SUM, kind),),
            where=(*scope_filters(scope), *where, *period.holds(moved_at)),
            by=(TimeBucket(interval, moved_at), "currency"),
        )
    )


def _amounts(rows: Iterable[Row]) -> dict[tuple[datetime, str], Decimal]:
    return {(row["time"], row["currency"]): row["amount"] for row in rows}


def _point(revenue: Decimal, refunds: Decimal) -> MoneyPoint:
    return MoneyPoint(revenue, refunds, revenue - refunds)
