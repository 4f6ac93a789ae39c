"""Earnings: a period's revenue, what of it recurs, how it grew, and what it is a user.

ARPU and ARPPU divide the net revenue of the period, in each currency, by the users ever seen up to
its end, and by the users with a sale that completed in it.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..rollups.store import RolledStore
from ..storage.together import together
from .answer import Answer, average, change, to_step
from .exchange import Converted, Rates
from .lifetime import Predicted, predicted_value
from .period import Period
from .recurring import (
    MONTHS,
    Arr,
    CustomerChurn,
    Ledger,
    Mrr,
    MrrMovement,
    NetRetention,
    RevenueChurn,
    ledgers,
)
from .revenue import (
    CurrencyTotals,
    Refunds,
    Revenue,
    paying_users,
    revenue_by_plan,
    totals_by_currency,
)
from .users import total_users

Growth = Annotated[
    float | None,
    Meta(
        description="(netRevenue - that of the period before, of the same length) / the one "
        "before, in %."
    ),
]
NOTHING = CurrencyTotals(Decimal(0), Decimal(0), Decimal(0), None)


class CurrencyEarnings(Answer, frozen=True):
    """The earnings of a period in one currency."""

    mrr: Mrr
    arr: Arr
    total_revenue: Revenue
    refunds: Refunds
    net_revenue: Annotated[Decimal, Meta(description="totalRevenue - refunds")]
    average_revenue_per_user: Annotated[
        Decimal | None,
        Meta(description="netRevenue / users ever seen up to the period's end, of all currencies"),
    ]
    average_revenue_per_paying_user: Annotated[
        Decimal | None, Meta(description="netRevenue / payingUsers")
    ]
    paying_users: Annotated[
        int, Meta(description="Distinct users with a sale that completed in the period.")
    ]
    revenue_growth: Growth
    customers: Annotated[int, Meta(description="Customers with MRR at the end.")]
    customer_churn_rate: CustomerChurn
    revenue_churn_rate: RevenueChurn
    net_revenue_retention: NetRetention
    mrr_movement: MrrMovement
    predicted_lifetime_value: Predicted


class ConvertedEarnings(Converted, frozen=True):
    """The earnings of a period in all currencies, converted to one."""

    mrr: Annotated[Decimal | None, Meta(description="Sum of the converted MRR, at the end.")]
    arr: Annotated[Decimal | None, Meta(description="Sum of the converted ARR.")]
    total_revenue: Annotated[Decimal | None, Meta(description="Sum of the converted revenue.")]
    refunds: Annotated[Decimal | None, Meta(description="Sum of the converted refunds.")]
    net_revenue: Annotated[Decimal | None, Meta(description="Sum of the converted net revenue.")]
    average_revenue_per_user: Annotated[
        Decimal | None,
        Meta(description="netRevenue / users ever seen up to the period's end"),
    ]
    revenue_growth: Growth


class Earnings(Answer, frozen=True):
    """The earnings of a period by currency; `converted` where exchange rates are configured."""

    by_currency: dict[str, CurrencyEarnings]
    total_users: Annotated[
        int, Meta(description="Users ever seen (within retention) up to the period's end.")
    ]
    converted: ConvertedEarnings | None


async def earnings(
    store: RolledStore,
    scope: Scope,
    period: Period,
    *,
    now: datetime,
    rates: Rates | None = None,
) -> Earnings:
    """The earnings of the scope in the period; users are those seen by any family."""
    users, money, recurring, paying, predicted = await together(
        store,
        total_users(store, scope, period.end),
        together(
            store,
            revenue_by_plan(store, scope, period),
            revenue_by_plan(store, scope, period.before),
        ),
        ledgers(store, scope, period, now),
        paying_users(store, scope, period),
        predicted_value(store, scope, period.end, now),
    )
    current, previous = (totals_by_currency(plans) for plans in money)
    found = {
        currency: _in_currency(
            current.get(currency, NOTHING),
            previous.get(currency, NOTHING),
            recurring.get(currency, Ledger()),
            users=users,
            paying=paying.get(currency, 0),
            predicted=predicted.get(currency),
        )
        for currency in sorted({*current, *previous, *recurring})
    }
    converted = None
    if rates is not None:
        annual = {currency: ledger.end for currency, ledger in recurring.items()}
        converted = _converted(found, previous, annual, users, rates)
    return Earnings(found, users, converted)


def _in_currency(
    current: CurrencyTotals,
    previous: CurrencyTotals,
    ledger: Ledger,
    *,
    users: int,
    paying: int,
    predicted: Decimal | None,
) -> CurrencyEarnings:
    recurring = ledger.shown()
    return CurrencyEarnings(
        mrr=recurring.mrr,
        arr=recurring.arr,
        total_revenue=current.revenue,
        refunds=current.refunds,
        net_revenue=current.net_revenue,
        average_revenue_per_user=average(current.net_revenue, users),
        average_revenue_per_paying_user=average(current.net_revenue, paying),
        paying_users=paying,
        revenue_growth=change(current.net_revenue, previous.net_revenue),
        customers=recurring.customers,
        customer_churn_rate=recurring.customer_churn_rate,
        revenue_churn_rate=recurring.revenue_churn_rate,
        net_revenue_retention=recurring.net_revenue_retention,
        mrr_movement=recurring.movement,
        predicted_lifetime_value=predicted,
    )


def _converted(
    found: Mapping[str, CurrencyEarnings],
    previous: Mapping[str, CurrencyTotals],
    annual: Mapping[str, Decimal],
    users: int,
    rates: Rates,
) -> ConvertedEarnings:
    revenue, refunds, net = (
        rates.total({currency: getattr(part, name) for currency, part in found.items()})
        for name in ("total_revenue", "refunds", "net_revenue")
    )
    before = rates.total({currency: part.net_revenue for currency, part in previous.items()})
    a_year = rates.exact(annual)
    return ConvertedEarnings(
        **rates.used(found),
        mrr=None if a_year is None else to_step(a_year / MONTHS),
        arr=None if a_year is None else to_step(a_year),
        total_revenue=revenue,
        refunds=refunds,
        net_revenue=net,
        average_revenue_per_user=None if net is None else average(net, users),
        revenue_growth=None if net is None or before is None else change(net, before),
    )
