"""The metrics of health checks and incidents; part of the catalogue.

What a check is said to be is what this replica saw. What comes from the store, incidents and
uptime, is the same on each.
"""

from .metric import Counter, Gauge, Histogram, Metric

CHECK = ("check",)

CHECK_UP = Gauge(
    "health_check_up",
    "Whether a check is up: 0 once it failed as often in a row as makes it down.",
    CHECK,
)
CHECK_DEGRADED = Gauge(
    "health_check_degraded",
    "Whether a check is up, but slow, or failed in its last run, or about to fail.",
    CHECK,
)
CHECK_DURATION = Gauge(
    "health_check_duration_seconds", "Time that the last run of a check took.", CHECK, "seconds"
)
CHECK_TLS_EXPIRY = Gauge(
    "health_check_tls_expiry_timestamp_seconds",
    "Unix time at which the certificate that a check was shown ends.",
    CHECK,
    "seconds",
)
CHECK_LAST_RUN = Gauge(
    "health_check_last_run_timestamp_seconds",
    "Unix time of the last run of a check.",
    CHECK,
    "seconds",
)
CHECK_INTERVAL = Gauge(
    "health_check_interval_seconds",
    "Time between two runs of a check, at most.",
    CHECK,
    "seconds",
)
CHECK_CRITICAL = Gauge(
    "health_check_critical", "Whether the service cannot do its work while a check is down.", CHECK
)
CHECK_MAINTENANCE = Gauge(
    "health_check_maintenance", "Whether a maintenance window is open for a check.", CHECK
)
UPTIME = Gauge(
    "health_uptime_ratio",
    "Share of the window, as far as it was watched and no maintenance, without a critical check "
    "down, from the store.",
    ("window",),
    "ratio",
)
INCIDENTS_OPEN = Gauge("incidents_open", "Incidents that are not resolved.", ("severity",))
INCIDENTS = Counter("incidents_total", "Incidents that began.", ("severity",))
INCIDENT_DURATION = Histogram(
    "incident_duration_seconds",
    "Time from the start of an incident to its end.",
    ("severity",),
    "seconds",
    (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 259200.0),
)

HEALTH: tuple[Metric, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
