"""Sales: how many transactions there were, what became of them, and the money they moved.

Transactions are counted in the period in which they were created, as they stand now; money in the
period in which it moved (see revenue).
"""

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
from ..storage.together import together
from .answer import Answer, percent
from .exchange import Rates
from .lifetime import LifetimeValue, lifetime_value
from .period import Period, select
from .recurring import Recurring, annual_recurring, ledgers, monthly
from .revenue import (
    IS_MONEY_IN,
    ConvertedTotals,
    CurrencyTotals,
    PlanTotals,
    converted_totals,
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
Active = Annotated[int, Meta(description="Running, paid and to be renewed.")]
Trial = Annotated[int, Meta(description="Running, and not paid yet.")]
Cancelled = Annotated[int, Meta(description="Running to their end, and not renewed then.")]


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
    converted: Annotated[
        ConvertedTotals | None, Meta(description="Where exchange rates are configured.")
    ]


class SalesSummary(Answer, frozen=True):
    """The sales of a period."""

    stats: SalesStats
    revenue_by_plan: RevenueByPlan
    customer_lifetime_value: ByCurrency


class PlanSubscriptions(Answer, frozen=True):
    """The subscriptions to one plan."""

    plan: str | None
    active: Active
    trial: Trial
    cancelled: Cancelled


class SubscriptionCounts(Answer, frozen=True):
    """The subscriptions that run at a moment."""

    active: Active
    trial: Trial
    cancelled: Cancelled
    by_plan: list[PlanSubscriptions]


class SalesBreakdown(Answer, frozen=True):
    """The sales of a period, and the subscriptions at its end (or now, while it lasts)."""

    stats: SalesStats
    revenue_by_plan: RevenueByPlan
    customer_lifetime_value: ByCurrency
    monthly_recurring_revenue: Annotated[
        dict[str, Decimal], Meta(description="By currency, of active and cancelled subscriptions.")
    ]
    recurring_revenue: Annotated[
        dict[str, Recurring],
        Meta(description="By currency: how MRR moved from the period's start to its end."),
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


async def sales_stats(
    store: Store, scope: Scope, period: Period, where: Where = (), rates: Rates | None = None
) -> SalesStats:
    """The sales of the scope in the period, and their money by currency."""
    (row,), plans = await together(
        store,
        store.aggregate(Aggregation(SALE, _COUNTS, select(SALE, scope, period, where))),
        revenue_by_plan(store, scope, period, where),
    )
    return _stats(row, plans, rates)


async def sales_summary(
    store: Store,
    scope: Scope,
    period: Period,
    where: Where = (),
    *,
    now: datetime,
    rates: Rates | None = None,
) -> SalesSummary:
    """The sales of the scope in the period; lifetime values are up to its end."""
    (row,), plans, lifetime = await together(
        store,
        store.aggregate(Aggregation(SALE, _COUNTS, select(SALE, scope, period, where))),
        revenue_by_plan(store, scope, period, where),
        lifetime_value(store, scope, period.end, now, where),
    )
    return SalesSummary(
        stats=_stats(row, plans, rates),
        revenue_by_plan=plans[:MOST],
        customer_lifetime_value=lifetime,
    )


async def sales_breakdown(
    store: Store,
    scope: Scope,
    period: Period,
    where: Where = (),
    *,
    now: datetime,
    rates: Rates | None = None,
) -> SalesBreakdown:
    """The same, with payment methods, and the subscriptions at the period's end.

    A period that is not over yet is looked at `now`: who will renew is not known.
    """
    summary, methods, subscribed, recurring = await together(
        store,
        sales_summary(store, scope, period, where, now=now, rates=rates),
        top(
            store,
            SALE,
            ("paymentMethod",),
            (Measure("count"),),
            select(SALE, scope, period, where),
        ),
        subscriptions_at(store, scope, min(period.end, now), where),
        ledgers(store, scope, period, now, where),
    )
    whole = summary.stats.total_transactions
    return SalesBreakdown(
        stats=summary.stats,
        revenue_by_plan=summary.revenue_by_plan,
        customer_lifetime_value=summary.customer_lifetime_value,
        monthly_recurring_revenue=monthly(
            annual_recurring(subscribed, lambda subscription: subscription.currency)
        ),
        recurring_revenue={currency: ledger.shown() for currency, ledger in recurring.items()},
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


def _stats(row: Row, plans: Sequence[PlanTotals], rates: Rates | None) -> SalesStats:
    totals = totals_by_currency(plans)
    successful, failed = row["successful_transactions"], row["failed_transactions"]
    return SalesStats(
        total_transactions=row["total_transactions"],
        successful_transactions=successful,
        failed_transactions=failed,
        refunded_transactions=row["refunded_sales"] + row["money_back"],
        success_rate=percent(successful, successful + failed),
        by_currency=totals,
        converted=converted_totals(totals, rates),
    )
