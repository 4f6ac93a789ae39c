"""The service itself: what it was offered and kept, how fast it writes, and what it runs on."""

from grafana_foundation_sdk.builders import heatmap, stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics import catalogue as c

from .common import Choice, Topic, page
from .limits import Limits
from .panels import heat, lines, numbers
from .promql import Scope, share
from .tables import Column, grid

ASK = Scope(("family",))
OWN = 'service="exporter"'
INSTANCE = ("instance",)
WRITING = Limits(0.1, 0.5)


def dashboard() -> model.Dashboard:
    """The whole of it."""
    return page(
        "meterhouse-service",
        "The service itself",
        "Whether events are kept, and if not, what is in the way.",
        (
            Topic(
                "At a glance",
                (
                    _replicas(),
                    _kept(),
                    _waiting(),
                    _dead(),
                    _calls(),
                    _errors(),
                    _commit(),
                    _oldest(),
                ),
            ),
            Topic("Events", (_outcomes(), _families(), _refused())),
            Topic("Group commits", (_batches(), _commits(), _commit_p95())),
            Topic("Spool", (_spool_events(), _spool_bytes(), _set_aside())),
            Topic("Calls", (_calls_by_endpoint(), _call_p95(), _turned_away())),
            Topic("Metrics and background tasks", (_scrapes(), _overflow(), _ages(), _failures())),
            Topic("Processes", (_builds(), _cpu(), _memory(), _files())),
        ),
        choices=(Choice("family", c.EVENTS, "Family"),),
    )


def _replicas() -> stat.Panel:
    return numbers(
        "Replicas",
        "Replicas of the service that Prometheus reached at its last scrape.",
        "short",
        [(f"sum({ASK.select('up')})", "replicas")],
        limits=Limits(1, 1, falling=True),
    )


def _kept() -> stat.Panel:
    fine = ASK.growth(c.EVENTS, 'outcome=~"stored|duplicate|spooled"')
    return numbers(
        "Kept",
        "Events of the range that were stored, known already, or spooled, of all offered.",
        "percentunit",
        [(share(fine, ASK.growth(c.EVENTS)), "kept")],
        limits=Limits(0.999, 0.99, falling=True),
    )


def _waiting() -> stat.Panel:
    return numbers(
        "Spooled",
        "Events that wait for the database to come back.",
        "short",
        [(f"sum({ASK.select(c.SPOOL_EVENTS)})", "events")],
        limits=Limits(1, 1000),
        nothing="0",
    )


def _dead() -> stat.Panel:
    return numbers(
        "Set aside",
        "Entries of the spool that could not be replayed and wait for a decision.",
        "short",
        [(f"sum({ASK.select(c.DEAD_LETTERS_WAITING)})", "entries")],
        limits=Limits(1, 100),
        nothing="0",
    )


def _calls() -> stat.Panel:
    return numbers(
        "Calls",
        "Calls a second that this service answered.",
        "reqps",
        [(ASK.rate(c.HTTP_REQUESTS, OWN), "calls")],
    )


def _errors() -> stat.Panel:
    failed = ASK.rate(c.HTTP_REQUESTS, OWN, 'status_code=~"5.."')
    return numbers(
        "5xx rate",
        "Answers of this service with a 5xx status, of all.",
        "percentunit",
        [(share(failed, ASK.rate(c.HTTP_REQUESTS, OWN)), "errors")],
        limits=Limits(0.01, 0.05),
    )


def _commit() -> stat.Panel:
    return numbers(
        "Write p95",
        "95 % of the group commits were durable within this time.",
        "s",
        [(ASK.quantile(0.95, c.WRITE_DURATION), "p95")],
        limits=WRITING,
    )


def _oldest() -> stat.Panel:
    last = ASK.select(c.BACKGROUND_TASK_LAST_SUCCESS, 'task="gauges"')
    return numbers(
        "Gauge age",
        "Time since the gauges from the store were last refreshed; of replicas, the oldest.",
        "s",
        [(f"time() - min({last})", "age")],
        limits=Limits(90, 300),
    )


def _outcomes() -> timeseries.Panel:
    return lines(
        "Events by outcome",
        "Events a second that were offered, by what became of them.",
        "ops",
        [(ASK.rate(c.EVENTS, by=("outcome",)), "{{outcome}}")],
        stacked=True,
    )


def _families() -> timeseries.Panel:
    return lines(
        "Events by family",
        "Events a second that were offered, by family.",
        "ops",
        [(ASK.rate(c.EVENTS, by=("family",)), "{{family}}")],
        stacked=True,
    )


def _refused() -> timeseries.Panel:
    by = ("family", "outcome")
    return lines(
        "Events not stored",
        "Events a second that were invalid, failed, known already, or went to the spool.",
        "ops",
        [(ASK.rate(c.EVENTS, 'outcome!="stored"', by=by), "{{family}} {{outcome}}")],
        nothing="None yet",
    )


def _batches() -> heatmap.Panel:
    return heat(
        "Batch sizes",
        "How many group commits held how many events of a family.",
        "short",
        ASK.buckets(c.WRITE_BATCH_SIZE),
        "{{le}}",
        width=8,
    )


def _commits() -> timeseries.Panel:
    return lines(
        "Group commits",
        "Group commits a second that held events of a family.",
        "ops",
        [(ASK.observed(c.WRITE_DURATION, by=("family",)), "{{family}}")],
    )


def _commit_p95() -> timeseries.Panel:
    return lines(
        "Write p95 by family",
        "95 % of the group commits with events of the family were durable within this time.",
        "s",
        [(ASK.quantile(0.95, c.WRITE_DURATION, by=("family",)), "{{family}}")],
        limits=WRITING,
    )


def _spool_events() -> timeseries.Panel:
    return lines(
        "Events in the spool",
        "Events that wait for the database to come back, by replica.",
        "short",
        [(f"sum by (instance) ({ASK.select(c.SPOOL_EVENTS)})", "{{instance}}")],
        nothing="No spool",
    )


def _spool_bytes() -> timeseries.Panel:
    used, most = (
        f"max by (instance) ({ASK.select(gauge)})" for gauge in (c.SPOOL_BYTES, c.SPOOL_LIMIT)
    )
    return lines(
        "Room in the spool",
        "Bytes in the spool, by replica, of those it may hold.",
        "percentunit",
        [(f"{used} / ({most} > 0)", "{{instance}}")],
        limits=Limits(0.5, 0.8),
        nothing="No spool",
    )


def _set_aside() -> timeseries.Panel:
    return lines(
        "Entries set aside",
        "Entries that could not be replayed, in the hour before each point, by reason.",
        "short",
        [(ASK.growth(c.DEAD_LETTERS, by=("reason",), window="1h"), "{{reason}}")],
        nothing="None yet",
    )


def _calls_by_endpoint() -> timeseries.Panel:
    calls = ASK.rate(c.HTTP_REQUESTS, OWN, by=("endpoint",))
    return lines(
        "Calls by endpoint",
        "Calls a second to this service, for its six busiest endpoints.",
        "reqps",
        [(ASK.largest(calls, c.HTTP_REQUESTS, "endpoint", 6, OWN), "{{endpoint}}")],
        width=12,
    )


def _call_p95() -> timeseries.Panel:
    return lines(
        "Call percentiles",
        "Half, 95 % and 99 % of the calls to this service were answered within this time.",
        "s",
        [
            (ASK.quantile(q, c.HTTP_REQUEST_DURATION, OWN), f"p{round(q * 100)}")
            for q in (0.5, 0.95, 0.99)
        ],
        width=6,
        limits=Limits(0.5, 1),
    )


def _turned_away() -> timeseries.Panel:
    return lines(
        "Calls turned away",
        "Calls a second that were over a rate limit, or whose credential was refused.",
        "reqps",
        [
            (ASK.rate(c.RATE_LIMITED, by=("kind",)), "rate limit: {{kind}}"),
            (ASK.rate(c.AUTH_FAILURES, by=("reason",)), "credential: {{reason}}"),
        ],
        width=6,
        nothing="None yet",
    )


def _scrapes() -> timeseries.Panel:
    return lines(
        "Time to render /metrics",
        "95 % of the scrapes were rendered within this time, by replica.",
        "s",
        [(ASK.quantile(0.95, c.SCRAPE_DURATION, by=INSTANCE), "{{instance}}")],
        width=6,
        limits=Limits(1, 5),
    )


def _overflow() -> timeseries.Panel:
    by = ("metric", "label")
    return lines(
        "Label values that became other",
        "In the hour before each point. If it does not stop, ids are sent where names belong.",
        "short",
        [(ASK.growth(c.LABEL_OVERFLOW, by=by, window="1h"), "{{metric}} {{label}}")],
        width=6,
        nothing="None yet",
    )


def _ages() -> timeseries.Panel:
    last = f"min by (task) ({ASK.select(c.BACKGROUND_TASK_LAST_SUCCESS)})"
    every = f"max by (task) ({ASK.select(c.BACKGROUND_TASK_INTERVAL)})"
    return lines(
        "Age of tasks in intervals",
        "Time since each task last succeeded, in its own intervals: over 2, a run was missed. "
        "Of replicas, the oldest.",
        "short",
        [(f"(time() - {last}) / ({every} > 0)", "{{task}}")],
        width=6,
        limits=Limits(2, 3),
    )


def _failures() -> timeseries.Panel:
    return lines(
        "Failed runs of background tasks",
        "Runs that failed in the hour before each point.",
        "short",
        [(ASK.growth(c.BACKGROUND_TASK_FAILURES, by=("task",), window="1h"), "{{task}}")],
        width=6,
        nothing="None yet",
    )


def _builds() -> table.Panel:
    built = f"max by (instance, version, revision, python) ({ASK.select(c.BUILD_INFO)})"
    started = f"max by (instance) ({ASK.select('process_start_time_seconds')})"
    return grid(
        "What runs",
        "Each replica with its version, and since when it runs.",
        {"instance": "Instance", "version": "Version", "revision": "Revision", "python": "Python"},
        (Column("Up for", f"{built} * on (instance) group_left () (time() - {started})", "s"),),
        width=12,
        height=8,
    )


def _cpu() -> timeseries.Panel:
    return lines(
        "CPU",
        "CPU seconds a second: 1 is a whole core.",
        "short",
        [(ASK.rate("process_cpu_seconds_total", by=INSTANCE), "{{instance}}")],
        width=4,
        limits=Limits(0.8, 0.95),
    )


def _memory() -> timeseries.Panel:
    return lines(
        "Memory",
        "Memory that the process holds, by replica.",
        "bytes",
        [(f"max by (instance) ({ASK.select('process_resident_memory_bytes')})", "{{instance}}")],
        width=4,
    )


def _files() -> timeseries.Panel:
    used, most = (
        f"max by (instance) ({ASK.select(name)})"
        for name in ("process_open_fds", "process_max_fds")
    )
    return lines(
        "File descriptors",
        "Open ones, of those the process may open.",
        "percentunit",
        [(f"{used} / ({most} > 0)", "{{instance}}")],
        width=4,
        limits=Limits(0.7, 0.9),
        highest=1,
    )
