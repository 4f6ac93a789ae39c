"""Sales: money that came in, failed to, or went back, and the subscriptions it paid for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
import pycountry
from msgspec import Meta, Struct

from ..errors import Conflict, Invalid, Problem
from ..family import Amendment, Change, Family, Index, Mirror, Origin, Price, Rollup, Tracked
from ..fields import FreeMap, Identifier, Label, Moment, Money, ShortText
from ..metrics import catalogue

Kind = Literal["subscription", "upgrade", "purchase", "one_time", "refund", "credit", "debit"]
Status = Literal["pending", "completed", "failed", "cancelled", "refunded"]
MONEY_IN = frozenset({"subscription", "upgrade", "purchase", "one_time", "debit"})
MONEY_BACK = frozenset({"refund", "credit"})
SETTLED = frozenset({"completed", "refunded"})
"""The statuses of sales whose money moved; a refunded sale was completed before."""

STEPS: dict[str, frozenset[str]] = {
    "pending": frozenset({"completed", "failed", "cancelled"}),
    "failed": frozenset({"completed", "cancelled"}),  # the payment provider tried again
    "completed": frozenset({"refunded"}),
    "cancelled": frozenset(),
    "refunded": frozenset(),
}
CURRENCIES = frozenset(currency.alpha_3 for currency in pycountry.currencies)
NOTHING = Money(0)


class Subscription(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What a sale pays for, and for how long. Without `endDate` it runs for one interval."""

    start_date: Moment | None = None
    end_date: Moment | None = None
    interval: Literal["daily", "weekly", "monthly", "yearly"] = "monthly"
    auto_renew: bool | None = None
    trial_end: Moment | None = None


class Refund(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What was given back of a sale; without an amount, all of it."""

    amount: Money | None = None
    reason: ShortText | None = None
    processed_at: Moment | None = None


class Track(Tracked, kw_only=True):
    """The body of `POST /api/analytics/sales/track`."""

    transaction_id: Identifier
    type: Kind
    amount: Money
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3)] = "USD"
    status: Status
    payment_method: Label | None = None
    plan: Label | None = None
    subscription: Subscription | None = None
    refund: Refund | None = None
    metadata: FreeMap | None = None
    created_at: Moment | None = None


class Sale(Track, kw_only=True):
    """What is stored of a sale. `revenue` and `refunds` are what it adds to those two sums."""

    origin: Origin = Origin()
    revenue: Money = NOTHING
    refunds: Money = NOTHING
    completed_at: datetime | None = None
    refunded_at: datetime | None = None
    updated_at: datetime | None = None
    revision: int = 0


class Update(Amendment, kw_only=True):
    """The body of `PUT /api/analytics/sales/update/{transactionId}`."""

    status: Status
    refund: Refund | None = None
    subscription: Subscription | None = None


def update(document: Sale, body: Update, now: datetime) -> Sale:
    """The sale after one more step; the same status again may change its subscription only.

    A Conflict for a step that money cannot take; Invalid where more is refunded than was paid.
    """
    again = body.status == document.status
    if not again and body.status not in STEPS[document.status]:
        raise Conflict(f"A {document.status} sale cannot become {body.status}.")
    if again and body.refund is not None and not _says_nothing_new(body.refund, document.refund):
        raise Conflict(f"The refund of a {document.status} sale cannot change.")
    if again and body.subscription in (None, document.subscription):
        return document
    changed = msgspec.structs.replace(
        document,
        status=body.status,
        refund=document.refund if again else body.refund,
        subscription=body.subscription or document.subscription,
        updated_at=now,
        revision=document.revision + 1,
    )
    if problems := check(changed):
        raise Invalid.of(problems)
    return changed


def _says_nothing_new(refund: Refund, kept: Refund | None) -> bool:
    """Whether a refund is the one that is kept; what it left out was filled in when first told."""
    return kept is not None and all(
        getattr(refund, name) in (None, getattr(kept, name)) for name in Refund.__struct_fields__
    )


def check(body: Track) -> Sequence[Problem]:
    """Problems between the fields of a sale."""
    problems = []
    if body.currency not in CURRENCIES:
        problems.append(Problem("currency", "Expected a currency code of ISO 4217"))
    refund = body.refund
    if refund is not None:
        if body.status != "refunded" and body.type not in MONEY_BACK:
            problems.append(Problem("refund", "Expected only with status `refunded`"))
        if refund.amount is not None and refund.amount > body.amount:
            problems.append(Problem("refund.amount", "Expected at most the sale's `amount`"))
    subscription = body.subscription
    if (
        subscription is not None
        and subscription.start_date is not None
        and subscription.end_date is not None
        and subscription.end_date < subscription.start_date
    ):
        problems.append(Problem("subscription.endDate", "Expected no earlier than `startDate`"))
    return problems


def complete(document: Sale, price: Price) -> None:
    """Work out what the sale adds to revenue and refunds, and when it did."""
    moved = document.status in SETTLED
    at = document.updated_at or document.created_at
    if moved and document.completed_at is None:
        document.completed_at = at
    document.revenue = document.amount if moved and document.type in MONEY_IN else NOTHING
    if moved and document.type in MONEY_BACK:
        document.refunds = document.amount
        document.refunded_at = document.refunded_at or at
    elif document.status == "refunded":
        refund = document.refund or Refund()
        processed_at = refund.processed_at or at
        document.refund = Refund(
            amount=document.amount if refund.amount is None else refund.amount,
            reason=refund.reason,
            processed_at=processed_at,
        )
        document.refunds = document.refund.amount or NOTHING
        # What goes back came before, whatever somebody's clock says.
        document.refunded_at = _later(processed_at, document.completed_at)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((time for time in (one, other) if time is not None), default=None)


def mirror(before: Sale | None, after: Sale, out: Mirror) -> None:
    """Each step counts once, and money by what the step added."""
    plan = after.plan or ""
    if before is None or before.status != after.status:
        out.inc(
            catalogue.SALES_TRANSACTIONS,
            (after.type, after.status, plan, after.payment_method or ""),
        )
    revenue = after.revenue - (before.revenue if before else 0)
    refunds = after.refunds - (before.refunds if before else 0)
    if revenue:
        out.inc(catalogue.SALES_REVENUE, (after.type, plan, after.currency), float(revenue))
    if refunds:
        out.inc(catalogue.SALES_REFUNDS, (plan, after.currency), float(refunds))


_BECAME = ("type", "status", "paymentMethod")
_OF = ("plan", "currency")

SALE = Family(
    kind="sale",
    collection="sales",
    body=Track,
    document=Sale,
    key="transactionId",
    time_field="createdAt",
    retention="sales_retention_days",
    found_with=("userId",),
    dimensions=(
        "type",
        "status",
        "plan",
        "currency",
        "paymentMethod",
        "userPlan",
        "subscription.interval",
        "subscription.startDate",
        "subscription.endDate",
        "subscription.trialEnd",
        "subscription.autoRenew",
        "completedAt",
        "refundedAt",
    ),
    measures=("amount", "revenue", "refunds"),
    indexes=(
        # Money is asked for by when it moved, and subscriptions by their type.
        Index(("tenantId", "type", "completedAt")),
        Index(("tenantId", "refundedAt")),
    ),
    rollups=(
        Rollup(name="created", by=_BECAME, members=("userId",)),
        Rollup(name="revenue", by=("type", *_OF), time="completedAt", sums=("revenue",)),
        Rollup(name="refunds", by=_OF, time="refundedAt", sums=("refunds",)),
        Rollup(
            name="customers",
            by=("type", "currency"),
            time="completedAt",
            only=("userId",),
            sums=("revenue",),
            extremes=("completedAt",),
            members=("userId",),
        ),
        Rollup(
            name="customer_refunds",
            by=("currency",),
            time="refundedAt",
            only=("userId",),
            sums=("refunds",),
        ),
        Rollup(name="user_created", by=("userId", *_BECAME)),
        Rollup(
            name="user_revenue",
            by=("userId", "type", *_OF),
            time="completedAt",
            sums=("revenue",),
            extremes=("completedAt",),
        ),
        Rollup(name="user_refunds", by=("userId", *_OF), time="refundedAt", sums=("refunds",)),
    ),
    answer=("transactionId", "status"),
    duplicate="conflict",
    check=check,
    complete=complete,
    mirror=mirror,
    changes=(Change("update", Update, update, ("transactionId", "status")),),
)
