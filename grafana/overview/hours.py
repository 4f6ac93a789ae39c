"""What fires, and how the hours went that led to it."""

from exporter.metrics import catalogue as c

from ..page import FIRING, Topic
from ..panels import Column, Lines, Table
from ..promql import A_WEEK_BEFORE, RECENT, share
from .asked import ASK, PAID_IN, SERVER_ERROR, SERVER_ERRORS

HOUR = "1h"
LOW = 6
"""The height of a panel, so that all of them are seen at once."""
SERVICE = ("service",)
ALERT = "alertname, severity"

HOURS = Topic(
    "How did it go?",
    (
        Table(
            "What fires",
            "Alerts of severity critical or warning that fire now, and for how long their "
            "condition has held; the worst first, then the newest.",
            {"alertname": "Alert", "severity": "Level"},
            (
                Column(
                    "For",
                    f"time() - max by ({ALERT}) (ALERTS_FOR_STATE) and on ({ALERT}) {FIRING}",
                    "dthms",
                ),
            ),
            width=8,
            height=LOW,
            widths={"Alert": 222, "Level": 68},
            nothing="No alert fires",
            order=("Level", "For"),
        ),
        Lines(
            "Events recorded",
            "Events a second that were stored, by family.",
            "ops",
            {"{{family}}": ASK.rate(c.EVENTS, 'outcome=~"stored|spooled"', by=("family",))},
            stacked=True,
            height=LOW,
        ),
        Lines(
            "Server errors by service",
            "Answers with a 5xx status, of all answers of the service in the five minutes before "
            "each point; the five services with the most in the range.",
            "percentunit",
            {
                "{{service}}": ASK.largest(
                    share(
                        ASK.growth(c.HTTP_REQUESTS, SERVER_ERROR, by=SERVICE, window=RECENT),
                        ASK.growth(c.HTTP_REQUESTS, by=SERVICE, window=RECENT),
                    ),
                    c.HTTP_REQUESTS,
                    SERVICE,
                    SERVER_ERROR,
                    number=5,
                )
            },
            limits=SERVER_ERRORS,
            height=LOW,
            nothing="None yet",
        ),
        Lines(
            "AI requests by outcome",
            "AI requests a second, by how they ended.",
            "reqps",
            {"{{status}}": ASK.rate(c.AI_REQUESTS, by=("status",))},
            stacked=True,
            height=LOW,
        ),
        Lines(
            "AI cost of the last hour",
            "US dollars in the hour before each point, and in the same hour a week before.",
            "currencyUSD",
            {
                "cost": ASK.growth(c.AI_REQUEST_COST, window=HOUR),
                "a week before": ASK.growth(c.AI_REQUEST_COST, window=HOUR, at=A_WEEK_BEFORE),
            },
            height=LOW,
        ),
        Lines(
            "Payments of the last hour",
            "Payments in the hour before each point, by the status they came to.",
            "short",
            {
                "{{status}}": ASK.growth(
                    c.SALES_TRANSACTIONS,
                    'status=~"completed|failed"',
                    PAID_IN,
                    by=("status",),
                    window=HOUR,
                )
            },
            stacked=True,
            height=LOW,
        ),
    ),
)
