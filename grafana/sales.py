"""Sales: what came in and went back, in which currency, and how subscriptions stand."""

from exporter.metrics import catalogue as c

from .page import Page, Topic
from .panels import MOST, Column, Limits, Lines, Numbers, Ranking, Table
from .promql import A_WEEK_BEFORE, WHOLE_RANGE, Scope, difference, share
from .variables import Choice

ASK = Scope(("plan", "currency"))
CURRENCY = ("currency",)
PLAN = ("plan",)
HOUR = "1h"
PAID_IN = 'type!~"refund|credit"'
"""Transactions that bring money in."""
COMPLETED = 'status="completed"'
NO_REFUND = "None yet"
REVENUE, REFUNDS = (
    ASK.growth(counter, by=("plan", "currency")) for counter in (c.SALES_REVENUE, c.SALES_REFUNDS)
)


def _paid(status: str, window: str = WHOLE_RANGE, by: tuple[str, ...] = ()) -> str:
    """Payments that came to `status`, of those that were completed or failed."""
    came, tried = (
        ASK.growth(c.SALES_TRANSACTIONS, f'status=~"{one}"', PAID_IN, by=by, window=window)
        for one in (status, "completed|failed")
    )
    return share(came, tried)


GLANCE = Topic(
    "At a glance",
    (
        Numbers(
            "Paid",
            "Payments that were completed, of those that were completed or failed in the range.",
            "percentunit",
            {"success": _paid("completed")},
            limits=Limits(0.9, 0.8, falling=True),
        ),
        Numbers(
            "Payments",
            "Payments that were completed in the range.",
            "short",
            {"completed": ASK.or_zero(ASK.growth(c.SALES_TRANSACTIONS, COMPLETED, PAID_IN))},
        ),
        Numbers(
            "Paying",
            "Subscriptions that are paid for now; trials are not.",
            "short",
            {"active": ASK.or_zero(ASK.stored(c.SUBSCRIPTIONS_CURRENT, 'status="active"'))},
        ),
        Numbers(
            "Revenue",
            "Completed money in, in the range, each currency for itself.",
            "short",
            {"{{currency}}": ASK.growth(c.SALES_REVENUE, by=CURRENCY)},
            width=5,
        ),
        Numbers(
            "Refunds",
            "Money given back in the range, each currency for itself.",
            "short",
            {"{{currency}}": ASK.growth(c.SALES_REFUNDS, by=CURRENCY)},
            width=5,
            nothing=NO_REFUND,
        ),
        Numbers(
            "MRR",
            "Monthly recurring revenue now: what the active subscriptions bring in a month, "
            "without trials.",
            "short",
            {"{{currency}}": ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=CURRENCY)},
            width=5,
        ),
    ),
)
MONEY = Topic(
    "Revenue",
    (
        Lines(
            "Payments of the last day",
            "Completed payments in the 24 hours before each point, and a week before that.",
            "short",
            {
                name: ASK.growth(c.SALES_TRANSACTIONS, COMPLETED, PAID_IN, window="1d", at=at)
                for name, at in (("payments", ""), ("a week before", A_WEEK_BEFORE))
            },
            width=6,
        ),
        Lines(
            "Refunds of the last hour",
            "Money given back in the hour before each point, in each currency's own unit.",
            "short",
            {"{{currency}}": ASK.growth(c.SALES_REFUNDS, by=CURRENCY, window=HOUR)},
            width=6,
            nothing=NO_REFUND,
        ),
        Lines(
            "Revenue of the last hour",
            "Completed money in during the hour before each point, in each currency's own unit.",
            "short",
            {"{{currency}}": ASK.growth(c.SALES_REVENUE, by=CURRENCY, window=HOUR)},
            width=12,
        ),
    ),
)
SOURCES = Topic(
    "What brings it in",
    (
        Table(
            "Plans compared",
            "Every plan over the whole range, in each currency's own unit.",
            {"plan": "Plan", "currency": "Currency"},
            (
                Column("Revenue", REVENUE, "short"),
                Column("Refunds", REFUNDS, "short"),
                Column("Net revenue", difference(REVENUE, REFUNDS), "short"),
                Column(
                    "MRR",
                    ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=("plan", "currency")),
                    "short",
                ),
            ),
            width=16,
        ),
        Lines(
            "Payments of the last hour by type",
            "Completed transactions in the hour before each point.",
            "short",
            {"{{type}}": ASK.growth(c.SALES_TRANSACTIONS, COMPLETED, by=("type",), window=HOUR)},
            height=9,
            stacked=True,
        ),
    ),
)
SUBSCRIPTIONS = Topic(
    "Subscriptions",
    (
        Lines(
            "MRR over time",
            "MRR at each point, in each currency's own unit.",
            "short",
            {"{{currency}}": ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=CURRENCY)},
            width=6,
        ),
        Lines(
            "Subscriptions by state",
            "Active, on trial, or cancelled and not begun again.",
            "short",
            {"{{status}}": ASK.stored(c.SUBSCRIPTIONS_CURRENT, by=("status",))},
            width=6,
        ),
        Lines(
            "Active subscriptions by plan",
            "Subscriptions that are paid for at each point.",
            "short",
            {"{{plan}}": ASK.stored(c.SUBSCRIPTIONS_CURRENT, 'status="active"', by=PLAN)},
            width=6,
            stacked=True,
        ),
        Lines(
            "Cancelled subscriptions",
            "Cancelled, of all the subscriptions that are known: where it rises, customers leave.",
            "percentunit",
            {
                "{{plan}}": share(
                    ASK.stored(c.SUBSCRIPTIONS_CURRENT, 'status="cancelled"', by=PLAN),
                    ASK.stored(c.SUBSCRIPTIONS_CURRENT, by=PLAN),
                )
            },
            width=6,
        ),
    ),
)
PAYMENTS = Topic(
    "Payments",
    (
        Lines(
            "Steps of the last hour by status",
            "Steps that sales took in the hour before each point, by the status they came to.",
            "short",
            {"{{status}}": ASK.growth(c.SALES_TRANSACTIONS, by=("status",), window=HOUR)},
            stacked=True,
        ),
        Lines(
            "Payments failed by method",
            "Payments that failed, of those tried in the hour before each point.",
            "percentunit",
            {"{{payment_method}}": _paid("failed", HOUR, ("payment_method",))},
            limits=Limits(0.1, 0.2),
        ),
        Ranking(
            "Payment methods",
            "Completed payments of the range by how they were made, the six most used.",
            "short",
            {
                "{{payment_method}}": f"topk({MOST}, "
                + ASK.growth(c.SALES_TRANSACTIONS, COMPLETED, PAID_IN, by=("payment_method",))
                + ")"
            },
        ),
    ),
)
PAGE = Page(
    "meterhouse-sales",
    "Sales",
    "Money in and out, each currency for itself, subscriptions, and payments that fail.",
    (GLANCE, PAYMENTS, MONEY, SOURCES, SUBSCRIPTIONS),
    variables=(
        Choice("plan", c.SALES_TRANSACTIONS, "Plan"),
        Choice("currency", c.SALES_REVENUE, "Currency"),
    ),
)
