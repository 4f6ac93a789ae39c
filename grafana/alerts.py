"""Alerts: what burns, who takes it and how soon, what is noise, and whether people are told."""

from exporter.metrics import alerts as a
from exporter.metrics.catalogue import Histogram

from .page import Page, Topic
from .panels import MOST, Heat, Limits, Lines, Numbers, Ranking
from .promql import WHOLE_RANGE, Scope
from .variables import Choice

ASK = Scope(("severity", "category"))
DAY = "1d"
HOUR = "1h"
SEVERITY = ("severity",)
CATEGORY = ("category",)
ALL_TAKEN = "All are taken"
NONE_TAKEN = "None taken yet"
NONE_OVER = "None over yet"
NO_CHANNEL = "No channel is set"
WAITING = Limits(900, 1800)
FOR_PEOPLE = 'severity!="low"'
"""Alerts of low severity are for reports and machines: the watchdog, which always fires, is one."""
OLDEST = f"time() - min({ASK.select(a.ALERT_OLDEST_UNACKNOWLEDGED, FOR_PEOPLE)})"


def _of_the_last_hour(histogram: Histogram) -> str:
    """Its buckets, for what is too rare to be seen a scrape at a time."""
    return ASK.observed(histogram, by=("le",), window=HOUR, suffix="_bucket")


GLANCE = Topic(
    "At a glance",
    (
        Numbers(
            "Open",
            "Alerts that are not resolved, without those of low severity.",
            "short",
            {"alerts": ASK.or_zero(ASK.stored(a.ALERTS_OPEN, FOR_PEOPLE))},
            limits=Limits(1, 10),
        ),
        Numbers(
            "Not taken",
            "Alerts that are not resolved and that nobody has acknowledged, without those of low "
            "severity.",
            "short",
            {"alerts": ASK.or_zero(ASK.stored(a.ALERTS_UNACKNOWLEDGED, FOR_PEOPLE))},
            limits=Limits(1, 5),
        ),
        Numbers(
            "Longest not taken",
            "Time since the oldest alert began that nobody has acknowledged, without those of low "
            "severity. A critical one pages after half an hour.",
            "s",
            {"oldest": OLDEST},
            limits=WAITING,
            nothing=ALL_TAKEN,
        ),
        Numbers(
            "MTTA",
            "Mean time from the start of an alert to its acknowledgement, of those of the range.",
            "s",
            {"mean": ASK.mean(a.ALERT_TIME_TO_ACKNOWLEDGE, window=WHOLE_RANGE)},
            nothing=NONE_TAKEN,
        ),
        Numbers(
            "MTTR",
            "Mean time from the start of an alert to its end, of those that ended in the range.",
            "s",
            {"mean": ASK.mean(a.ALERT_TIME_TO_RESOLVE, window=WHOLE_RANGE)},
            nothing=NONE_OVER,
        ),
        Numbers(
            "Began",
            "Alerts that began in the range, each start once.",
            "short",
            {"alerts": ASK.or_zero(ASK.growth(a.ALERTS))},
        ),
        Numbers(
            "Notifications",
            "Notifications of alerts that came in: repeated and resolved ones too.",
            "short",
            {
                "notifications": ASK.or_zero(
                    ASK.growth(a.ALERT_NOTIFICATIONS, 'status!="truncated"')
                )
            },
        ),
        Numbers(
            "Left out",
            "Alerts that notifications of the range were too short for.",
            "short",
            {"alerts": ASK.or_zero(ASK.growth(a.ALERT_NOTIFICATIONS, 'status="truncated"'))},
            limits=Limits(1, 1),
        ),
    ),
)
OPEN = Topic(
    "What burns",
    (
        Lines(
            "Open by severity",
            "Alerts that are not resolved, from the store.",
            "short",
            {"{{severity}}": ASK.stored(a.ALERTS_OPEN, by=SEVERITY)},
            stacked=True,
        ),
        Lines(
            "Open by category",
            "Alerts that are not resolved, by what they are about.",
            "short",
            {"{{category}}": ASK.stored(a.ALERTS_OPEN, by=CATEGORY)},
            stacked=True,
        ),
        Lines(
            "Longest not taken, over time",
            "Time since the oldest alert began that nobody had acknowledged at each point.",
            "s",
            {"oldest": OLDEST},
            limits=WAITING,
            nothing=ALL_TAKEN,
        ),
    ),
)
TIMES = Topic(
    "How soon",
    (
        Lines(
            "Mean times of the last day",
            "Mean times to acknowledge and to resolve, of the alerts for which that came in the "
            "day before each point.",
            "s",
            {
                "to acknowledge": ASK.mean(a.ALERT_TIME_TO_ACKNOWLEDGE, window=DAY),
                "to resolve": ASK.mean(a.ALERT_TIME_TO_RESOLVE, window=DAY),
            },
            nothing=NONE_OVER,
        ),
        Heat(
            "Time to acknowledge",
            "How many alerts of the hour before each point were acknowledged how long after they "
            "began.",
            "s",
            _of_the_last_hour(a.ALERT_TIME_TO_ACKNOWLEDGE),
            nothing=NONE_TAKEN,
        ),
        Heat(
            "Time to resolve",
            "How many alerts that ended in the hour before each point had burned how long.",
            "s",
            _of_the_last_hour(a.ALERT_TIME_TO_RESOLVE),
            nothing=NONE_OVER,
        ),
    ),
)
NOISE = Topic(
    "Noise",
    (
        Ranking(
            "Noisiest alerts",
            "The six alerts that began most often in the range.",
            "short",
            {"{{alert}}": f"topk({MOST}, {ASK.growth(a.ALERTS, by=('alert',))} > 0)"},
            nothing="None began",
        ),
        Lines(
            "Starts of the last hour",
            "Alerts that began in the hour before each point, for the ten that did most often.",
            "short",
            {
                "{{alert}}": ASK.largest(
                    ASK.growth(a.ALERTS, by=("alert",), window=HOUR), a.ALERTS, ("alert",)
                )
            },
            stacked=True,
        ),
        Lines(
            "Notifications of the last hour",
            "What came in during the hour before each point, by who sent it and what it said.",
            "short",
            {
                "{{source}} {{status}}": ASK.growth(
                    a.ALERT_NOTIFICATIONS, by=("source", "status"), window=HOUR
                )
            },
        ),
    ),
)
TELLING = Topic(
    "Told without Alertmanager",
    (
        Lines(
            "Evaluations of the last hour",
            "Looks at the store for alerts of its own in the hour before each point, by what was "
            "found.",
            "short",
            {"{{outcome}}": ASK.growth(a.ALERT_EVALUATIONS, by=("outcome",), window=HOUR)},
            width=6,
            nothing="It does not look",
        ),
        Lines(
            "Deliveries of the last hour",
            "What people were told in the hour before each point, by channel and by what became "
            "of it.",
            "short",
            {
                "{{channel}} {{outcome}}": ASK.growth(
                    a.ALERT_DELIVERIES, by=("channel", "outcome"), window=HOUR
                )
            },
            width=6,
            nothing=NO_CHANNEL,
        ),
        Lines(
            "Waiting to be told",
            "Announcements that wait for a channel to take them.",
            "short",
            {
                "{{channel}}": f"sum by (channel) ({ASK.select(a.ALERT_DELIVERIES_WAITING)})",
            },
            width=6,
            nothing=NO_CHANNEL,
        ),
        Lines(
            "Never told",
            "Announcements that were given up and wait for a decision.",
            "short",
            {"{{channel}}": f"sum by (channel) ({ASK.select(a.ALERT_DEAD_LETTERS)})"},
            width=6,
            nothing=NO_CHANNEL,
        ),
    ),
)
PAGE = Page(
    "meterhouse-alerts",
    "Alerts",
    "What burns, who takes it and how soon, and which alerts are noise.",
    (GLANCE, OPEN, TIMES, NOISE, TELLING),
    variables=(
        Choice("severity", a.ALERTS, "Severity"),
        Choice("category", a.ALERTS, "Category"),
    ),
)
