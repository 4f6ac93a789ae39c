"""Health: what is down now and was before, how soon things answer, and the incidents."""

from exporter.metrics import health as h

from .colors import BAD, GOOD, NEUTRAL, WARNING
from .page import Page, Topic
from .panels import Column, Limits, Lines, Numbers, States, Table
from .promql import WHOLE_RANGE, Scope
from .variables import Choice

ASK = Scope(("check",))
CHECK = ("check",)
DAY = "1d"
UP = f"min by (check) ({ASK.select(h.CHECK_UP)})"
"""A check is as well as on the replica where it is worst."""
DEGRADED = f"max by (check) ({ASK.select(h.CHECK_DEGRADED)})"
MAINTENANCE = f"max by (check) ({ASK.select(h.CHECK_MAINTENANCE)})"
UPTIME = Limits(0.999, 0.99, falling=True)
BY_WINDOW = {
    window: ASK.reported(h.UPTIME, f'window="{window}"') for window in ("24h", "7d", "30d", "90d")
}
WITHOUT = "No check"
NONE_OVER = "None over yet"

GLANCE = Topic(
    "At a glance",
    (
        Numbers(
            "Down",
            "Checks that are down on any replica.",
            "short",
            {"checks": ASK.or_zero(f"count({UP} == 0)")},
            limits=Limits(1, 1),
        ),
        Numbers(
            "Degraded",
            "Checks that are up, but slow, or failed in their last run, or are about to fail.",
            "short",
            {"checks": ASK.or_zero(f"count({DEGRADED} == 1)")},
            limits=Limits(1, 10),
        ),
        Numbers(
            "In maintenance",
            "Checks for which a maintenance window is open.",
            "short",
            {"checks": ASK.or_zero(f"count({MAINTENANCE} == 1)")},
        ),
        Numbers(
            "Open incidents",
            "Incidents that are not resolved.",
            "short",
            {"incidents": ASK.or_zero(ASK.stored(h.INCIDENTS_OPEN))},
            limits=Limits(1, 1),
        ),
        Numbers(
            "Uptime",
            "Time without a critical check down, of the time that was watched and was no "
            "maintenance, as the API says it.",
            "percentunit",
            BY_WINDOW,
            width=12,
            limits=UPTIME,
            decimals=3,
            nothing="Not known yet",
        ),
    ),
)
STATES = Topic(
    "What was how",
    (
        States(
            "State of each check",
            "What each check was, on the replica where it was worst.",
            {"{{check}}": f"3 * ({MAINTENANCE} == 1) or on (check) 2 * {UP} - {DEGRADED}"},
            {
                2: ("healthy", GOOD),
                1: ("degraded", WARNING),
                0: ("down", BAD),
                3: ("maintenance", NEUTRAL),
            },
            width=24,
            height=10,
            nothing=WITHOUT,
        ),
        Table(
            "Checks",
            "Each check: its uptime in the range, and its last run. Of replicas, the worst.",
            {"check": "Check"},
            (
                Column(
                    "Uptime",
                    f"min by (check) (avg_over_time({ASK.select(h.CHECK_UP)}[{WHOLE_RANGE}]))",
                    "percentunit",
                    UPTIME,
                    decimals=3,
                ),
                Column("Critical", ASK.reported(h.CHECK_CRITICAL, by=CHECK), "short"),
                Column("Took", ASK.reported(h.CHECK_DURATION, by=CHECK), "s", Limits(1, 5)),
                Column(
                    "Ago",
                    f"time() - min by (check) ({ASK.select(h.CHECK_LAST_RUN)})",
                    "s",
                ),
                Column("Interval", ASK.reported(h.CHECK_INTERVAL, by=CHECK), "s"),
                Column(
                    "Certificate",
                    f"min by (check) ({ASK.select(h.CHECK_TLS_EXPIRY)}) - time()",
                    "s",
                    Limits(14 * 86_400, 3 * 86_400, falling=True),
                ),
            ),
            height=12,
            order=("Uptime",),
        ),
    ),
)
TIMES = Topic(
    "How soon",
    (
        Lines(
            "Time of a run",
            "Time that the last run of each check took, on the replica where it took longest.",
            "s",
            {"{{check}}": ASK.reported(h.CHECK_DURATION, by=CHECK)},
            width=12,
            nothing=WITHOUT,
        ),
        Lines(
            "Uptime over time",
            "What the API would have said at each point.",
            "percentunit",
            BY_WINDOW,
            width=12,
            limits=UPTIME,
            lowest=None,
            highest=1,
            nothing="Not known yet",
        ),
    ),
)
INCIDENTS = Topic(
    "Incidents",
    (
        Lines(
            "Open by severity",
            "Incidents that are not resolved.",
            "short",
            {"{{severity}}": ASK.stored(h.INCIDENTS_OPEN, by=("severity",))},
            stacked=True,
        ),
        Lines(
            "Began in the last day",
            "Incidents that began in the day before each point.",
            "short",
            {"{{severity}}": ASK.growth(h.INCIDENTS, by=("severity",), window=DAY)},
            stacked=True,
            nothing="None began yet",
        ),
        Lines(
            "Mean length of the last day",
            "Mean time from the start to the end, of incidents that ended in the day before each "
            "point.",
            "s",
            {"mean": ASK.mean(h.INCIDENT_DURATION, window=DAY)},
            nothing=NONE_OVER,
        ),
    ),
)
PAGE = Page(
    "meterhouse-health",
    "Health",
    "What is down, since when, how often it was, and what came of it.",
    (GLANCE, STATES, TIMES, INCIDENTS),
    variables=(Choice("check", h.CHECK_UP, "Check"),),
)
