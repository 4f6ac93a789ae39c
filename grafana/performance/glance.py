"""Performance at a glance: all services together."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Numbers
from ..promql import WHOLE_RANGE, share
from .asked import ANY_ERROR, ASK, ERRORS, FULL, SERVER_ERROR, SERVER_ERRORS, SLOW


def _of_all(matcher: str) -> str:
    return share(ASK.growth(c.HTTP_REQUESTS, matcher), ASK.growth(c.HTTP_REQUESTS))


GLANCE = Topic(
    "At a glance",
    (
        Numbers(
            "Server errors",
            "Answers with a 5xx status, of all in the range.",
            "percentunit",
            {"errors": _of_all(SERVER_ERROR)},
            width=4,
            limits=SERVER_ERRORS,
        ),
        Numbers(
            "p95",
            "95 % of the calls of the range were answered within this time.",
            "s",
            {"p95": ASK.quantile(0.95, c.HTTP_REQUEST_DURATION, window=WHOLE_RANGE)},
            width=4,
            limits=SLOW,
        ),
        Numbers(
            "Errors",
            "Answers with a 4xx or 5xx status, of all in the range.",
            "percentunit",
            {"errors": _of_all(ANY_ERROR)},
            width=4,
            limits=ERRORS,
        ),
        Numbers(
            "Median",
            "Half of the calls of the range were answered within this time.",
            "s",
            {"p50": ASK.quantile(0.5, c.HTTP_REQUEST_DURATION, window=WHOLE_RANGE)},
            width=4,
            limits=SLOW,
        ),
        Numbers(
            "Calls",
            "Calls a second that were answered.",
            "reqps",
            {"calls": ASK.rate(c.HTTP_REQUESTS)},
            width=4,
        ),
        Numbers(
            "Fullest disk",
            "The disk in use of the service that has least room.",
            "percent",
            {"disk": ASK.reported(c.SYSTEM_DISK_USAGE)},
            width=4,
            limits=FULL,
        ),
    ),
)
