"""SLOs: how much of the error budget is left, and how fast it burns.

Two promises for the tracking calls of this service and for each service that reports: that they
are answered without a server error, and that they are answered within a second.
"""

from dataclasses import dataclass

from exporter.metrics import catalogue as c
from prometheus.source.slo import TRACKING_CALLS

from .page import Page, Topic
from .panels import Column, Limits, Lines, Numbers, Table
from .promql import Scope
from .variables import OneOf

ASK = Scope()
LEFT = Limits(0.5, 0.1, falling=True)
BURNING = Limits(1, 6)
BURN_WINDOWS = ("5m", "1h", "6h", "3d")


@dataclass(frozen=True)
class Whose:
    """Whose calls a promise is about: the level of their recording rules.

    `calls` says how many there were, or how many a second, in the five minutes before a time.
    """

    level: str
    calls: str


TRACKING = Whose(
    "tracking",
    ASK.growth(
        c.HTTP_REQUESTS,
        f'service="exporter", endpoint=~"{TRACKING_CALLS}", method=~"POST|PUT"',
        window="5m",
    ),
)
REPORTED = Whose("service", ASK.recorded("service:http_requests:rate5m", 'service!="exporter"'))


@dataclass(frozen=True)
class Promise:
    """A promise, what breaks it, and the variable that says how often it is to be kept."""

    title: str
    kind: str
    broken_by: str
    objective: str

    def broken(self, whose: Whose, window: str) -> str:
        """The share of the calls that broke it in the window, as a recording rule has it."""
        return ASK.recorded(f"{whose.level}:http_requests:{self.kind}_ratio_rate{window}")

    def burn(self, whose: Whose, window: str) -> str:
        """How many times faster than allowed the budget was used in the window."""
        return f"{self.broken(whose, window)} / (1 - ${self.objective})"

    def left(self, whose: Whose) -> str:
        """The part of the budget of $window that is left; negative when overdrawn.

        Put together from the recorded shares of five minutes each, as many calls as there were in
        them: thirty days of raw series would be too much to read for every refresh.
        """
        broken = f"sum_over_time(({self.broken(whose, '5m')} * {whose.calls})[$window:5m])"
        calls = f"sum_over_time(({whose.calls})[$window:5m])"
        return f"1 - {broken} / ({calls} > 0) / (1 - ${self.objective})"


AVAILABLE = Promise("Availability", "error", "were answered with a 5xx status", "availability")
FAST = Promise("Latency", "slow", "took more than a second", "latency")
PROMISES = (AVAILABLE, FAST)


def _tracking_left(promise: Promise) -> Numbers:
    return Numbers(
        f"{promise.title} budget left",
        "Of the tracking calls that may break the promise in the chosen time, the part that is "
        f"left. It is used up by calls that {promise.broken_by}.",
        "percentunit",
        {"left": promise.left(TRACKING)},
        width=6,
        height=5,
        limits=LEFT,
    )


def _tracking_now(promise: Promise) -> Numbers:
    return Numbers(
        f"{promise.title} burn rate",
        "How many times faster than it lasts the budget of the tracking calls was used in the last "
        "hour: 1 uses it up just in time, 14.4 two percent of a month's in an hour.",
        "short",
        {"burn rate": promise.burn(TRACKING, "1h")},
        width=6,
        height=5,
        limits=BURNING,
        decimals=2,
    )


def _tracking_burn(promise: Promise) -> Lines:
    return Lines(
        f"{promise.title} burn rate of tracking calls",
        "In the window before each point. Two windows above 14.4 (1 h and 5 min) or 6 (6 h and "
        "30 min) page somebody.",
        "short",
        {window: promise.burn(TRACKING, window) for window in BURN_WINDOWS},
        width=12,
        limits=BURNING,
    )


def _columns(promise: Promise) -> tuple[Column, ...]:
    return (
        Column(f"{promise.title} left", promise.left(REPORTED), "percentunit", LEFT),
        Column("Burn 1 h", promise.burn(REPORTED, "1h"), "short", BURNING),
        Column("Burn 6 h", promise.burn(REPORTED, "6h"), "short", BURNING),
    )


def _services(promise: Promise) -> Table:
    return Table(
        f"{promise.title} of services",
        "Each reporting service: the part of its budget of the chosen time that is left, and how "
        "many times faster than it lasts it was used in the last hour and in the last six.",
        {"service": "Service"},
        _columns(promise),
        width=12,
        order=(f"{promise.title} left",),
    )


def _service_burn(promise: Promise) -> Lines:
    return Lines(
        f"{promise.title} burn rate by service",
        "How many times faster than it lasts the budget was used in the hour before each point.",
        "short",
        {"{{service}}": promise.burn(REPORTED, "1h")},
        width=12,
        limits=BURNING,
    )


def _broken(promise: Promise) -> Lines:
    return Lines(
        f"Calls against {promise.title.lower()}",
        f"Calls that {promise.broken_by}, of all, in the five minutes before each point.",
        "percentunit",
        {
            "{{service}}": promise.broken(REPORTED, "5m"),
            "tracking calls": promise.broken(TRACKING, "5m"),
        },
        width=12,
    )


PAGE = Page(
    "meterhouse-slo",
    "SLOs",
    "What was promised, how much of the error budget is left, and how fast it burns.",
    (
        Topic(
            "Tracking calls",
            (
                *(panel(one) for one in PROMISES for panel in (_tracking_left, _tracking_now)),
                *(_tracking_burn(one) for one in PROMISES),
            ),
        ),
        Topic("Reporting services", [_services(one) for one in PROMISES]),
        Topic(
            "How fast the budgets of the services burn", [_service_burn(one) for one in PROMISES]
        ),
        Topic("What broke the promises", [_broken(one) for one in PROMISES]),
    ),
    variables=(
        OneOf(
            "availability",
            "Available",
            "The share of calls that are to be answered without a server error.",
            ("0.999", "0.9999", "0.995", "0.99"),
        ),
        OneOf(
            "latency",
            "Fast",
            "The share of calls that are to be answered within a second.",
            ("0.99", "0.999", "0.95", "0.9"),
        ),
        OneOf("window", "Budget of", "The time that a budget is for.", ("30d", "7d", "1d")),
    ),
)
