"""Health checks: what is down, which certificate ends, and whether anybody looks at all.

A check is down only after as many failures in a row as it declares, so little waiting is left to
do. What a maintenance window covers keeps quiet.
"""

from .rule import Alert, Case, Fire, Severity, Subject

DAY = 86_400
DOWN = """
count by (check) (
health_check_up{{$job}} == 0
and on (job, instance, check) health_check_critical{{$job}} == {critical}
unless on (check) health_check_maintenance{{$job}} == 1
)
"""


def _series(metric: str, check: str = "database", instance: str = "a") -> str:
    return f'health_check_{metric}{{$job, instance="{instance}", check="{check}"}}'


UP, CRITICAL, WINDOW = (_series(one) for one in ("up", "critical", "maintenance"))
UP_B, CRITICAL_B = (_series(one, instance="b") for one in ("up", "critical"))
EXPIRY = _series("tls_expiry_timestamp_seconds", "billing")
EXPIRY_B = _series("tls_expiry_timestamp_seconds", "billing", "b")
LAST_RUN, INTERVAL = (_series(one) for one in ("last_run_timestamp_seconds", "interval_seconds"))
OPEN = 'incidents_open{$job, instance="%s", severity="critical"}'
DATABASE, BILLING = {"check": "database"}, {"check": "billing"}


def _expiring(
    name: str,
    days: int,
    severity: Severity,
    *,
    summary: str,
    means: str,
    act: str,
    left: str,
) -> Alert:
    """An alert on a certificate that ends in less than so many days."""
    limit = days * DAY
    return Alert(
        name,
        f"""
        min by (check) (health_check_tls_expiry_timestamp_seconds{{$job}}) - time() < {limit}
        """,
        severity,
        summary,
        "The certificate that {{ $labels.check }} is shown ends in "
        "{{ $value | humanizeDuration }}. Look at who renews it, and why that did not happen.",
        means=means,
        see="The certificate's column on the dashboard. `openssl s_client -connect <host>:<port> "
        "-servername <host> </dev/null | openssl x509 -noout -dates` shows what is served.",
        act=act,
        quiet="By its `check`, until the day that the new one is due; not beyond the end.",
        panel="Checks",
        cases=(
            Case(
                "one that lasts longer, and one that is renewed in time",
                {EXPIRY: f"{limit + 4 * 3600}x120 {90 * DAY}x120", EXPIRY_B: f"{90 * DAY}x240"},
                {"30m": (), "119m": (), "4h": ()},
            ),
            Case(
                "it ends, on the replica that is shown the old one",
                {EXPIRY: f"{limit + 1800}x120", EXPIRY_B: f"{90 * DAY}x120"},
                {"30m": (), "45m": (), "46m": (Fire(BILLING, (left,)),)},
            ),
        ),
        wait="15m",
    )


HEALTH = Subject(
    name="health",
    title="Health",
    category="health",
    dashboard="meterhouse-health",
    alerts=(
        Alert(
            "HealthCheckDown",
            DOWN.format(critical=1),
            "critical",
            "{{ $labels.check }} is down.",
            "The critical check {{ $labels.check }} is down on {{ $value }} replicas. Look at its "
            "message in `GET /api/health/status`, and at its incident.",
            means="Something that the service cannot do its work without fails, hangs or answers "
            "wrongly: as many runs in a row as its check declares.",
            see="`GET /api/health` with an admin's token gives the message of every check; "
            "`GET /api/incidents?state=open` the incident, since when, and on which replicas.",
            act="What the check names: its own page, its log, the network to it. On one replica "
            "of several it is that replica's machine. Say in the incident what you find: "
            "`POST /api/incidents/{incidentId}/update`.",
            quiet="Plan a maintenance window instead, `POST /api/incidents/maintenance`: it keeps "
            "incidents quiet too, and its time out of the uptime.",
            panel="State of each check",
            cases=(
                Case(
                    "short, not critical, or within maintenance",
                    {
                        UP: "1x5 0 1x60",
                        CRITICAL: "1x70",
                        _series("up", "redis"): "0x70",
                        _series("critical", "redis"): "0x70",
                        _series("up", "billing"): "0x70",
                        _series("critical", "billing"): "1x70",
                        _series("maintenance", "billing", "b"): "1x70",
                    },
                    {"6m": (), "30m": (), "60m": ()},
                ),
                Case(
                    "down on one of two replicas, then on both, then up",
                    {
                        UP: "1 0x20 1x20",
                        CRITICAL: "1x41",
                        WINDOW: "0x41",
                        UP_B: "1x10 0x10 1x20",
                        CRITICAL_B: "1x41",
                    },
                    {
                        "1m": (),
                        "2m": (Fire(DATABASE, ("1",)),),
                        "15m": (Fire(DATABASE, ("2",)),),
                        "22m": (),
                    },
                ),
                Case(
                    "it outlasts its maintenance",
                    {UP: "0x60", CRITICAL: "1x60", WINDOW: "1x30 0x30"},
                    {"30m": (), "31m": (), "32m": (Fire(DATABASE, ("1",)),)},
                ),
            ),
            wait="1m",
        ),
        Alert(
            "HealthCheckFailing",
            DOWN.format(critical=0),
            "warning",
            "{{ $labels.check }} has been down for a while.",
            "{{ $labels.check }} has been down on {{ $value }} replicas for 15 minutes. The "
            "service does without it. Look at its message in `GET /api/health` as an admin.",
            means="Something fails that the service can do without: with Redis away, for example, "
            "each replica has its own rate limits.",
            see="The check on the dashboard, since when and on which replica; its message with "
            "`GET /api/health/history?service=<check>`.",
            act="As its message says. If it matters more than that, make it `critical` in "
            "`HEALTH_CHECKS_FILE`.",
            quiet="By its `check`, or with a maintenance window for it.",
            panel="State of each check",
            cases=(
                Case(
                    "ten minutes, critical, or within maintenance",
                    {
                        UP: "1x5 0x10 1x30",
                        CRITICAL: "0x45",
                        _series("up", "disk"): "0x45",
                        _series("critical", "disk"): "1x45",
                        _series("up", "redis"): "0x45",
                        _series("critical", "redis"): "0x45",
                        _series("maintenance", "redis"): "1x45",
                    },
                    {"15m": (), "20m": (), "45m": ()},
                ),
                Case(
                    "sixteen minutes on both replicas",
                    {UP: "1 0x30", CRITICAL: "0x31", UP_B: "1 0x30", CRITICAL_B: "0x31"},
                    {"15m": (), "16m": (Fire(DATABASE, ("2",)),)},
                ),
            ),
            wait="15m",
        ),
        _expiring(
            "CertificateExpiring",
            14,
            "warning",
            summary="The certificate of {{ $labels.check }} ends within two weeks.",
            means="Nothing fails yet, but one that is renewed by itself would have been by now.",
            act="Renew it, and mend what should have: the client of the authority, its challenge, "
            "the reload of the server.",
            left="13d 23h 44m 0s",
        ),
        _expiring(
            "CertificateExpiresSoon",
            3,
            "critical",
            summary="The certificate of {{ $labels.check }} ends within three days.",
            means="Once it has ended every client refuses the connection, the check among them.",
            act="Renew it by hand today, and have the server read it. The next run of the check "
            "sees the new one.",
            left="2d 23h 44m 0s",
        ),
        Alert(
            "HealthChecksNotRun",
            """
            max by (instance, check) (
            (time() - health_check_last_run_timestamp_seconds{$job})
            / on (job, instance, check) health_check_interval_seconds{$job}
            ) > 5
            """,
            "warning",
            "{{ $labels.check }} is not checked any more.",
            "{{ $labels.check }} has not run on {{ $labels.instance }} for "
            '{{ $value | printf "%.0f" }} of its intervals. Look at whether the event loop of '
            "that replica is blocked, and at `health_check_failed` in its log.",
            means="What the check says is old: if it is down, nobody will notice.",
            see="The column *Ago* of the checks on the dashboard.",
            act="A replica of which no check runs is blocked: restart it, and keep what "
            "`py-spy dump` says of it. Of one check alone, its kind is at fault: please report it.",
            quiet="By its `instance` and `check`, until it is restarted.",
            panel="Checks",
            cases=(
                Case(
                    "a run that is late, and one of a long interval",
                    {
                        LAST_RUN: "0+60x10 600 600 600+60x30",
                        INTERVAL: "60x50",
                        _series("last_run_timestamp_seconds", "collections"): "0x50",
                        _series("interval_seconds", "collections"): "3600x50",
                    },
                    {"12m": (), "40m": ()},
                ),
                Case(
                    "no run since the tenth minute",
                    {LAST_RUN: "0+60x10 600x30", INTERVAL: "60x41"},
                    {
                        "15m": (),
                        "20m": (),
                        "21m": (Fire({**DATABASE, "instance": "a"}, ("11",)),),
                    },
                ),
            ),
            wait="5m",
        ),
        Alert(
            "IncidentForgotten",
            "sum(max by (severity) (incidents_open{$job})) > 0",
            "warning",
            "An incident has been open for a day.",
            "{{ $value }} incidents are open, and some were at any time of the last 24 hours. "
            "Look at `GET /api/incidents?state=open`: what is over has to be resolved.",
            means="A check has been down for a day, or a person opened an incident and never "
            "closed it.",
            see="Open incidents on the dashboard, and when each began in the list.",
            act="Resolve what is over, with the time at which it was: "
            "`POST /api/incidents/{incidentId}/resolve`. Mend the rest.",
            quiet="For as long as the known one will take.",
            panel="Open by severity",
            cases=(
                Case(
                    "one of an hour, and none the rest of the day",
                    {OPEN % "a": "0x10 1x60 0x1500", OPEN % "b": "0x10 1x60 0x1500"},
                    {"1h": (), "25h": ()},
                ),
                Case(
                    "one on both replicas for longer than a day",
                    {OPEN % "a": "0x1 1x1600", OPEN % "b": "0x1 1x1600"},
                    {"23h": (), "25h": (Fire({}, ("1",)),)},
                ),
            ),
            wait="24h",
        ),
    ),
)
