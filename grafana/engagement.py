"""Engagement: who comes, how often, what they do, and how long they stay."""

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, timeseries
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics import catalogue as c

from .common import Choice, Topic, page
from .limits import Limits
from .panels import heat, lines, numbers, ranking
from .promql import WHOLE_RANGE, Scope

ASK = Scope(("event", "feature", "user_plan"))
HOUR = "1h"
WINDOWS = (("1d", "DAU"), ("7d", "WAU"), ("30d", "MAU"))


def dashboard() -> model.Dashboard:
    """The whole of it."""
    return page(
        "meterhouse-engagement",
        "Engagement",
        "How many people come, how often they come back, and what they do.",
        (
            Topic(
                "At a glance",
                (
                    _now(),
                    *(_users_in(window, name) for window, name in WINDOWS),
                    _stickiness(),
                    _events(),
                    _sessions(),
                    _session(),
                ),
            ),
            Topic("Users", (_windows(), _by_plan(), _stickiness_over_time())),
            Topic("Events", (_against_last_week(), _by_event(), _by_user_plan())),
            Topic("Features and devices", (_feature_heat(), _features(), _devices())),
            Topic("Sessions", (_session_heat(), _session_lengths(), _sessions_by_plan())),
        ),
        choices=(
            Choice("event", c.USER_ENGAGEMENT_EVENTS, "Event"),
            Choice("feature", c.USER_ENGAGEMENT_EVENTS, "Feature"),
            Choice("user_plan", c.USER_ENGAGEMENT_EVENTS, "Plan"),
        ),
    )


def _now() -> stat.Panel:
    return numbers(
        "Active now",
        "Distinct users with an event in the last 5 minutes.",
        "short",
        [(ASK.stored(c.ACTIVE_USERS_CURRENT), "users")],
    )


def _users_in(window: str, name: str) -> stat.Panel:
    return numbers(
        name,
        f"Distinct users with an event in the {window} up to now, whatever plan is chosen above.",
        "short",
        [(ASK.stored(c.ACTIVE_USERS, f'window="{window}"'), "users")],
    )


def _sticky() -> str:
    daily, monthly = (ASK.stored(c.ACTIVE_USERS, f'window="{window}"') for window in ("1d", "30d"))
    return f"{daily} / ({monthly} > 0)"


def _stickiness() -> stat.Panel:
    return numbers(
        "Stickiness",
        "Users in a day, of the users in a month.",
        "percentunit",
        [(_sticky(), "stickiness")],
        limits=Limits(0.2, 0.1, falling=True),
    )


def _events() -> stat.Panel:
    return numbers(
        "Events",
        "Engagement events in the range.",
        "short",
        [(ASK.growth(c.USER_ENGAGEMENT_EVENTS), "events")],
    )


def _sessions() -> stat.Panel:
    return numbers(
        "Sessions",
        "Sessions that ended in the range: at logout, or after 30 idle minutes.",
        "short",
        [(ASK.observed(c.USER_SESSION_DURATION, window=WHOLE_RANGE), "sessions")],
        nothing="None ended yet",
    )


def _session() -> stat.Panel:
    return numbers(
        "Session p50",
        "Half of the sessions that ended in the range were shorter.",
        "s",
        [(ASK.quantile(0.5, c.USER_SESSION_DURATION, window=WHOLE_RANGE), "median")],
        nothing="None ended yet",
    )


def _windows() -> timeseries.Panel:
    return lines(
        "Users by window",
        "Distinct users in the day, week and month up to each point.",
        "short",
        [(ASK.stored(c.ACTIVE_USERS, by=("window",)), "{{window}}")],
    )


def _by_plan() -> timeseries.Panel:
    return lines(
        "Active now by plan",
        "Distinct users with an event in the 5 minutes before each point.",
        "short",
        [(ASK.stored(c.ACTIVE_USERS_CURRENT, by=("user_plan",)), "{{user_plan}}")],
        stacked=True,
    )


def _stickiness_over_time() -> timeseries.Panel:
    return lines(
        "Stickiness over time",
        "Users in a day, of the users in a month, at each point.",
        "percentunit",
        [(_sticky(), "stickiness")],
    )


def _against_last_week() -> timeseries.Panel:
    return lines(
        "Events of the last hour",
        "Events in the hour before each point, and in the same hour a week before.",
        "short",
        [
            (ASK.growth(c.USER_ENGAGEMENT_EVENTS, window=HOUR), "events"),
            (ASK.growth(c.USER_ENGAGEMENT_EVENTS, window=HOUR, offset="1w"), "a week before"),
        ],
    )


def _by_event() -> timeseries.Panel:
    events = ASK.rate(c.USER_ENGAGEMENT_EVENTS, by=("event",))
    return lines(
        "Events by kind",
        "Events a second, for the ten most frequent kinds.",
        "ops",
        [(ASK.largest(events, c.USER_ENGAGEMENT_EVENTS, "event"), "{{event}}")],
        stacked=True,
    )


def _by_user_plan() -> timeseries.Panel:
    return lines(
        "Events by plan",
        "Events a second, by the plan of the user.",
        "ops",
        [(ASK.rate(c.USER_ENGAGEMENT_EVENTS, by=("user_plan",)), "{{user_plan}}")],
        stacked=True,
    )


def _feature_heat() -> heatmap.Panel:
    used = ASK.rate(c.USER_ENGAGEMENT_EVENTS, 'feature!=""', by=("feature",))
    return heat(
        "Features over time",
        "Events a second by feature, for the fifteen most used; without events of no feature.",
        "ops",
        ASK.largest(used, c.USER_ENGAGEMENT_EVENTS, "feature", 15),
        "{{feature}}",
        width=8,
        buckets=False,
        nothing="No feature used yet",
    )


def _features() -> bargauge.Panel:
    used = ASK.growth(c.USER_ENGAGEMENT_EVENTS, 'feature!=""', by=("feature",))
    return ranking(
        "Features used most",
        "Events of the range by feature, the ten most used.",
        "short",
        [(f"topk(10, {used})", "{{feature}}")],
        nothing="No feature used yet",
    )


def _devices() -> bargauge.Panel:
    return ranking(
        "Devices",
        "Events of the range by what they came from.",
        "short",
        [
            (
                ASK.growth(c.USER_ENGAGEMENT_EVENTS, by=("device_type",)),
                "{{device_type}}",
            )
        ],
    )


def _session_heat() -> heatmap.Panel:
    return heat(
        "Session lengths",
        "How many sessions that ended were how long.",
        "s",
        ASK.buckets(c.USER_SESSION_DURATION),
        "{{le}}",
        width=8,
        nothing="None ended yet",
    )


def _session_lengths() -> timeseries.Panel:
    return lines(
        "Session length percentiles",
        "Half and 95 % of the sessions that ended in the hour before were at most this long.",
        "s",
        [
            (ASK.quantile(q, c.USER_SESSION_DURATION, window=HOUR), f"p{round(q * 100)}")
            for q in (0.5, 0.95)
        ],
        nothing="None ended yet",
    )


def _sessions_by_plan() -> timeseries.Panel:
    by = ("user_plan",)
    return lines(
        "Sessions ended by plan",
        "Sessions that ended in the hour before each point.",
        "short",
        [(ASK.observed(c.USER_SESSION_DURATION, by=by, window=HOUR), "{{user_plan}}")],
        stacked=True,
        nothing="None ended yet",
    )
