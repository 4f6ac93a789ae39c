"""Sales: what came in and went back, in which currency, and how subscriptions stand."""

from grafana_foundation_sdk.builders import bargauge, stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics import catalogue as c

from .common import Choice, Topic, page
from .limits import Limits
from .panels import lines, numbers, ranking
from .promql import Scope, difference, share
from .tables import Column, grid

ASK = Scope(("plan", "currency"))
CURRENCY = ("currency",)
HOUR = "1h"
PAID_IN = 'type!~"refund|credit"'
"""Transactions that bring money in."""
FAILING = Limits(0.1, 0.25)


def dashboard() -> model.Dashboard:
    """The whole of it."""
    return page(
        "meterhouse-sales",
        "Sales",
        "Money in and out, each currency for itself, subscriptions, and payments that fail.",
        (
            Topic(
                "At a glance",
                (
                    _revenue(),
                    _refunds(),
                    _recurring(),
                    _active(),
                    _completed(),
                    _success(),
                ),
            ),
            Topic("Revenue", (_revenue_by_hour(), _against_last_week(), _refunds_by_hour())),
            Topic("What brings it in", (_revenue_by_plan(), _by_type())),
            Topic("Subscriptions", (_recurring_over_time(), _states(), _active_by_plan(), _lost())),
            Topic("Payments", (_outcomes(), _failures(), _methods())),
        ),
        choices=(
            Choice("plan", c.SALES_TRANSACTIONS, "Plan"),
            Choice("currency", c.SALES_REVENUE, "Currency"),
        ),
    )


def _revenue() -> stat.Panel:
    return numbers(
        "Revenue",
        "Completed money in, in the range.",
        "short",
        [(ASK.growth(c.SALES_REVENUE, by=CURRENCY), "{{currency}}")],
        width=5,
    )


def _refunds() -> stat.Panel:
    return numbers(
        "Refunds",
        "Money given back in the range.",
        "short",
        [(ASK.growth(c.SALES_REFUNDS, by=CURRENCY), "{{currency}}")],
        width=5,
        nothing="None yet",
    )


def _recurring() -> stat.Panel:
    return numbers(
        "Monthly recurring revenue",
        "MRR now: what the active subscriptions bring in a month, without trials.",
        "short",
        [(ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=CURRENCY), "{{currency}}")],
        width=5,
    )


def _active() -> stat.Panel:
    return numbers(
        "Subscribed",
        "Subscriptions that are paid for now; trials are not.",
        "short",
        [(ASK.stored(c.SUBSCRIPTIONS_CURRENT, 'status="active"'), "active")],
    )


def _completed() -> stat.Panel:
    return numbers(
        "Payments",
        "Payments that were completed in the range.",
        "short",
        [(ASK.growth(c.SALES_TRANSACTIONS, 'status="completed"', PAID_IN), "completed")],
    )


def _paid(status: str, window: str = "$__range", by: tuple[str, ...] = ()) -> str:
    """Payments that came to `status`, of those that were completed or failed."""
    came, tried = (
        ASK.growth(c.SALES_TRANSACTIONS, f'status=~"{one}"', PAID_IN, by=by, window=window)
        for one in (status, "completed|failed")
    )
    return share(came, tried)


def _success() -> stat.Panel:
    return numbers(
        "Paid",
        "Payments that were completed, of those that were completed or failed in the range.",
        "percentunit",
        [(_paid("completed"), "success")],
        limits=Limits(0.9, 0.75, falling=True),
    )


def _revenue_by_hour() -> timeseries.Panel:
    return lines(
        "Revenue of the last hour",
        "Completed money in during the hour before each point, in each currency's own unit.",
        "short",
        [(ASK.growth(c.SALES_REVENUE, by=CURRENCY, window=HOUR), "{{currency}}")],
    )


def _against_last_week() -> timeseries.Panel:
    return lines(
        "Payments of the last day",
        "Completed payments in the 24 hours before each point, and a week before that.",
        "short",
        [
            (
                ASK.growth(
                    c.SALES_TRANSACTIONS, 'status="completed"', PAID_IN, window="1d", offset=offset
                ),
                name,
            )
            for offset, name in (("", "payments"), ("1w", "a week before"))
        ],
    )


def _refunds_by_hour() -> timeseries.Panel:
    return lines(
        "Refunds of the last hour",
        "Money given back in the hour before each point, in each currency's own unit.",
        "short",
        [(ASK.growth(c.SALES_REFUNDS, by=CURRENCY, window=HOUR), "{{currency}}")],
        nothing="None yet",
    )


def _revenue_by_plan() -> table.Panel:
    by = ("plan", "currency")
    revenue, refunds = ASK.growth(c.SALES_REVENUE, by=by), ASK.growth(c.SALES_REFUNDS, by=by)
    return grid(
        "Plans compared",
        "Every plan over the whole range, in each currency's own unit.",
        {"plan": "Plan", "currency": "Currency"},
        (
            Column("Revenue", revenue, "short"),
            Column("Refunds", refunds, "short"),
            Column("Net revenue", difference(revenue, refunds), "short"),
            Column("MRR", ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=by), "short"),
        ),
        width=16,
    )


def _by_type() -> timeseries.Panel:
    return lines(
        "Payments of the last hour by type",
        "Completed transactions in the hour before each point.",
        "short",
        [
            (
                ASK.growth(c.SALES_TRANSACTIONS, 'status="completed"', by=("type",), window=HOUR),
                "{{type}}",
            )
        ],
        height=9,
        stacked=True,
    )


def _recurring_over_time() -> timeseries.Panel:
    return lines(
        "Monthly recurring revenue over time",
        "MRR at each point, in each currency's own unit.",
        "short",
        [(ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=CURRENCY), "{{currency}}")],
        width=6,
    )


def _states() -> timeseries.Panel:
    return lines(
        "Subscriptions by state",
        "Active, on trial, or cancelled and not begun again.",
        "short",
        [(ASK.stored(c.SUBSCRIPTIONS_CURRENT, by=("status",)), "{{status}}")],
        width=6,
    )


def _active_by_plan() -> timeseries.Panel:
    active = ASK.stored(c.SUBSCRIPTIONS_CURRENT, 'status="active"', by=("plan",))
    return lines(
        "Active subscriptions by plan",
        "Subscriptions that are paid for at each point.",
        "short",
        [(active, "{{plan}}")],
        width=6,
        stacked=True,
    )


def _lost() -> timeseries.Panel:
    cancelled = ASK.stored(c.SUBSCRIPTIONS_CURRENT, 'status="cancelled"', by=("plan",))
    every = ASK.stored(c.SUBSCRIPTIONS_CURRENT, by=("plan",))
    return lines(
        "Cancelled subscriptions",
        "Cancelled, of all the subscriptions that are known: where it rises, customers leave.",
        "percentunit",
        [(share(cancelled, every), "{{plan}}")],
        width=6,
    )


def _outcomes() -> timeseries.Panel:
    return lines(
        "Steps of the last hour by status",
        "Steps that sales took in the hour before each point, by the status they came to.",
        "short",
        [(ASK.growth(c.SALES_TRANSACTIONS, by=("status",), window=HOUR), "{{status}}")],
        stacked=True,
    )


def _failures() -> timeseries.Panel:
    return lines(
        "Payments failed by method",
        "Payments that failed, of those tried in the hour before each point.",
        "percentunit",
        [(_paid("failed", HOUR, ("payment_method",)), "{{payment_method}}")],
        limits=FAILING,
    )


def _methods() -> bargauge.Panel:
    paid = ASK.growth(c.SALES_TRANSACTIONS, 'status="completed"', PAID_IN, by=("payment_method",))
    return ranking(
        "Payment methods",
        "Completed payments of the range by how they were made.",
        "short",
        [(f"topk(10, {paid})", "{{payment_method}}")],
    )
