"""Sales: how many transactions there were, what became of them, and the money they moved.

Transactions are counted in the period in which they were created, as they stand now; money in the
period in which it moved (see revenue).
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..records.sale import MONEY_BACK, SALE, SETTLED
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Measure, Operator, Where, equals
from .answer import Answer, percent
from .period import Period, select
from .revenue import (
    IS_MONEY_IN,
    CurrencyTotals,
    LifetimeValue,
    PlanTotals,
    annual_recurring,
    lifetime_value,
    monthly,
    revenue_by_plan,
    totals_by_currency,
)
from .slices import MOST, Slice, slices, top
from .subscriptions import State, Subscribed, subscriptions_at

IS_MONEY_BACK = Filter("type", Operator.IN, tuple(sorted(MONEY_BACK)))
IS_SETTLED = Filter("status", Operator.IN, tuple(sorted(SETTLED)))

RevenueByPlan = Annotated[
    list[PlanTotals], Meta(description="The 100 with the most transactions, those first.")
]
ByCurrency = dict[str, LifetimeValue]


class SalesStats(Answer, frozen=True):
    """The transactions created in a period, as they stand now, and the money it moved."""

    total_transactions: Annotated[int, Meta(description="Of every type and status.")]
    successful_transactions: Annotated[
        int, Meta(description="Sales that completed, also if refunded since; no refunds, credits.")
    ]
    failed_transactions: Annotated[int, Meta(description="Sales that failed.")]
    refunded_transactions: Annotated[
        int, Meta(description="Sales that were refunded, and completed refunds and credits.")
    ]
    success_rate: Annotated[
        float | None, Meta(description="successful / (successful + failed) transactions, in %.")
    ]
    by_currency: dict[str, CurrencyTotals]


class SalesSummary(Answer, frozen=True):
    """The sales of a period."""

    stats: SalesStats
    revenue_by_plan: RevenueByPlan
    customer_lifetime_value: ByCurrency


class PlanSubscriptions(Answer, frozen=True):
    """The subscriptions to one plan."""

    plan: str | None
    active: int
    trial: int
    cancelled: int


class SubscriptionCounts(Answer, frozen=True):
    """The subscriptions that run at a moment."""

    active: int
    trial: Annotated[int, Meta(description="Running, and not paid yet.")]
    cancelled: Annotated[int, Meta(description="Running to their end, and not renewed then.")]
    by_plan: list[PlanSubscriptions]


class SalesBreakdown(Answer, frozen=True):
    """The sales of a period, and the subscriptions at its end (or now, while it lasts)."""

    stats: SalesStats
    revenue_by_plan: RevenueByPlan
    customer_lifetime_value: ByCurrency
    monthly_recurring_revenue: Annotated[
        dict[str, Decimal], Meta(description="By currency, of active and cancelled subscriptions.")
    ]
    subscriptions: SubscriptionCounts
    payment_method_distribution: list[Slice]


_COUNTS = (
    Measure("total_transactions"),
    Measure("successful_transactions", where=(IS_MONEY_IN, IS_SETTLED)),
    Measure("failed_transactions", where=(IS_MONEY_IN, equals("status", "failed"))),
    Measure("refunded_sales", where=(equals("status", "refunded"),)),
    Measure("money_back", where=(IS_MONEY_BACK, equals("status", "completed"))),
)


async def sales_summary(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> SalesSummary:
    """The sales of the scope in the period; lifetime values are up to its end."""
    (row,), plans, lifetime = await asyncio.gather(
        store.aggregate(Aggregation(SALE, _COUNTS, select(SALE, scope, period, where))),
        revenue_by_plan(store, scope, period, where),
        lifetime_value(store, scope, period.end, where),
    )
    return SalesSummary(
        stats=_stats(row, plans),
        revenue_by_plan=plans[:MOST],
        customer_lifetime_value=lifetime,
    )


async def sales_breakdown(
    store: Store, scope: Scope, period: Period, now: datetime, where: Where = ()
) -> SalesBreakdown:
    """The same, with payment methods, and the subscriptions at the period's end.

    A period that is not over yet is looked at `now`: who will renew is not known.
    """
    summary, methods, subscribed = await asyncio.gather(
        sales_summary(store, scope, period, where),
        top(
            store,
            SALE,
            ("paymentMethod",),
            (Measure("count"),),
            select(SALE, scope, period, where),
        ),
        subscriptions_at(store, scope, min(period.end, now), where),
    )
    whole = summary.stats.total_transactions
    return SalesBreakdown(
        stats=summary.stats,
        revenue_by_plan=summary.revenue_by_plan,
        customer_lifetime_value=summary.customer_lifetime_value,
        monthly_recurring_revenue=monthly(
            annual_recurring(subscribed, lambda subscription: subscription.currency)
        ),
        subscriptions=subscription_counts(subscribed),
        payment_method_distribution=slices(methods, "paymentMethod", whole),
    )


def subscription_counts(subscribed: Iterable[Subscribed]) -> SubscriptionCounts:
    """The subscriptions by state, in all and by plan."""
    counted = Counter((one.plan, one.state) for one in subscribed)
    plans = sorted({plan for plan, _ in counted}, key=lambda plan: plan or "")
    parts = [
        PlanSubscriptions(
            plan=plan,
            active=counted[plan, State.ACTIVE],
            trial=counted[plan, State.TRIAL],
            cancelled=counted[plan, State.CANCELLED],
        )
        for plan in plans
    ]
    return SubscriptionCounts(
        active=sum(part.active for part in parts),
        trial=sum(part.trial for part in parts),
        cancelled=sum(part.cancelled for part in parts),
        by_plan=parts,
    )


def _stats(row: Row, plans: Sequence[PlanTotals]) -> SalesStats:
    successful, failed = row["successful_transactions"], row["failed_transactions"]
    return SalesStats(
        total_transactions=row["total_transactions"],
        successful_transactions=successful,
        failed_transactions=failed,
        refunded_transactions=row["refunded_sales"] + row["money_back"],
        success_rate=percent(successful, successful + failed),
        by_currency=totals_by_currency(plans),
    )
