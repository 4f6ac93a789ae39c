"""Is all well? The numbers that somebody may have to get up for."""

from exporter.metrics import catalogue as c

from ..page import Topic, firing
from ..panels import Limits, Numbers
from ..promql import RECENT, share
from .asked import ASK, PAID_IN, SERVER_ERROR, SERVER_ERRORS

OWN = 'service="exporter"'

WELL = Topic(
    "Is all well?",
    (
        *(
            Numbers(
                title,
                f"Alerts of severity {severity} that fire now, each once whatever it fires for.",
                "short",
                {"alerts": f"count(count by (alertname) ({firing(severity)})) or vector(0)"},
                limits=limits,
            )
            for title, severity, limits in (
                ("Critical", "critical", Limits(1, 1)),
                ("Warnings", "warning", Limits(1, 10)),
            )
        ),
        Numbers(
            "Replicas",
            "Replicas of the service that Prometheus reached at its last scrape.",
            "short",
            {"replicas": f"sum({ASK.select('up')})"},
            limits=Limits(1, 1, falling=True),
            leads_to="meterhouse-service",
        ),
        Numbers(
            "Refused",
            "Events that were invalid or could not be kept, of all that were offered in the range.",
            "percentunit",
            {
                "refused": share(
                    ASK.growth(c.EVENTS, 'outcome=~"failed|invalid"'), ASK.growth(c.EVENTS)
                )
            },
            limits=Limits(0.001, 0.01),
            leads_to="meterhouse-service",
        ),
        Numbers(
            "Call p95",
            "95 % of the calls to this service in the last five minutes were answered within this "
            "time.",
            "s",
            {"p95": ASK.quantile(0.95, c.HTTP_REQUEST_DURATION, OWN, window=RECENT)},
            limits=Limits(0.5, 1),
            leads_to="meterhouse-service",
        ),
        Numbers(
            "5xx rate",
            "Answers with a 5xx status, of all in the last five minutes: this service and those "
            "that report to it.",
            "percentunit",
            {
                "errors": share(
                    ASK.growth(c.HTTP_REQUESTS, SERVER_ERROR, window=RECENT),
                    ASK.growth(c.HTTP_REQUESTS, window=RECENT),
                )
            },
            limits=SERVER_ERRORS,
            leads_to="meterhouse-performance",
        ),
        Numbers(
            "AI success",
            "AI requests that were completed, of all that ended in the range.",
            "percentunit",
            {
                "success": share(
                    ASK.growth(c.AI_REQUESTS, 'status="completed"'), ASK.growth(c.AI_REQUESTS)
                )
            },
            limits=Limits(0.95, 0.9, falling=True),
            leads_to="meterhouse-ai",
        ),
        Numbers(
            "Paid",
            "Payments that were completed, of those that were completed or failed in the range.",
            "percentunit",
            {
                "success": share(
                    ASK.growth(c.SALES_TRANSACTIONS, 'status="completed"', PAID_IN),
                    ASK.growth(c.SALES_TRANSACTIONS, 'status=~"completed|failed"', PAID_IN),
                )
            },
            limits=Limits(0.9, 0.8, falling=True),
            leads_to="meterhouse-sales",
        ),
    ),
)
