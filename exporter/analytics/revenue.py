"""Money: what came in and what went back.

Money counts when it moved: revenue in the period in which a sale completed, refunds in the one in
which they were given back, so that the numbers of a past period do not change any more. (A refund
that is said to lie before its sale counts with the sale.) A sale that is refunded later stays in
revenue; what was given back is in refunds. Currencies are never added together. All of it is exact;
averages are rounded to 6 decimals, half to even.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..records.sale import MONEY_IN, SALE
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Function, Measure, Operator, Where
from ..storage.together import together
from .answer import Answer, average
from .exchange import Converted, Rates
from .period import OF_A_USER, Period, scope_filters

IS_MONEY_IN = Filter("type", Operator.IN, tuple(sorted(MONEY_IN)))

Transactions = Annotated[int, Meta(description="The sales that make up the revenue.")]
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


class ConvertedTotals(Converted, frozen=True):
    """The money of a period in all currencies, converted to one."""

    revenue: Annotated[Decimal | None, Meta(description="Sum of the converted revenue.")]
    refunds: Annotated[Decimal | None, Meta(description="Sum of the converted refunds.")]
    net_revenue: Annotated[Decimal | None, Meta(description="Sum of the converted net revenue.")]


class PlanTotals(Answer, frozen=True):
    """The money of a period from one plan in one currency."""

    plan: str | None
    currency: str
    transactions: Transactions
    revenue: Revenue
    refunds: Refunds
    net_revenue: NetRevenue


async def revenue_by_plan(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> list[PlanTotals]:
    """The money of every plan and currency, those with the most transactions first."""
    within = (*scope_filters(scope), *where)
    by = ("plan", "currency")
    came, went = await together(
        store,
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


def totals_by_currency(plans: Iterable[PlanTotals]) -> dict[str, CurrencyTotals]:
    """The same money, by currency."""
    parts: defaultdict[str, list[PlanTotals]] = defaultdict(list)
    for plan in plans:
        parts[plan.currency].append(plan)
    return {currency: _currency_totals(parts[currency]) for currency in sorted(parts)}


def converted_totals(
    totals: Mapping[str, CurrencyTotals], rates: Rates | None
) -> ConvertedTotals | None:
    """The same money in one currency; None without rates."""
    if rates is None:
        return None
    revenue, refunds, net = (
        rates.total({currency: getattr(part, name) for currency, part in totals.items()})
        for name in ("revenue", "refunds", "net_revenue")
    )
    return ConvertedTotals(**rates.used(totals), revenue=revenue, refunds=refunds, net_revenue=net)


async def paying_users(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> dict[str, int]:
    """Distinct users with a sale that completed in the period, by its currency."""
    rows = await store.aggregate(
        Aggregation(
            family=SALE,
            measures=(Measure("users", Function.DISTINCT, "userId"),),
            where=(
                *scope_filters(scope),
                IS_MONEY_IN,
                OF_A_USER,
                *period.holds("completedAt"),
                *where,
            ),
            by=("currency",),
        )
    )
    return {row["currency"]: row["users"] for row in rows}


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


def _currency_totals(plans: Sequence[PlanTotals]) -> CurrencyTotals:
    revenue = sum((plan.revenue for plan in plans), Decimal(0))
    refunds = sum((plan.refunds for plan in plans), Decimal(0))
    return CurrencyTotals(
        revenue=revenue,
        refunds=refunds,
        net_revenue=revenue - refunds,
        avg_transaction_value=average(revenue, sum(plan.transactions for plan in plans)),
    )
