"""Overview: one screen that says whether all is well, what it costs and what it earns."""

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics import catalogue as c

from .common import FIRING, Topic, page
from .limits import Limits
from .panels import lines, numbers
from .promql import Scope, share

ASK = Scope()
HOUR = "1h"
LOW = 6
"""The height of a panel, so that all of them are seen at once."""
PAID_IN = 'type!~"refund|credit"'
"""Transactions that bring money in."""


def dashboard() -> model.Dashboard:
    """The whole of it."""
    return page(
        "meterhouse-overview",
        "Overview",
        "Is all well, what does it cost, what does it earn? The other dashboards say why.",
        (
            Topic(
                "Is all well?",
                (
                    _firing(),
                    _replicas(),
                    _lost(),
                    _tracking_latency(),
                    _server_errors(),
                    _ai_success(),
                    _payments(),
                    _active_now(),
                ),
            ),
            Topic(
                "What does it cost, what does it earn?",
                (_ai_cost(), _ai_requests(), _revenue(), _refunds(), _recurring(), _daily_users()),
            ),
            Topic(
                "How did it go?",
                (
                    _events(),
                    _ai_outcomes(),
                    _errors_by_service(),
                    _cost_by_hour(),
                    _revenue_by_hour(),
                    _users(),
                ),
            ),
        ),
    )


def _firing() -> stat.Panel:
    return numbers(
        "Firing",
        "Alerts of severity critical or warning that fire now.",
        "short",
        [(f"count({FIRING}) or vector(0)", "alerts")],
        limits=Limits(1, 3),
    )


def _replicas() -> stat.Panel:
    return numbers(
        "Replicas",
        "Replicas of the service that Prometheus reached at its last scrape.",
        "short",
        [(f"sum({ASK.select('up')})", "replicas")],
        limits=Limits(1, 1, falling=True),
    )


def _lost() -> stat.Panel:
    offered = ASK.growth(c.EVENTS, window="$__range")
    failed = ASK.growth(c.EVENTS, 'outcome=~"failed|invalid"', window="$__range")
    return numbers(
        "Refused",
        "Events that were invalid or could not be kept, of all that were offered in the range.",
        "percentunit",
        [(share(failed, offered), "refused")],
        limits=Limits(0.001, 0.01),
    )


def _tracking_latency() -> stat.Panel:
    return numbers(
        "Call p95",
        "95 % of the calls to this service were answered within this time.",
        "s",
        [(ASK.quantile(0.95, c.HTTP_REQUEST_DURATION, 'service="exporter"'), "p95")],
        limits=Limits(0.5, 1),
    )


def _server_errors() -> stat.Panel:
    answers = ASK.rate(c.HTTP_REQUESTS)
    return numbers(
        "5xx rate",
        "Answers with a 5xx status, of all: this service and those that report to it.",
        "percentunit",
        [(share(ASK.rate(c.HTTP_REQUESTS, 'status_code=~"5.."'), answers), "errors")],
        limits=Limits(0.01, 0.05),
    )


def _ai_success() -> stat.Panel:
    ended = ASK.growth(c.AI_REQUESTS)
    return numbers(
        "AI success",
        "AI requests that were completed, of all that ended in the range.",
        "percentunit",
        [(share(ASK.growth(c.AI_REQUESTS, 'status="completed"'), ended), "success")],
        limits=Limits(0.95, 0.9, falling=True),
    )


def _payments() -> stat.Panel:
    tried = ASK.growth(c.SALES_TRANSACTIONS, 'status=~"completed|failed"', PAID_IN)
    paid = ASK.growth(c.SALES_TRANSACTIONS, 'status="completed"', PAID_IN)
    return numbers(
        "Paid",
        "Payments that were completed, of those that were completed or failed in the range.",
        "percentunit",
        [(share(paid, tried), "success")],
        limits=Limits(0.9, 0.75, falling=True),
    )


def _active_now() -> stat.Panel:
    return numbers(
        "Active now",
        "Distinct users with an event in the last 5 minutes.",
        "short",
        [(ASK.stored(c.ACTIVE_USERS_CURRENT), "users")],
    )


def _ai_cost() -> stat.Panel:
    return numbers(
        "AI cost",
        "What the AI requests that ended in the range cost, in US dollars.",
        "currencyUSD",
        [(ASK.growth(c.AI_REQUEST_COST), "cost")],
        width=4,
    )


def _ai_requests() -> stat.Panel:
    return numbers(
        "AI requests",
        "AI requests that ended in the range.",
        "short",
        [(ASK.growth(c.AI_REQUESTS), "requests")],
        width=4,
    )


def _revenue() -> stat.Panel:
    return numbers(
        "Revenue",
        "Completed money in, in the range, each currency for itself.",
        "short",
        [(ASK.growth(c.SALES_REVENUE, by=("currency",)), "{{currency}}")],
        width=5,
    )


def _refunds() -> stat.Panel:
    return numbers(
        "Refunds",
        "Money given back in the range, each currency for itself.",
        "short",
        [(ASK.growth(c.SALES_REFUNDS, by=("currency",)), "{{currency}}")],
        width=4,
        nothing="None yet",
    )


def _recurring() -> stat.Panel:
    return numbers(
        "MRR",
        "Monthly recurring revenue now, each currency for itself.",
        "short",
        [(ASK.stored(c.MONTHLY_RECURRING_REVENUE, by=("currency",)), "{{currency}}")],
        width=4,
    )


def _daily_users() -> stat.Panel:
    return numbers(
        "DAU",
        "Distinct users with an event in the last 24 hours.",
        "short",
        [(ASK.stored(c.ACTIVE_USERS, 'window="1d"'), "users")],
        width=3,
    )


def _events() -> timeseries.Panel:
    return lines(
        "Events recorded",
        "Events a second that were stored, by family.",
        "ops",
        [(ASK.rate(c.EVENTS, 'outcome=~"stored|spooled"', by=("family",)), "{{family}}")],
        stacked=True,
        height=LOW,
    )


def _ai_outcomes() -> timeseries.Panel:
    return lines(
        "AI requests by outcome",
        "AI requests a second, by how they ended.",
        "reqps",
        [(ASK.rate(c.AI_REQUESTS, by=("status",)), "{{status}}")],
        stacked=True,
        height=LOW,
    )


def _errors_by_service() -> timeseries.Panel:
    by = ("service",)
    failed = ASK.rate(c.HTTP_REQUESTS, 'status_code=~"5.."', by=by)
    return lines(
        "Server errors by service",
        "Answers with a 5xx status, of all answers of the service.",
        "percentunit",
        [(share(failed, ASK.rate(c.HTTP_REQUESTS, by=by)), "{{service}}")],
        limits=Limits(0.01, 0.05),
        height=LOW,
    )


def _cost_by_hour() -> timeseries.Panel:
    cost = ASK.growth(c.AI_REQUEST_COST, by=("model",), window=HOUR)
    return lines(
        "AI cost of the last hour",
        "US dollars in the hour before each point, for the models that cost most.",
        "currencyUSD",
        [(ASK.largest(cost, c.AI_REQUEST_COST, "model"), "{{model}}")],
        stacked=True,
        height=LOW,
    )


def _revenue_by_hour() -> timeseries.Panel:
    return lines(
        "Revenue of the last hour",
        "Completed money in during the hour before each point, in each currency's own unit.",
        "short",
        [(ASK.growth(c.SALES_REVENUE, by=("currency",), window=HOUR), "{{currency}}")],
        height=LOW,
    )


def _users() -> timeseries.Panel:
    return lines(
        "Active users",
        "Distinct users with an event in the last 5 minutes, by plan.",
        "short",
        [(ASK.stored(c.ACTIVE_USERS_CURRENT, by=("user_plan",)), "{{user_plan}}")],
        stacked=True,
        height=LOW,
    )
