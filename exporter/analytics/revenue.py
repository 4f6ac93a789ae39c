"""Money: what came in and went back, what recurs every month, what customers are worth.

Money counts when it moved: revenue in the period in which a sale completed, refunds in the one in
which they were given back, so that the numbers of a past period do not change any more. A sale
that is refunded later stays in revenue; what was given back is in refunds. Currencies are never
added together. All of it is exact; averages are rounded to 6 decimals, half to even.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from msgspec import Meta

from ..access.principal import Scope
from ..records.sale import MONEY_IN, SALE
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, Where
from .answer import Answer, average, to_step
from .period import OF_A_USER, Period, scope_filters
from .subscriptions import PAYING, Subscribed

Key = TypeVar("Key", bound=Hashable)

MONTHS = 12
IS_MONEY_IN = Filter("type", Operator.IN, tuple(sorted(MONEY_IN)))

Revenue = Annotated[Decimal, Meta(description="Sum of the sales that completed, refunded or not.")]
Refunds = Annotated[Decimal, Meta(description="Sum of what was given back.")]
NetRevenue = Annotated[Decimal, Meta(description="revenue - refunds")]


class CurrencyTotals(Answer, frozen=True):
    """The money of a period in one currency, in its own unit."""

    revenue: Revenue
    refunds: Refunds
    net_revenue: NetRevenue
    avg_transaction_value: Annotated[
        Decimal | None, Meta(description="revenue / number of the sales that make it up")
    ]


class PlanTotals(Answer, frozen=True):
    """The money of a period from one plan in one currency."""

    plan: str | None
    currency: str
    transactions: Annotated[int, Meta(description="The sales that make up the revenue.")]
    revenue: Revenue
    refunds: Refunds
    net_revenue: NetRevenue


class LifetimeValue(Answer, frozen=True):
    """What customers spent so far in one currency, over all that is stored up to a moment.

    A customer is a user with a completed sale. For one user it is what that user is worth so far.
    """

    customers: int
    transactions: Annotated[int, Meta(description="The sales that completed.")]
    spent: Annotated[Decimal, Meta(description="Their sum, less what was given back.")]
    average_order: Annotated[
        Decimal | None, Meta(description="Sum of the completed sales / transactions")
    ]
    average_per_customer: Annotated[Decimal | None, Meta(description="spent / customers")]
    first_purchase: datetime | None
    last_purchase: datetime | None


async def revenue_by_plan(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> list[PlanTotals]:
    """The money of every plan and currency, those with the most transactions first."""
    within = (*scope_filters(scope), *where)
    by = ("plan", "currency")
    came, went = await asyncio.gather(
        store.aggregate(
            Aggregation(
                family=SALE,
                measures=(Measure("transactions"), Measure("revenue", Function.SUM, "revenue")),
                where=(*within, IS_MONEY_IN, *period.holds("completedAt")),
                by=by,
            )
        ),
        store.aggregate(
            Aggregation(
                family=SALE,
                measures=(Measure("refunds", Function.SUM, "refunds"),),
                where=(*within, *period.holds("refundedAt")),
                by=by,
            )
        ),
    )
    revenue = {(row["plan"], row["currency"]): row for row in came}
    refunds = {(row["plan"], row["currency"]): row for row in went}
    totals = [
        _plan_totals(plan, currency, revenue.get((plan, currency)), refunds.get((plan, currency)))
        for plan, currency in revenue.keys() | refunds.keys()
    ]
    return sorted(totals, key=lambda part: (-part.transactions, part.plan or "", part.currency))


def _plan_totals(plan: str | None, currency: str, came: Row | None, went: Row | None) -> PlanTotals:
    revenue = Decimal(came["revenue"] if came else 0)
    refunds = Decimal(went["refunds"] if went else 0)
    return PlanTotals(
        plan=plan,
        currency=currency,
        transactions=came["transactions"] if came else 0,
        revenue=revenue,
        refunds=refunds,
        net_revenue=revenue - refunds,
    )


def totals_by_currency(plans: Iterable[PlanTotals]) -> dict[str, CurrencyTotals]:
    """The same money, by currency."""
    parts: defaultdict[str, list[PlanTotals]] = defaultdict(list)
    for plan in plans:
        parts[plan.currency].append(plan)
    return {currency: _currency_totals(parts[currency]) for currency in sorted(parts)}


def _currency_totals(plans: Sequence[PlanTotals]) -> CurrencyTotals:
    revenue = sum((plan.revenue for plan in plans), Decimal(0))
    refunds = sum((plan.refunds for plan in plans), Decimal(0))
    return CurrencyTotals(
        revenue=revenue,
        refunds=refunds,
        net_revenue=revenue - refunds,
        avg_transaction_value=average(revenue, sum(plan.transactions for plan in plans)),
    )


async def lifetime_value(
    store: Store, scope: Scope, until: datetime, where: Where = ()
) -> dict[str, LifetimeValue]:
    """What the scope's users spent before `until`, by currency; sales of no user are left out."""
    within = (*scope_filters(scope), OF_A_USER, *where)
    came, went = await asyncio.gather(
        store.aggregate(
            Aggregation(
                family=SALE,
                measures=(
                    Measure("customers", Function.DISTINCT, "userId"),
                    Measure("transactions"),
                    Measure("revenue", Function.SUM, "revenue"),
                    Measure("first", Function.MIN, "completedAt"),
                    Measure("last", Function.MAX, "completedAt"),
                ),
                where=(*within, IS_MONEY_IN, Filter("completedAt", Operator.LT, until)),
                by=("currency",),
            )
        ),
        store.aggregate(
            Aggregation(
                family=SALE,
                measures=(Measure("refunds", Function.SUM, "refunds"),),
                where=(*within, Filter("refundedAt", Operator.LT, until)),
                by=("currency",),
            )
        ),
    )
    refunds = {row["currency"]: row["refunds"] for row in went}
    return {
        row["currency"]: LifetimeValue(
            customers=row["customers"],
            transactions=row["transactions"],
            spent=(spent := row["revenue"] - refunds.get(row["currency"], Decimal(0))),
            average_order=average(row["revenue"], row["transactions"]),
            average_per_customer=average(spent, row["customers"]),
            first_purchase=row["first"],
            last_purchase=row["last"],
        )
        for row in came
    }


def annual_recurring(
    subscriptions: Iterable[Subscribed], key: Callable[[Subscribed], Key]
) -> dict[Key, Decimal]:
    """What paying subscriptions pay in a year, exactly, summed by `key` (which names a currency).

    Twelve times the monthly recurring revenue: kept by the year, because a twelfth of a yearly
    price may have no end as a decimal.
    """
    sums: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for subscription in subscriptions:
        if subscription.state in PAYING:
            sums[key(subscription)] += subscription.annual
    return dict(sums)


def monthly(annual: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    """A twelfth of each sum: MRR, rounded only here, to 6 decimals, half to even."""
    return {key: to_step(amount / MONTHS) for key, amount in annual.items()}
