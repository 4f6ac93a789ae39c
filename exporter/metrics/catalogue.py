"""Every metric of the service, once. The values, the docs page and the checks all start here.

A label is *closed* when its values come from this code (`status`, `type`), and *open* when they
come from callers; the label guard bounds the open ones.
"""

from .alerts import ALERTING
from .health import HEALTH
from .metric import EVERY_SERIES, OPEN_LABELS, OWN_SERVICE, Counter, Gauge, Histogram, Metric

LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)

AI_REQUESTS = Counter(
    "ai_requests_total",
    "AI requests that have ended, by how they ended.",
    ("model", "status", "feature", "user_plan"),
    zero_first={"status": "failed"},
)
AI_REQUESTS_STARTED = Counter(
    "ai_requests_started_total",
    "AI requests first tracked, whatever their status.",
    ("model", "feature", "user_plan"),
)
AI_REQUESTS_IN_PROGRESS = Gauge(
    "ai_requests_in_progress",
    "AI requests begun in the last hour and not ended yet, from the store.",
    ("model",),
)
AI_REQUEST_DURATION = Histogram(
    "ai_request_duration_seconds",
    "Time that AI requests took to end.",
    ("model", "feature", "user_plan"),
    "seconds",
    (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0),
)
AI_REQUEST_TOKENS = Counter(
    "ai_request_tokens_total",
    "Tokens of ended AI requests, by direction (input or output).",
    ("model", "type", "user_plan"),
)
AI_REQUEST_COST = Counter(
    "ai_request_cost_total",
    "Cost of ended AI requests in US dollars.",
    ("model", "user_plan"),
)
AI_REQUEST_UNPRICED_TOKENS = Counter(
    "ai_request_unpriced_tokens_total",
    "Tokens of ended AI requests whose cost was neither reported nor in the price list.",
    ("model",),
    zero_first=EVERY_SERIES,
)
AI_REQUEST_RATING = Histogram(
    "ai_request_rating",
    "First rating that users gave an AI request, from 1 to 5.",
    ("model", "feature"),
    "",
    (1.0, 2.0, 3.0, 4.0, 5.0),
)
AI_ROUTER_REQUESTS = Counter(
    "ai_router_requests_total",
    "Ended AI requests that a router sent to another model than the baseline.",
    ("model", "baseline_model"),
)
AI_ROUTER_SAVINGS = Counter(
    "ai_router_savings_total",
    "US dollars that routing saved against the cost of the baseline model.",
    ("model", "baseline_model"),
)
AI_ROUTER_LOSSES = Counter(
    "ai_router_losses_total",
    "US dollars that routing cost more than the baseline model; savings less losses is the gain.",
    ("model", "baseline_model"),
)
USER_ENGAGEMENT_EVENTS = Counter(
    "user_engagement_events_total",
    "User engagement events.",
    ("event", "feature", "user_plan", "device_type"),
)
ACTIVE_USERS_CURRENT = Gauge(
    "active_users_current",
    "Distinct users with an event in the last 5 minutes, from the store.",
    ("user_plan",),
)
ACTIVE_USERS = Gauge(
    "active_users",
    "Distinct users with an event in the window up to now, from the store.",
    ("window",),
)
USER_SESSION_DURATION = Histogram(
    "user_session_duration_seconds",
    "Length of user sessions that ended, at logout or after 30 idle minutes.",
    ("user_plan",),
    "seconds",
    (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0),
)
SALES_TRANSACTIONS = Counter(
    "sales_transactions_total",
    "Steps that sales took, each once, by the status they came to.",
    ("type", "status", "plan", "payment_method"),
    zero_first=EVERY_SERIES,
)
SALES_REVENUE = Counter(
    "sales_revenue_total",
    "Completed money in, in the currency's own unit.",
    ("type", "plan", "currency"),
    zero_first=EVERY_SERIES,
)
SALES_REFUNDS = Counter(
    "sales_refunds_total",
    "Money given back, in the currency's own unit.",
    ("plan", "currency"),
    zero_first=EVERY_SERIES,
)
SUBSCRIPTIONS_CURRENT = Gauge(
    "subscriptions_current",
    "Subscriptions by their state (active, trial or cancelled), from the store.",
    ("plan", "status"),
)
MONTHLY_RECURRING_REVENUE = Gauge(
    "monthly_recurring_revenue",
    "Monthly recurring revenue in the currency's own unit, from the store.",
    ("plan", "currency"),
)
CREDITS_USED = Counter("credits_used_total", "Credits used.", ("feature",))
CREDITS_COST = Counter("credits_cost_total", "Cost of used credits in US dollars.", ("feature",))
HTTP_REQUESTS = Counter(
    "http_requests_total",
    "HTTP requests answered, by this service (exporter) and those that report to it.",
    ("service", "endpoint", "method", "status_code"),
    zero_first={"status_code": "5.."},
)
HTTP_REQUEST_DURATION = Histogram(
    "http_request_duration_seconds",
    "Time to answer an HTTP request.",
    ("service", "endpoint", "method", "status_code"),
    "seconds",
    LATENCY,
)
SYSTEM_CPU_USAGE = Gauge(
    "system_cpu_usage_percentage", "CPU in use, in percent of all cores.", ("service",)
)
SYSTEM_MEMORY_USAGE = Gauge(
    "system_memory_usage_percentage", "Memory in use, in percent.", ("service",)
)
SYSTEM_DISK_USAGE = Gauge(
    "system_disk_usage_percentage",
    "Disk in use, in percent; for the exporter, of the disk that holds its data folder.",
    ("service",),
)
SYSTEM_LOAD_AVERAGE = Gauge(
    "system_load_average", "Load average over 1, 5 and 15 minutes.", ("service", "window")
)
SYSTEM_NETWORK_BYTES = Counter(
    "system_network_bytes_total",
    "Bytes that went over the network (in or out).",
    ("service", "direction"),
    "bytes",
)
DATABASE_CONNECTION_POOL = Gauge(
    "database_connection_pool",
    "Connections of the database pool by state (active, idle or total).",
    ("service", "state"),
)
DATABASE_QUERY_DURATION = Histogram(
    "database_query_duration_seconds",
    "Time that database operations took.",
    ("service", "operation"),
    "seconds",
    LATENCY,
)
CACHE_HIT_RATE = Gauge(
    "cache_hit_rate_percentage", "Cache hits, in percent of look-ups.", ("service", "cache_type")
)
BUILD_INFO = Gauge(
    "exporter_build_info",
    "Always 1; the labels say what is running.",
    ("version", "revision", "python"),
)
EVENTS = Counter(
    "exporter_events_total",
    "Events that were offered, by what became of them.",
    ("family", "outcome"),
    zero_first={"outcome": "invalid|failed"},
)
WRITE_BATCH_SIZE = Histogram(
    "exporter_write_batch_size",
    "Events of a family in one group commit.",
    ("family",),
    "",
    (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0),
)
WRITE_DURATION = Histogram(
    "exporter_write_duration_seconds",
    "Time of the group commits that held events of a family, until they were durable.",
    ("family",),
    "seconds",
    LATENCY,
)
SPOOL_EVENTS = Gauge(
    "exporter_spool_events", "Events in the spool, waiting for the database to come back."
)
SPOOL_BYTES = Gauge("exporter_spool_bytes", "Bytes in the spool.", (), "bytes")
SPOOL_LIMIT = Gauge("exporter_spool_limit_bytes", "Bytes that the spool may hold.", (), "bytes")
DEAD_LETTERS = Counter(
    "exporter_dead_letters_total",
    "Spooled events and changes that could not be replayed and were set aside, by reason.",
    ("reason",),
    zero_first=EVERY_SERIES,
)
DEAD_LETTERS_WAITING = Gauge(
    "exporter_dead_letters_waiting", "Entries that were set aside and wait for a decision."
)
LABEL_OVERFLOW = Counter(
    "exporter_label_overflow_total",
    "Label values that became `other`, because the label had too many.",
    ("metric", "label"),
    zero_first=EVERY_SERIES,
)
RATE_LIMITED = Counter(
    "exporter_rate_limited_total",
    "Calls refused by a rate limit, by its kind.",
    ("kind",),
    zero_first=EVERY_SERIES,
)
AUTH_FAILURES = Counter(
    "exporter_auth_failures_total",
    "Calls whose credential was refused, by reason.",
    ("reason",),
    zero_first=EVERY_SERIES,
)
SCRAPE_DURATION = Histogram(
    "exporter_scrape_duration_seconds",
    "Time that rendering /metrics took.",
    (),
    "seconds",
    LATENCY,
)
BACKGROUND_TASK_FAILURES = Counter(
    "exporter_background_task_failures_total",
    "Runs of a background task that failed.",
    ("task",),
    zero_first=EVERY_SERIES,
)
BACKGROUND_TASK_LAST_SUCCESS = Gauge(
    "exporter_background_task_last_success_timestamp_seconds",
    "Unix time at which a background task last succeeded; the age of what it refreshes.",
    ("task",),
    "seconds",
)
BACKGROUND_TASK_INTERVAL = Gauge(
    "exporter_background_task_interval_seconds",
    "Time between two runs of a background task, as it is set.",
    ("task",),
    "seconds",
)

CATALOGUE: tuple[Metric, ...] = (
    *(value for value in list(globals().values()) if isinstance(value, Metric)),
    *ALERTING,
    *HEALTH,
)

__all__ = ["CATALOGUE", "OPEN_LABELS", "OWN_SERVICE", "Counter", "Gauge", "Histogram", "Metric"]
