"""SLOs: how much of the error budget is left, and how fast it burns.

Two promises for the tracking calls of this service and for each service that reports: that they
are answered without a server error, and that they are answered within a second.
"""

from collections.abc import Callable
from dataclasses import dataclass

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics import catalogue as c
from prometheus.source.slo import TRACKING_CALLS

from .common import Topic, one_of, page
from .limits import Limits
from .panels import lines, numbers
from .promql import Scope, share
from .tables import Column, grid

ASK = Scope()
TRACKING = f'service="exporter", endpoint=~"{TRACKING_CALLS}", method=~"POST|PUT"'
REPORTED = 'service!="exporter"'
LEFT = Limits(0.5, 0.1, falling=True)
BURNING = Limits(1, 6)
BURN_WINDOWS = ("5m", "1h", "6h", "3d")


@dataclass(frozen=True)
class Promise:
    """A promise: what breaks it, as a share of the calls a matcher selects, and its variable."""

    title: str
    broken_by: str
    objective: str
    broken: Callable[[str, str], str]
    """From a matcher and a window, the share of the calls that broke it, by service."""

    def burn(self, matcher: str, window: str) -> str:
        """How many times faster than allowed the budget was used in the window, by service."""
        return f"({self.broken(matcher, window)}) / (1 - ${self.objective})"

    def left(self, matcher: str) -> str:
        """The part of the budget of $window that is left, by service; negative when overdrawn."""
        return f"1 - {self.burn(matcher, '$window')}"


def _failed(matcher: str, window: str) -> str:
    by = ("service",)
    calls = ASK.growth(c.HTTP_REQUESTS, matcher, by=by, window=window)
    return share(
        ASK.growth(c.HTTP_REQUESTS, matcher, 'status_code=~"5.."', by=by, window=window), calls
    )


def _slow(matcher: str, window: str) -> str:
    by = ("service",)
    calls = ASK.observed(c.HTTP_REQUEST_DURATION, matcher, by=by, window=window)
    fast = ASK.observed(
        c.HTTP_REQUEST_DURATION, matcher, 'le=~"1|1.0"', by=by, window=window, suffix="_bucket"
    )
    return f"1 - {share(fast, calls)}"


AVAILABLE = Promise("Availability", "were answered with a 5xx status", "availability", _failed)
FAST = Promise("Latency", "took more than a second", "latency", _slow)


def dashboard() -> model.Dashboard:
    """The whole of it."""
    return page(
        "meterhouse-slo",
        "SLOs",
        "What was promised, how much of the error budget is left, and how fast it burns.",
        (
            Topic(
                "Tracking calls",
                (
                    _left_of_tracking(AVAILABLE),
                    _burn_now(AVAILABLE),
                    _left_of_tracking(FAST),
                    _burn_now(FAST),
                    _tracking_burn(AVAILABLE),
                    _tracking_burn(FAST),
                ),
            ),
            Topic("Reporting services", (_services(),)),
            Topic(
                "How fast the budgets of the services burn",
                (_service_burn(AVAILABLE), _service_burn(FAST)),
            ),
            Topic("What broke the promises", (_broken(AVAILABLE), _broken(FAST))),
        ),
        more=(
            one_of(
                "availability",
                "Available",
                "The share of calls that are to be answered without a server error.",
                ("0.999", "0.9999", "0.995", "0.99"),
            ),
            one_of(
                "latency",
                "Fast",
                "The share of calls that are to be answered within a second.",
                ("0.99", "0.999", "0.95", "0.9"),
            ),
            one_of("window", "Budget of", "The time that a budget is for.", ("30d", "7d", "1d")),
        ),
    )


def _left_of_tracking(promise: Promise) -> stat.Panel:
    return numbers(
        f"{promise.title} budget left",
        f"Of the tracking calls that may break the promise in the chosen time, the part that is "
        f"left. It is used up by calls that {promise.broken_by}.",
        "percentunit",
        [(promise.left(TRACKING), "left")],
        width=6,
        height=5,
        limits=LEFT,
    )


def _burn_now(promise: Promise) -> stat.Panel:
    return numbers(
        f"{promise.title} burn rate",
        "How many times faster than it lasts the budget of the tracking calls was used in the last "
        "hour: 1 uses it up just in time, 14.4 two percent of a month's in an hour.",
        "short",
        [(promise.burn(TRACKING, "1h"), "burn rate")],
        width=6,
        height=5,
        limits=BURNING,
        decimals=2,
    )


def _tracking_burn(promise: Promise) -> timeseries.Panel:
    return lines(
        f"{promise.title} burn rate of tracking calls",
        "In the window before each point. Two windows above 14.4 (1 h and 5 min) or 6 (6 h) page "
        "somebody.",
        "short",
        [(promise.burn(TRACKING, window), window) for window in BURN_WINDOWS],
        width=12,
        limits=BURNING,
    )


def _services() -> table.Panel:
    return grid(
        "Services compared",
        "Each reporting service: its budgets of the chosen time, and how fast they burn.",
        {"service": "Service"},
        [
            column
            for promise in (AVAILABLE, FAST)
            for column in (
                Column(f"{promise.title} budget left", promise.left(REPORTED), "percentunit", LEFT),
                Column(f"{promise.title} burn 1 h", promise.burn(REPORTED, "1h"), "short", BURNING),
                Column(f"{promise.title} burn 6 h", promise.burn(REPORTED, "6h"), "short", BURNING),
            )
        ],
        height=8,
        worst=True,
    )


def _service_burn(promise: Promise) -> timeseries.Panel:
    return lines(
        f"{promise.title} burn rate by service",
        "How many times faster than it lasts the budget was used in the hour before each point.",
        "short",
        [(promise.burn(REPORTED, "1h"), "{{service}}")],
        width=12,
        limits=BURNING,
    )


def _broken(promise: Promise) -> timeseries.Panel:
    return lines(
        f"Calls against {promise.title.lower()}",
        f"Calls that {promise.broken_by}, of all, in the five minutes before each point.",
        "percentunit",
        [
            (promise.broken(TRACKING, "5m"), "tracking calls"),
            (promise.broken(REPORTED, "5m"), "{{service}}"),
        ],
        width=12,
    )
