"""Performance: rate, errors and duration of every service that reports, and what they run on."""

from grafana_foundation_sdk.builders import heatmap, stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics import catalogue as c

from .common import Choice, Topic, page
from .limits import Limits
from .panels import heat, lines, numbers
from .promql import WHOLE_RANGE, Scope, share
from .tables import Column, grid

ASK = Scope(("service", "endpoint"))
SERVICE = ("service",)
SERVER_ERROR = 'status_code=~"5.."'
ANY_ERROR = 'status_code=~"[45].."'
ERRORS = Limits(0.01, 0.05)
SLOW = Limits(1, 2)
FULL = Limits(80, 90)


def dashboard() -> model.Dashboard:
    """The whole of it."""
    return page(
        "meterhouse-performance",
        "Performance",
        "Which service or endpoint is slow or fails, and whether its machine is the reason.",
        (
            Topic(
                "At a glance",
                (_calls(), _server_errors(), _errors(), _median(), _p95(), _fullest()),
            ),
            Topic("Services", (_rate(), _errors_by_service(), _p95_by_service())),
            Topic("Endpoints", (_endpoints(),)),
            Topic("All calls", (_statuses(), _durations(), _percentiles())),
            Topic("Machines", (_cpu(), _memory(), _disk(), _load(), _network_in(), _network_out())),
            Topic("Databases and caches", (_queries(), _query_p95(), _pool(), _cache())),
        ),
        choices=(
            Choice("service", c.HTTP_REQUESTS, "Service"),
            Choice("endpoint", c.HTTP_REQUESTS, "Endpoint"),
        ),
    )


def _calls() -> stat.Panel:
    return numbers(
        "Calls",
        "Calls a second that were answered.",
        "reqps",
        [(ASK.rate(c.HTTP_REQUESTS), "calls")],
        width=4,
    )


def _of_all(matcher: str) -> str:
    return share(ASK.growth(c.HTTP_REQUESTS, matcher), ASK.growth(c.HTTP_REQUESTS))


def _server_errors() -> stat.Panel:
    return numbers(
        "Server errors",
        "Answers with a 5xx status, of all in the range.",
        "percentunit",
        [(_of_all(SERVER_ERROR), "errors")],
        width=4,
        limits=ERRORS,
    )


def _errors() -> stat.Panel:
    return numbers(
        "Errors",
        "Answers with a 4xx or 5xx status, of all in the range.",
        "percentunit",
        [(_of_all(ANY_ERROR), "errors")],
        width=4,
        limits=Limits(0.05, 0.15),
    )


def _median() -> stat.Panel:
    return numbers(
        "Median",
        "Half of the calls of the range were answered within this time.",
        "s",
        [(ASK.quantile(0.5, c.HTTP_REQUEST_DURATION, window=WHOLE_RANGE), "p50")],
        width=4,
        limits=SLOW,
    )


def _p95() -> stat.Panel:
    return numbers(
        "p95",
        "95 % of the calls of the range were answered within this time.",
        "s",
        [(ASK.quantile(0.95, c.HTTP_REQUEST_DURATION, window=WHOLE_RANGE), "p95")],
        width=4,
        limits=SLOW,
    )


def _fullest() -> stat.Panel:
    return numbers(
        "Fullest disk",
        "The disk in use of the service that has least room.",
        "percent",
        [(ASK.reported(c.SYSTEM_DISK_USAGE), "disk")],
        width=4,
        limits=FULL,
    )


def _rate() -> timeseries.Panel:
    return lines(
        "Calls by service",
        "Calls a second that were answered.",
        "reqps",
        [(ASK.rate(c.HTTP_REQUESTS, by=SERVICE), "{{service}}")],
        stacked=True,
    )


def _errors_by_service() -> timeseries.Panel:
    failed = ASK.rate(c.HTTP_REQUESTS, SERVER_ERROR, by=SERVICE)
    return lines(
        "Server errors by service",
        "Answers with a 5xx status, of all answers of the service.",
        "percentunit",
        [(share(failed, ASK.rate(c.HTTP_REQUESTS, by=SERVICE)), "{{service}}")],
        limits=ERRORS,
    )


def _p95_by_service() -> timeseries.Panel:
    return lines(
        "p95 by service",
        "95 % of the service's calls were answered within this time.",
        "s",
        [(ASK.quantile(0.95, c.HTTP_REQUEST_DURATION, by=SERVICE), "{{service}}")],
        limits=SLOW,
    )


def _endpoints() -> table.Panel:
    by = ("service", "method", "endpoint")
    calls = ASK.growth(c.HTTP_REQUESTS, by=by)
    return grid(
        "Endpoints compared",
        "The fifty most called endpoints of the range; a heading sorts by its column.",
        {"service": "Service", "method": "Method", "endpoint": "Endpoint"},
        [
            Column(title, f"({query}) and on ({', '.join(by)}) topk(50, {calls})", unit, limits)
            for title, query, unit, limits in (
                ("Calls", f"round({calls})", "short", None),
                (
                    "Server errors",
                    share(ASK.growth(c.HTTP_REQUESTS, SERVER_ERROR, by=by), calls),
                    "percentunit",
                    ERRORS,
                ),
                (
                    "Errors",
                    share(ASK.growth(c.HTTP_REQUESTS, ANY_ERROR, by=by), calls),
                    "percentunit",
                    Limits(0.05, 0.15),
                ),
                (
                    "Median",
                    ASK.quantile(0.5, c.HTTP_REQUEST_DURATION, by=by, window=WHOLE_RANGE),
                    "s",
                    SLOW,
                ),
                (
                    "p95",
                    ASK.quantile(0.95, c.HTTP_REQUEST_DURATION, by=by, window=WHOLE_RANGE),
                    "s",
                    SLOW,
                ),
            )
        ],
        height=11,
        wide="Endpoint",
    )


def _statuses() -> timeseries.Panel:
    return lines(
        "Answers by status",
        "Answers a second, by the class of their status.",
        "reqps",
        [
            (ASK.rate(c.HTTP_REQUESTS, f'status_code=~"{digit}.."'), f"{digit}xx")
            for digit in (2, 3, 4, 5)
        ],
        stacked=True,
    )


def _durations() -> heatmap.Panel:
    return heat(
        "Durations",
        "How many calls took how long.",
        "s",
        ASK.buckets(c.HTTP_REQUEST_DURATION),
        "{{le}}",
        width=8,
    )


def _percentiles() -> timeseries.Panel:
    return lines(
        "Duration percentiles",
        "Half, 95 % and 99 % of the calls were answered within this time.",
        "s",
        [
            (ASK.quantile(q, c.HTTP_REQUEST_DURATION), f"p{round(q * 100)}")
            for q in (0.5, 0.95, 0.99)
        ],
    )


def _cpu() -> timeseries.Panel:
    return lines(
        "CPU",
        "CPU in use, of all cores; of replicas, the busiest.",
        "percent",
        [(ASK.reported(c.SYSTEM_CPU_USAGE, by=SERVICE), "{{service}}")],
        limits=FULL,
        highest=100,
    )


def _memory() -> timeseries.Panel:
    return lines(
        "Memory",
        "Memory in use; of replicas, the fullest.",
        "percent",
        [(ASK.reported(c.SYSTEM_MEMORY_USAGE, by=SERVICE), "{{service}}")],
        limits=FULL,
        highest=100,
    )


def _disk() -> timeseries.Panel:
    return lines(
        "Disk",
        "Disk in use; of replicas, the fullest.",
        "percent",
        [(ASK.reported(c.SYSTEM_DISK_USAGE, by=SERVICE), "{{service}}")],
        limits=FULL,
        highest=100,
    )


def _loads(window: str) -> str:
    return ASK.reported(c.SYSTEM_LOAD_AVERAGE, f'window="{window}"', by=SERVICE)


def _load() -> timeseries.Panel:
    return lines(
        "Load over 5 minutes",
        "Load average over 5 minutes, or over 1 where a service tells no other.",
        "short",
        [
            (f"{_loads('5m')} or {_loads('1m')}", "{{service}}"),
        ],
    )


def _network_in() -> timeseries.Panel:
    return lines(
        "Network in",
        "Bytes a second that came over the network.",
        "Bps",
        [(ASK.rate(c.SYSTEM_NETWORK_BYTES, 'direction="in"', by=SERVICE), "{{service}}")],
    )


def _network_out() -> timeseries.Panel:
    return lines(
        "Network out",
        "Bytes a second that went over the network.",
        "Bps",
        [(ASK.rate(c.SYSTEM_NETWORK_BYTES, 'direction="out"', by=SERVICE), "{{service}}")],
    )


def _queries() -> timeseries.Panel:
    by = ("service", "operation")
    return lines(
        "Database operations",
        "Operations a second, by service and kind.",
        "ops",
        [(ASK.observed(c.DATABASE_QUERY_DURATION, by=by), "{{service}} {{operation}}")],
        width=12,
        stacked=True,
    )


def _query_p95() -> timeseries.Panel:
    by = ("service", "operation")
    return lines(
        "Database p95",
        "95 % of the operations took at most this long.",
        "s",
        [(ASK.quantile(0.95, c.DATABASE_QUERY_DURATION, by=by), "{{service}} {{operation}}")],
        width=12,
        limits=Limits(0.25, 1),
    )


def _pool() -> timeseries.Panel:
    active, total = (
        ASK.reported(c.DATABASE_CONNECTION_POOL, f'state="{state}"', by=SERVICE)
        for state in ("active", "total")
    )
    return lines(
        "Connection pools",
        "Active connections, of all that the pool has.",
        "percentunit",
        [(f"{active} / ({total} > 0)", "{{service}}")],
        width=12,
        limits=Limits(0.8, 0.9),
        highest=1,
        nothing="No pool reported yet",
    )


def _cache() -> timeseries.Panel:
    by = ("service", "cache_type")
    return lines(
        "Cache hits",
        "Hits, of all look-ups, by service and cache.",
        "percent",
        [(ASK.reported(c.CACHE_HIT_RATE, by=by), "{{service}} {{cache_type}}")],
        width=12,
        limits=Limits(70, 50, falling=True),
        highest=100,
        nothing="No cache reported yet",
    )
