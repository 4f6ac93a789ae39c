"""Errors and slow answers of Meterhouse itself and of each service that reports to it."""

from dataclasses import dataclass

from .rule import Alert, Case, Fire, Record, Severity, Subject

OK = 'http_requests_total{$job, instance="%s", service="%s", status_code="200"}'
BAD = 'http_requests_total{$job, instance="%s", service="%s", status_code="500"}'
BUCKET = 'http_request_duration_seconds_bucket{$job, instance="%s", service="%s", le="%s"}'


@dataclass(frozen=True)
class Scope:
    """Whose calls are meant, with the longest p95 (seconds) that is fine."""

    name: str
    services: str
    severity: Severity
    slow: float
    example: str
    where: str


SCOPES = (
    Scope(
        "Meterhouse",
        'service="exporter"',
        "critical",
        1,
        "exporter",
        "the log, which has each failed and slow call, and at the database",
    ),
    Scope(
        "Service",
        'service!="exporter"',
        "warning",
        2,
        "shop",
        "its endpoints on the dashboard and at its own log",
    ),
)


def _errors(scope: Scope) -> Alert:
    fire = Fire({"service": scope.example}, ("10%", "10%"))
    ok, bad = ({one: pattern % (one, scope.example) for one in "ab"} for pattern in (OK, BAD))
    return Alert(
        f"{scope.name}ErrorRateHigh",
        f"""
        sum by (service)
        (rate(http_requests_total{{$job, {scope.services}, status_code=~"5.."}}[5m]))
        / (sum by (service) (rate(http_requests_total{{$job, {scope.services}}}[5m])) > 0.1) > 0.05
        """,
        scope.severity,
        "{{ $value | humanizePercentage }} of the calls of {{ $labels.service }} fail.",
        "{{ $value | humanizePercentage }} of the calls that {{ $labels.service }} answered in 5 "
        f"minutes had a status of 500 or above; 5% is the limit. Look at {scope.where}.",
        means="Callers get errors that are not theirs. Below 6 calls a minute it is not counted: "
        "one failure would be a large share.",
        see="The error rate by endpoint and status: one endpoint is a fault in it, all are a "
        "dependency.",
        act="Undo the last change if the time fits. A 503 of Meterhouse means that it cannot "
        "record: see the database and the spool.",
        quiet="By its `service`, while a known fault is being mended.",
        panel="Server errors by service",
        cases=(
            Case(
                "4% of failures, with a restart",
                {ok["a"]: "0+96x10 0+96x10", bad["a"]: "0+4x10 0+4x10"},
                {"10m": (), "18m": ()},
            ),
            Case(
                "all of five calls in five minutes fail",
                {bad["a"]: "0+1x20"},
                {"20m": ()},
            ),
            Case(
                "10% over both replicas, for five minutes",
                {
                    ok["a"]: "0+100x20",
                    ok["b"]: "0+80x20",
                    bad["a"]: "0+0x20",
                    bad["b"]: "0+20x20",
                },
                {"5m": (), "6m": (fire,)},
            ),
        ),
        wait="5m",
    )


def _slow(scope: Scope) -> Alert:
    labels = {"service": scope.example}

    def buckets(fast: str, every: str) -> dict[str, str]:
        return {
            BUCKET % ("a", scope.example, "0.5"): fast,
            BUCKET % ("a", scope.example, "5.0"): every,
            BUCKET % ("a", scope.example, "+Inf"): every,
        }

    return Alert(
        f"{scope.name}ResponsesSlow",
        f"""
        service:http_request_duration_seconds:p95_rate5m{{{scope.services}}} > {scope.slow}
        and service:http_requests:rate5m{{{scope.services}}} > 0.1
        """,
        "warning",
        "{{ $labels.service }} is slow.",
        "1 in 20 answers of {{ $labels.service }} took longer than {{ $value | humanizeDuration }} "
        f"over 5 minutes; {scope.slow} s is the limit. Look at {scope.where}.",
        means="Users wait. The time is measured where the call is answered.",
        see="The latency by endpoint, the database's times, and the CPU of the machine.",
        act="One endpoint: look at its queries. All of them: the database, the CPU, or more "
        "traffic than it has replicas for.",
        quiet="By its `service`, during a load test or a migration.",
        panel="p95 by service",
        cases=(
            Case(
                "fast enough, with a restart and a gap",
                {
                    **buckets("0+100x10 _ 0+100x10", "0+100x10 _ 0+100x10"),
                    OK % ("a", scope.example): "0+100x10 _ 0+100x10",
                },
                {"10m": (), "20m": ()},
            ),
            Case(
                "slow, but hardly called",
                {**buckets("0+0x30", "0+1x30"), OK % ("a", scope.example): "0+1x30"},
                {"30m": ()},
            ),
            Case(
                "a tenth takes up to five seconds, for ten minutes",
                {
                    **buckets("0+90x30", "0+100x30"),
                    OK % ("a", scope.example): "0+100x30",
                },
                {"10m": (), "11m": (Fire(labels, ("2.75s",)),)},
            ),
        ),
        wait="10m",
    )


REQUESTS = Subject(
    name="requests",
    title="Requests",
    category="requests",
    dashboard="meterhouse-performance",
    records=(
        Record(
            "service:http_requests:rate5m",
            "sum by (service) (rate(http_requests_total{$job}[5m]))",
            {
                OK % ("a", "shop"): "0+30x10 30+30x10",
                BAD % ("b", "shop"): "0+30x20",
                OK % ("a", "exporter"): "0+120x20",
            },
            "20m",
            {'{service="shop"}': 1, '{service="exporter"}': 2},
        ),
        Record(
            "service:http_request_duration_seconds:p95_rate5m",
            """
            histogram_quantile(0.95,
            sum by (service, le) (rate(http_request_duration_seconds_bucket{$job}[5m])))
            """,
            {
                BUCKET % ("a", "shop", "1.0"): "0+45x20",
                BUCKET % ("b", "shop", "1.0"): "0+45x20",
                BUCKET % ("a", "shop", "2.0"): "0+50x20",
                BUCKET % ("b", "shop", "2.0"): "0+50x20",
                BUCKET % ("a", "shop", "+Inf"): "0+50x20",
                BUCKET % ("b", "shop", "+Inf"): "0+50x20",
            },
            "20m",
            {'{service="shop"}': 1.5},
        ),
    ),
    alerts=tuple(make(scope) for scope in SCOPES for make in (_errors, _slow)),
)
