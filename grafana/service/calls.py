"""Calls to the service, the time of its scrapes, and its background tasks."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Limits, Lines
from .asked import ASK, CALLING, HOUR, INSTANCE, LATE, LATENESS, NONE_YET, OWN, SHORT

ENDPOINT = ("endpoint",)

CALLS = Topic(
    "Calls",
    (
        Lines(
            "Call percentiles",
            "Half, 95 % and 99 % of the calls to this service were answered within this time.",
            "s",
            ASK.percentiles(c.HTTP_REQUEST_DURATION, OWN),
            limits=CALLING,
        ),
        Lines(
            "Calls by endpoint",
            "Calls a second to this service, for its ten busiest endpoints.",
            "reqps",
            {
                "{{endpoint}}": ASK.largest(
                    ASK.rate(c.HTTP_REQUESTS, OWN, by=ENDPOINT), c.HTTP_REQUESTS, ENDPOINT, OWN
                )
            },
            width=16,
        ),
    ),
)
TASKS = Topic(
    "Background tasks and scrapes",
    (
        Lines(
            "Lateness of tasks",
            "Time since each task last succeeded, of what it may take: two of its intervals and a "
            "minute. Of replicas, the latest.",
            "percentunit",
            {"{{task}}": f"max by (task) ({LATENESS})"},
            limits=LATE,
        ),
        Lines(
            "Failed runs of tasks",
            "Runs of background tasks that failed in the hour before each point.",
            "short",
            {"{{task}}": ASK.growth(c.BACKGROUND_TASK_FAILURES, by=("task",), window=HOUR)},
            nothing=NONE_YET,
        ),
        Lines(
            "Time to render /metrics",
            "95 % of the scrapes were rendered within this time, by replica.",
            "s",
            {"{{instance}}": ASK.quantile(0.95, c.SCRAPE_DURATION, by=INSTANCE)},
            limits=Limits(1, 5),
        ),
    ),
)
REFUSED = Topic(
    "What was turned away, and what lost its name",
    (
        Lines(
            "Calls turned away",
            "Calls a second that were over a rate limit, or whose credential was refused.",
            "reqps",
            {
                "rate limit: {{kind}}": ASK.rate(c.RATE_LIMITED, by=("kind",)),
                "credential: {{reason}}": ASK.rate(c.AUTH_FAILURES, by=("reason",)),
            },
            width=12,
            height=SHORT,
            nothing=NONE_YET,
        ),
        Lines(
            "Values that became other",
            "Label values in the hour before each point. If it does not stop, ids are sent where "
            "names belong.",
            "short",
            {
                "{{metric}} {{label}}": ASK.growth(
                    c.LABEL_OVERFLOW, by=("metric", "label"), window=HOUR
                )
            },
            width=12,
            height=SHORT,
            nothing=NONE_YET,
        ),
    ),
)
