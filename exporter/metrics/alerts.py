"""The metrics of alerts and their history; part of the catalogue.

What is open comes from the store, and is the same on each replica. The others count what this
replica was told.
"""

from .metric import EVERY_SERIES, Counter, Gauge, Histogram, Metric

TIMES = (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0, 259200.0)

ALERTS = Counter(
    "alerts_total",
    "Alerts that began, each start once, whoever noticed it.",
    ("alert", "severity", "category", "source"),
    zero_first=EVERY_SERIES,
)
ALERT_NOTIFICATIONS = Counter(
    "alert_notifications_total",
    "Notifications of alerts that came in (firing, resolved), and alerts that were left out of one "
    "(truncated).",
    ("source", "status"),
    zero_first=EVERY_SERIES,
)
ALERTS_OPEN = Gauge(
    "alerts_open", "Alerts that are not resolved, from the store.", ("severity", "category")
)
ALERTS_UNACKNOWLEDGED = Gauge(
    "alerts_unacknowledged",
    "Alerts that are not resolved and that nobody has acknowledged, from the store.",
    ("severity", "category"),
)
ALERT_OLDEST_UNACKNOWLEDGED = Gauge(
    "alert_oldest_unacknowledged_timestamp_seconds",
    "Unix time at which the oldest alert began that nobody has acknowledged, from the store.",
    ("severity", "category"),
    "seconds",
)
ALERT_TIME_TO_ACKNOWLEDGE = Histogram(
    "alert_time_to_acknowledge_seconds",
    "Time from the start of an alert until somebody acknowledged it.",
    ("severity", "category"),
    "seconds",
    TIMES,
)
ALERT_TIME_TO_RESOLVE = Histogram(
    "alert_time_to_resolve_seconds",
    "Time from the start of an alert to its end.",
    ("severity", "category"),
    "seconds",
    TIMES,
)
ALERT_EVALUATIONS = Counter(
    "alert_evaluations_total",
    "Looks at the store and at this replica for one kind of alert, by what was found (calm, "
    "burning, unjudged, failed).",
    ("evaluator", "outcome"),
)
ALERT_DELIVERIES = Counter(
    "alert_deliveries_total",
    "What people were told of alerts, by channel, and by what became of it (sent, retried, dead, "
    "dropped).",
    ("channel", "outcome"),
)
ALERT_DELIVERIES_WAITING = Gauge(
    "alert_deliveries_waiting", "Announcements of alerts that wait to be delivered.", ("channel",)
)
ALERT_DEAD_LETTERS = Gauge(
    "alert_dead_letters",
    "Announcements of alerts that could not be delivered and wait for a decision.",
    ("channel",),
)

ALERTING: tuple[Metric, ...] = (
    ALERTS,
    ALERT_NOTIFICATIONS,
    ALERTS_OPEN,
    ALERTS_UNACKNOWLEDGED,
    ALERT_OLDEST_UNACKNOWLEDGED,
    ALERT_TIME_TO_ACKNOWLEDGE,
    ALERT_TIME_TO_RESOLVE,
    ALERT_EVALUATIONS,
    ALERT_DELIVERIES,
    ALERT_DELIVERIES_WAITING,
    ALERT_DEAD_LETTERS,
)
