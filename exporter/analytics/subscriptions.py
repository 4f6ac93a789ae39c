"""Subscriptions: who was subscribed to what at a moment, worked out from the sales they paid.

A subscription is paid by sales of type `subscription`, and by an `upgrade` that states its terms.
It runs from its `startDate` (else from the moment of payment) to its `endDate`; without one, for
one interval of the UTC calendar and the days of grace in which the next payment may come.

At any moment a user has at most one subscription to a plan: the one that started last. An upgrade
takes the place of the user's other subscriptions that started before it, so that nobody counts
twice for the rest of the interval. A sale of no user is a subscriber by itself.

A sale that was refunded, all of it, paid for a subscription until it was. A subscription is on
trial until its `trialEnd`; one that will not renew (`autoRenew` false) is cancelled, and goes on to
its end.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ..access.principal import Scope
from ..intervals import DAY, WEEK, add_months
from ..records.sale import SALE, SETTLED, Sale, Subscription
from ..storage.base import Store
from ..storage.query import Filter, Find, Operator, Order, Where, equals
from ..storage.together import together
from .period import scope_filters

GRACE = timedelta(days=3)
"""How late a renewal may be before a subscription without an end date counts as ended."""

PAGE = 10_000
"""Sales that are read from the store at once."""

AT_ONCE = 1_000
"""Users that are named in one question."""

Customer = tuple[str, str | None, str]
"""The tenant, the user, and '': or for a sale of no user, the transaction that is by itself."""


class State(StrEnum):
    """What a running subscription is doing."""

    ACTIVE = "active"
    TRIAL = "trial"
    CANCELLED = "cancelled"


PAYING = frozenset({State.ACTIVE, State.CANCELLED})
"""The states whose amount is recurring revenue: a cancelled one is paid until it ends."""


@dataclass(frozen=True, slots=True)
class Billing:
    """How long one payment lasts, and how many of them make a year."""

    a_year: int
    months: int = 0
    time: timedelta = timedelta()

    def after(self, start: datetime) -> datetime:
        """The end of what was paid at `start`; 31 January and a month is the end of February."""
        return add_months(start, self.months) + self.time


BILLINGS: Mapping[str, Billing] = {
    "daily": Billing(365, time=DAY),
    "weekly": Billing(52, time=WEEK),
    "monthly": Billing(12, months=1),
    "yearly": Billing(1, months=12),
}
YEARLY_REACH = timedelta(days=366) + GRACE
REACH = timedelta(days=31) + GRACE
"""How far back a payment can lie that still runs: a year's, and any other interval's."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that runs at the moment asked about.

    annual: what it pays in a year, exactly: its amount times 12 if monthly, 52 if weekly, 365
        if daily, and once if yearly.
    """

    customer: Customer
    plan: str | None
    currency: str
    state: State
    annual: Decimal
    start: datetime

    @property
    def user(self) -> str | None:
        """Whose it is; None for one of no user."""
        return self.customer[1]


async def subscriptions_at(
    store: Store, scope: Scope | None, at: datetime, where: Where = ()
) -> list[Subscribed]:
    """The subscriptions of the scope that run at `at`, in no particular order."""
    return await asyncio.to_thread(running, await paid_from(store, scope, at, where), at)


async def paid_from(
    store: Store, scope: Scope | None, at: datetime, where: Where = ()
) -> list[Sale]:
    """The scope's sales that may pay for a subscription at `at`, or at a moment after it."""
    common = (*scope_filters(scope), *_PAID, *where)
    found = await together(store, *(_find(store, (*common, *part)) for part in _may_run(at)))
    return [sale for sales in found for sale in sales]


async def paid_before(
    store: Store, scope: Scope, customers: Sequence[Customer], at: datetime, where: Where = ()
) -> set[Customer]:
    """Those of the scope's customers who paid for a subscription at some moment before `at`."""
    users = [user for _, user, _ in customers if user is not None]
    found: set[Customer] = set()
    for place in range(0, len(users), AT_ONCE):
        named = Filter("userId", Operator.IN, tuple(users[place : place + AT_ONCE]))
        sales = await _find(store, (*scope_filters(scope), *_PAID, named, *where))
        found |= {_customer(sale) for sale in sales if _paid_before(sale, at)}
    return found


def running(sales: Iterable[Sale], at: datetime) -> list[Subscribed]:
    """The subscriptions that settled `sales` pay for and that run at `at`."""
    latest: dict[tuple[Customer, str | None], tuple[datetime, Sale]] = {}
    upgraded: dict[Customer, datetime] = {}
    for sale in sales:
        start = _start_of(sale)
        if not _runs(sale, start, at):
            continue
        user = _customer(sale)
        kept = latest.get((user, sale.plan))
        if kept is None or _rank(kept[1]) < _rank(sale):
            latest[user, sale.plan] = start, sale
        if sale.type == "upgrade":
            upgraded[user] = max(start, upgraded.get(user, start))
    return [
        _subscribed(sale, start, at)
        for start, sale in latest.values()
        if start >= upgraded.get(_customer(sale), start)
    ]


_PAID = (
    Filter("type", Operator.IN, ("subscription", "upgrade")),
    Filter("status", Operator.IN, tuple(sorted(SETTLED))),
)


def _may_run(at: datetime) -> tuple[Where, ...]:
    """Filters that together find every sale that may run at `at` or later, each by one of them."""
    no_end = equals("subscription.endDate", None)
    no_start = equals("subscription.startDate", None)
    parts: list[Where] = [(Filter("subscription.endDate", Operator.GT, at),)]
    # Sales without terms have no interval either; `ne` holds for those, and they are monthly.
    for interval, reach in (
        (equals("subscription.interval", "yearly"), YEARLY_REACH),
        (Filter("subscription.interval", Operator.NE, "yearly"), REACH),
    ):
        started = Filter("subscription.startDate", Operator.GT, at - reach)
        paid = Filter("completedAt", Operator.GT, at - reach)
        parts += [(interval, no_end, started), (interval, no_end, no_start, paid)]
    return tuple(parts)


_READ = frozenset(
    {
        *("tenantId", "userId", "transactionId", "type", "status", "plan", "amount", "currency"),
        *("subscription", "createdAt", "completedAt", "refundedAt", "refunds"),
    }
)
_BY_PAYMENT = (Order("completedAt"),)
"""An order for the pages; in that of the keys SQLite would read all sales to have them in order."""
_LEFT_OUT = frozenset(SALE.document.__struct_encode_fields__) - _READ


async def _find(store: Store, where: Where) -> list[Sale]:
    found: list[Sale] = []
    while True:
        page = await store.find(
            Find(SALE, where, _BY_PAYMENT, PAGE, offset=len(found), leave_out=_LEFT_OUT)
        )
        found += page
        if len(page) < PAGE:
            return found


def _start_of(sale: Sale) -> datetime:
    told = sale.subscription.start_date if sale.subscription is not None else None
    start = told or sale.completed_at or sale.created_at
    if start is None:
        raise ValueError(f"a stored sale has a time; {sale.transaction_id} has none")
    return start


def _pays(sale: Sale) -> bool:
    """Whether a sale pays for a subscription at all: an upgrade does where it states its terms."""
    return sale.type != "upgrade" or sale.subscription is not None


def _end_of(sale: Sale, start: datetime) -> datetime:
    """When what began at `start` ends, by its terms or by a refund."""
    terms = sale.subscription or Subscription()
    end = terms.end_date or BILLINGS[terms.interval].after(start) + GRACE
    if sale.refunded_at is None or sale.refunds < sale.amount:  # a part given back ends nothing
        return end
    return min(end, sale.refunded_at)


def _runs(sale: Sale, start: datetime, at: datetime) -> bool:
    # The start first: it may be so far away that the calendar ends before the subscription does.
    return _pays(sale) and start <= at < _end_of(sale, start)


def _paid_before(sale: Sale, at: datetime) -> bool:
    """Whether a sale was recurring revenue at some moment before `at`: running, and not a trial."""
    start = _start_of(sale)
    if start >= at or not _pays(sale) or not sale.amount:
        return False
    trial_end = sale.subscription.trial_end if sale.subscription is not None else None
    return max(start, trial_end or start) < min(at, _end_of(sale, start))


def _customer(sale: Sale) -> Customer:
    if sale.user_id is None:
        return sale.tenant_id or "", None, sale.transaction_id
    return sale.tenant_id or "", sale.user_id, ""


def _rank(sale: Sale) -> tuple[datetime, datetime, str]:
    """The later of two by this order is the one that counts."""
    start = _start_of(sale)
    return start, sale.completed_at or start, sale.transaction_id


def _subscribed(sale: Sale, start: datetime, at: datetime) -> Subscribed:
    terms = sale.subscription or Subscription()
    state = State.ACTIVE
    if terms.trial_end is not None and at < terms.trial_end:
        state = State.TRIAL
    elif terms.auto_renew is False:
        state = State.CANCELLED
    return Subscribed(
        customer=_customer(sale),
        plan=sale.plan,
        currency=sale.currency,
        state=state,
        annual=sale.amount * BILLINGS[terms.interval].a_year,
        start=start,
    )
