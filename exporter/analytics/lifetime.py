"""Customer lifetime value: what customers spent so far, and what a customer may come to be worth.

A customer here is a user with a completed sale; sales of no user are left out. What is predicted
is what a paying user brings in a month, for as many months as a customer stays at the churn of the
month up to the period's end.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..intervals import add_months
from ..records.sale import SALE
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, Where
from ..storage.together import together
from .answer import Answer, average, to_step
from .period import OF_A_USER, Period, scope_filters, up_to
from .recurring import Ledger, ledgers
from .revenue import IS_MONEY_IN, CurrencyTotals, paying_users, revenue_by_plan, totals_by_currency

Predicted = Annotated[
    Decimal | None,
    Meta(
        description="(net revenue / paying users) / (customers lost / customers at the start), all "
        "of the month up to the period's end; null where nobody was lost."
    ),
]


class LifetimeValue(Answer, frozen=True):
    """What customers spent in one currency, over all that is stored up to a moment.

    For one user it is what that user is worth so far.
    """

    customers: Annotated[int, Meta(description="Distinct users with a completed sale.")]
    transactions: Annotated[int, Meta(description="The sales that completed.")]
    spent: Annotated[Decimal, Meta(description="Their sum, less what was given back.")]
    average_order: Annotated[
        Decimal | None, Meta(description="Sum of the completed sales / transactions")
    ]
    average_per_customer: Annotated[Decimal | None, Meta(description="spent / customers")]
    first_purchase: datetime | None
    last_purchase: datetime | None
    predicted: Predicted


async def lifetime_value(
    store: Store, scope: Scope, until: datetime, now: datetime, where: Where = ()
) -> dict[str, LifetimeValue]:
    """What the scope's users spent before `until`, by currency."""
    within = (*scope_filters(scope), OF_A_USER, *where)
    ever = up_to(until)
    came, went, predicted = await together(
        store,
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
                where=(*within, IS_MONEY_IN, *ever.holds("completedAt")),
                by=("currency",),
            )
        ),
        store.aggregate(
            Aggregation(
                family=SALE,
                measures=(Measure("refunds", Function.SUM, "refunds"),),
                where=(*within, *ever.holds("refundedAt")),
                by=("currency",),
            )
        ),
        predicted_value(store, scope, until, now, where),
    )
    refunds = {row["currency"]: row["refunds"] for row in went}
    return {
        row["currency"]: _so_far(
            row, refunds.get(row["currency"], Decimal(0)), predicted.get(row["currency"])
        )
        for row in came
    }


async def predicted_value(
    store: Store, scope: Scope, until: datetime, now: datetime, where: Where = ()
) -> dict[str, Decimal]:
    """What a customer may come to be worth, by currency, where anybody was lost."""
    month = Period(add_months(until, -1), until)
    kept, plans, paying = await together(
        store,
        ledgers(store, scope, month, now, where),
        revenue_by_plan(store, scope, month, where),
        paying_users(store, scope, month, where),
    )
    return _predicted(kept, totals_by_currency(plans), paying)


def _predicted(
    kept: Mapping[str, Ledger], totals: Mapping[str, CurrencyTotals], paying: Mapping[str, int]
) -> dict[str, Decimal]:
    found = {}
    for currency, ledger in kept.items():
        money, users = totals.get(currency), paying.get(currency, 0)
        if ledger.lost and users and money is not None:
            value = money.net_revenue * ledger.customers_at_start / (users * ledger.lost)
            found[currency] = to_step(value)
    return found


def _so_far(row: Row, refunds: Decimal, predicted: Decimal | None) -> LifetimeValue:
    spent = row["revenue"] - refunds
    return LifetimeValue(
        customers=row["customers"],
        transactions=row["transactions"],
        spent=spent,
        average_order=average(row["revenue"], row["transactions"]),
        average_per_customer=average(spent, row["customers"]),
        first_purchase=row["first"],
        last_purchase=row["last"],
        predicted=predicted,
    )
