"""Calls by service and by endpoint: how many, how many fail, how long they take."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Column, Heat, Lines, Table
from ..promql import RECENT, WHOLE_RANGE, share, top
from .asked import ANY_ERROR, ASK, ERRORS, SERVER_ERROR, SERVER_ERRORS, SERVICE, SLOW

ENDPOINT = ("service", "method", "endpoint")
CALLS = ASK.growth(c.HTTP_REQUESTS, by=ENDPOINT)


def _of_calls(matcher: str) -> str:
    return share(ASK.growth(c.HTTP_REQUESTS, matcher, by=ENDPOINT), CALLS)


def _took(q: float) -> str:
    return ASK.quantile(q, c.HTTP_REQUEST_DURATION, by=ENDPOINT, window=WHOLE_RANGE)


def _most_called(query: str) -> str:
    return top(query, ENDPOINT, CALLS, 50)


SERVICES = Topic(
    "Services",
    (
        Lines(
            "Server errors by service",
            "Answers with a 5xx status, of all answers of the service in the five minutes before "
            "each point; the ten services with the most in the range.",
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
                )
            },
            limits=SERVER_ERRORS,
            width=12,
            nothing="None yet",
        ),
        Lines(
            "p95 by service",
            "95 % of the service's calls in the five minutes before each point were answered "
            "within this time, as the alert sees it: of all endpoints. The ten slowest services.",
            "s",
            {"{{service}}": ASK.worst("service:http_request_duration_seconds:p95_rate5m")},
            limits=SLOW,
            width=12,
        ),
    ),
)
ENDPOINTS = Topic(
    "Endpoints",
    (
        Table(
            "Endpoints compared",
            "The fifty most called endpoints of the range; a heading sorts by its column.",
            {"service": "Service", "method": "Method", "endpoint": "Endpoint"},
            (
                Column("Calls", _most_called(f"round({CALLS})"), "short"),
                Column(
                    "Server errors",
                    _most_called(_of_calls(SERVER_ERROR)),
                    "percentunit",
                    SERVER_ERRORS,
                ),
                Column("Errors", _most_called(_of_calls(ANY_ERROR)), "percentunit", ERRORS),
                Column("Median", _most_called(_took(0.5)), "s", SLOW),
                Column("p95", _most_called(_took(0.95)), "s", SLOW),
            ),
            height=11,
            widths={"Service": 140, "Endpoint": 300},
        ),
    ),
)
ALL_CALLS = Topic(
    "All calls",
    (
        Lines(
            "Answers by status",
            "Answers a second, by the class of their status.",
            "reqps",
            {
                f"{digit}xx": ASK.rate(c.HTTP_REQUESTS, f'status_code=~"{digit}.."')
                for digit in (2, 3, 4, 5)
            },
            stacked=True,
            width=6,
        ),
        Lines(
            "Duration percentiles",
            "Half, 95 % and 99 % of the calls were answered within this time.",
            "s",
            ASK.percentiles(c.HTTP_REQUEST_DURATION),
            width=6,
        ),
        Lines(
            "Calls by service",
            "Calls a second that were answered; the ten busiest services.",
            "reqps",
            {
                "{{service}}": ASK.largest(
                    ASK.rate(c.HTTP_REQUESTS, by=SERVICE), c.HTTP_REQUESTS, SERVICE
                )
            },
            stacked=True,
            width=12,
        ),
        Heat(
            "Durations",
            "How many calls took how long.",
            "s",
            ASK.buckets(c.HTTP_REQUEST_DURATION),
            width=24,
        ),
    ),
)
