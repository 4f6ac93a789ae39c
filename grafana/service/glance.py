"""The service at a glance: is it there, does it keep what it is given, is it in time?"""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Limits, Numbers
from ..promql import RECENT, share
from .asked import ASK, CALLING, LATE, LATENESS, OWN, WRITING

GLANCE = Topic(
    "At a glance",
    (
        Numbers(
            "Replicas",
            "Replicas of the service that Prometheus reached at its last scrape.",
            "short",
            {"replicas": f"sum({ASK.select('up')})"},
            limits=Limits(1, 1, falling=True),
        ),
        Numbers(
            "Kept",
            "Events of the range that were stored, known already, or spooled, of all offered.",
            "percentunit",
            {
                "kept": share(
                    ASK.growth(c.EVENTS, 'outcome=~"stored|duplicate|spooled"'),
                    ASK.growth(c.EVENTS),
                )
            },
            limits=Limits(0.999, 0.99, falling=True),
        ),
        Numbers(
            "Spooled",
            "Events that wait for the database to come back.",
            "short",
            {"events": ASK.or_zero(f"sum({ASK.select(c.SPOOL_EVENTS)})")},
            limits=Limits(1, 1000),
        ),
        Numbers(
            "Set aside",
            "Entries of the spool that could not be replayed and wait for a decision.",
            "short",
            {"entries": ASK.or_zero(f"sum({ASK.select(c.DEAD_LETTERS_WAITING)})")},
            limits=Limits(1, 100),
        ),
        Numbers(
            "5xx rate",
            "Answers of this service with a 5xx status, of all in the last five minutes.",
            "percentunit",
            {
                "errors": share(
                    ASK.growth(c.HTTP_REQUESTS, OWN, 'status_code=~"5.."', window=RECENT),
                    ASK.growth(c.HTTP_REQUESTS, OWN, window=RECENT),
                )
            },
            limits=Limits(0.01, 0.05),
        ),
        Numbers(
            "Call p95",
            "95 % of the calls to this service in the last five minutes were answered within this "
            "time.",
            "s",
            {"p95": ASK.quantile(0.95, c.HTTP_REQUEST_DURATION, OWN, window=RECENT)},
            limits=CALLING,
        ),
        Numbers(
            "Write p95",
            "95 % of the group commits of the last five minutes were durable within this time.",
            "s",
            {"p95": ASK.quantile(0.95, c.WRITE_DURATION, window=RECENT)},
            limits=WRITING,
        ),
        Numbers(
            "Late task",
            "Time since the latest of the background tasks last succeeded, of what it may take: "
            "two of its intervals and a minute.",
            "percentunit",
            {"latest": f"max({LATENESS})"},
            limits=LATE,
        ),
    ),
)
