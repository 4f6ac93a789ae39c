"""Recurring revenue: MRR, how it moved between two times, and who was kept and lost.

MRR at a moment is the sum over the paying subscriptions that run then of what they pay in a month:
a monthly amount once, a yearly one / 12, a weekly one x 52 / 12, a daily one x 365 / 12. Trials do
not pay. A period's MRR is that at its end, or now while it lasts.

A customer is a user with MRR, or a subscription of no user by itself. Between the start and the
end of a period all of the difference is one of: new (no MRR ever before), reactivated (none at the
start, but earlier), expansion and contraction (more, less of a customer who had some at the start
and has some at the end), churned (none at the end). Who changes the currency contracts in the old
one and expands in the new one. Losses are negative, so that the five add up to the difference.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from msgspec import Meta

from ..access.principal import Scope
from ..records.sale import Sale
from ..storage.base import Store
from ..storage.query import Where
from .answer import MONEY_STEP, Answer, percent, percent_of, to_step
from .period import Period
from .subscriptions import PAYING, Customer, Subscribed, paid_before, paid_from, running

Key = TypeVar("Key", bound=Hashable)

MONTHS = 12
Book = Mapping[Customer, Mapping[str, Decimal]]
"""What each customer pays in a year, by currency; nobody with nothing."""

Mrr = Annotated[
    Decimal, Meta(description="Sum of what paying subscriptions pay in a month, at the end.")
]
Arr = Annotated[Decimal, Meta(description="12 x mrr, worked out before mrr is rounded.")]
CustomerChurn = Annotated[
    float | None,
    Meta(
        description="Customers with MRR at the start and none at the end / those at the start, "
        "in %."
    ),
]
RevenueChurn = Annotated[
    float | None, Meta(description="-(churned + contraction) / MRR at the start, in %.")
]
NetRetention = Annotated[
    float | None,
    Meta(
        description="MRR at the end of the customers who had MRR at the start / MRR at the start, "
        "in %."
    ),
]


class MrrMovement(Answer, frozen=True):
    """How MRR came from its start to its end: start + the five movements = end, exactly."""

    start: Annotated[Decimal, Meta(description="MRR at the period's start.")]
    new: Annotated[Decimal, Meta(description="MRR at the end of customers who never had any.")]
    reactivated: Annotated[
        Decimal,
        Meta(description="MRR at the end of customers with none at the start, but earlier."),
    ]
    expansion: Annotated[
        Decimal, Meta(description="What customers with MRR at both times pay more.")
    ]
    contraction: Annotated[
        Decimal, Meta(description="What customers with MRR at both times pay less; negative.")
    ]
    churned: Annotated[
        Decimal,
        Meta(description="MRR at the start of customers with none at the end; negative."),
    ]
    end: Annotated[Decimal, Meta(description="MRR at the period's end.")]


class Recurring(Answer, frozen=True):
    """The recurring revenue of a period in one currency."""

    mrr: Mrr
    arr: Arr
    customers: Annotated[int, Meta(description="Customers with MRR at the end.")]
    movement: MrrMovement
    customer_churn_rate: CustomerChurn
    revenue_churn_rate: RevenueChurn
    net_revenue_retention: NetRetention


MOVEMENTS = ("new", "reactivated", "expansion", "contraction", "churned")


@dataclass
class Ledger:
    """What is needed of two moments in one currency; amounts are of a year, and exact."""

    start: Decimal = Decimal(0)
    end: Decimal = Decimal(0)
    kept: Decimal = Decimal(0)
    """What the customers at the start pay at the end."""
    customers_at_start: int = 0
    customers_at_end: int = 0
    lost: int = 0
    moved: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(MOVEMENTS, Decimal(0)))

    def shown(self) -> Recurring:
        """The same by the month, rounded to 6 decimals so that it still adds up."""
        start, end = (to_step(amount / MONTHS) for amount in (self.start, self.end))
        parts = _rounded({name: self.moved[name] / MONTHS for name in MOVEMENTS}, end - start)
        lost = self.moved["churned"] + self.moved["contraction"]
        return Recurring(
            mrr=end,
            arr=to_step(self.end),
            customers=self.customers_at_end,
            movement=MrrMovement(start=start, end=end, **parts),
            customer_churn_rate=percent(self.lost, self.customers_at_start),
            revenue_churn_rate=percent_of(-lost, self.start),
            net_revenue_retention=percent_of(self.kept, self.start),
        )


async def ledgers(
    store: Store, scope: Scope, period: Period, now: datetime, where: Where = ()
) -> dict[str, Ledger]:
    """The recurring revenue of the scope at the start and the end of the period, by currency."""
    start, end = min(period.start, now), min(period.end, now)
    sales = await paid_from(store, scope, start, where)
    before, after = await asyncio.to_thread(lambda: [_book(sales, at) for at in (start, end)])
    came = [customer for customer in after if customer not in before]
    return compare(before, after, await paid_before(store, scope, came, start, where))


def _book(sales: Sequence[Sale], at: datetime) -> Book:
    return by_customer(running(sales, at))


def by_customer(subscriptions: Iterable[Subscribed]) -> Book:
    """What each customer pays in a year."""
    book: defaultdict[Customer, defaultdict[str, Decimal]] = defaultdict(
        lambda: defaultdict(Decimal)
    )
    for one in subscriptions:
        if one.state in PAYING and one.annual:
            book[one.customer][one.currency] += one.annual
    return book


def compare(before: Book, after: Book, known: Iterable[Customer]) -> dict[str, Ledger]:
    """The ledger of each currency; `known` are those of the customers in `after` alone who had
    MRR at some time before."""
    known = set(known)
    found: defaultdict[str, Ledger] = defaultdict(Ledger)
    for customer in {**before, **after}:
        had, has = before.get(customer, {}), after.get(customer, {})
        for currency in sorted({*had, *has}):
            paid, pays = had.get(currency, Decimal(0)), has.get(currency, Decimal(0))
            ledger = found[currency]
            ledger.start += paid
            ledger.end += pays
            ledger.moved[_movement(bool(had), bool(has), pays > paid, customer in known)] += (
                pays - paid
            )
            if paid:
                ledger.kept += pays
                ledger.customers_at_start += 1
                ledger.lost += not has
            ledger.customers_at_end += bool(pays)
    return {currency: found[currency] for currency in sorted(found)}


def _movement(had: bool, has: bool, more: bool, known: bool) -> str:
    if not has:
        return "churned"
    if not had:
        return "reactivated" if known else "new"
    return "expansion" if more else "contraction"


def _rounded(parts: Mapping[str, Decimal], whole: Decimal) -> dict[str, Decimal]:
    """The parts to 6 decimals, so that they add up to `whole`: what rounding each by itself leaves
    over, at most a step for each part that is not 0, goes where it changes least."""
    rounded = {name: to_step(part) for name, part in parts.items()}
    rest = whole - sum(rounded.values(), Decimal(0))
    step = MONEY_STEP.copy_sign(rest)
    moved = [name for name, part in parts.items() if part]
    moved.sort(key=lambda name: (rounded[name] - parts[name]) * step)
    for name in moved[: int(abs(rest) / MONEY_STEP)]:
        rounded[name] += step
    return rounded


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
