"""Engagement: who comes, how often, what they do, and how long they stay."""

from exporter.metrics import catalogue as c

from .page import Page, Topic
from .panels import MOST, Heat, Limits, Lines, Numbers, Ranking
from .promql import A_WEEK_BEFORE, WHOLE_RANGE, Scope
from .variables import Choice

ASK = Scope(("event", "feature", "user_plan"))
HOUR = "1h"
PLAN = ("user_plan",)
FEATURE = ("feature",)
OF_A_FEATURE = 'feature!=""'
WINDOWS = {"DAU": "1d", "WAU": "7d", "MAU": "30d"}
USERS = {name: ASK.stored(c.ACTIVE_USERS, f'window="{window}"') for name, window in WINDOWS.items()}
STICKY = {"stickiness": f"{USERS['DAU']} / ({USERS['MAU']} > 0)"}
NO_SESSION = "None ended yet"
NO_FEATURE = "No feature used yet"


GLANCE = Topic(
    "At a glance",
    (
        Numbers(
            "Active now",
            "Distinct users with an event in the last 5 minutes.",
            "short",
            {"users": ASK.or_zero(ASK.stored(c.ACTIVE_USERS_CURRENT))},
        ),
        *(
            Numbers(
                name,
                f"Distinct users with an event in the {window} up to now, whatever plan is chosen "
                "above.",
                "short",
                {"users": USERS[name]},
            )
            for name, window in WINDOWS.items()
        ),
        Numbers(
            "Stickiness",
            "Users in a day, of the users in a month.",
            "percentunit",
            STICKY,
            limits=Limits(0.2, 0.1, falling=True),
        ),
        Numbers(
            "Events",
            "Engagement events in the range.",
            "short",
            {"events": ASK.or_zero(ASK.growth(c.USER_ENGAGEMENT_EVENTS))},
        ),
        Numbers(
            "Sessions",
            "Sessions that ended in the range: at logout, or after 30 idle minutes.",
            "short",
            {"sessions": ASK.or_zero(ASK.observed(c.USER_SESSION_DURATION, window=WHOLE_RANGE))},
        ),
        Numbers(
            "p50 stay",
            "Half of the sessions that ended in the range were shorter.",
            "s",
            {"median": ASK.quantile(0.5, c.USER_SESSION_DURATION, window=WHOLE_RANGE)},
        ),
    ),
)
WHO = Topic(
    "Users",
    (
        Lines(
            "Users by window",
            "Distinct users in the day, week and month up to each point.",
            "short",
            USERS,
        ),
        Lines(
            "Active now by plan",
            "Distinct users with an event in the 5 minutes before each point.",
            "short",
            {"{{user_plan}}": ASK.stored(c.ACTIVE_USERS_CURRENT, by=PLAN)},
            stacked=True,
        ),
        Lines(
            "Stickiness over time",
            "Users in a day, of the users in a month, at each point.",
            "percentunit",
            STICKY,
        ),
    ),
)
EVENTS = Topic(
    "Events",
    (
        Lines(
            "Events of the last hour",
            "Events in the hour before each point, and in the same hour a week before.",
            "short",
            {
                "events": ASK.growth(c.USER_ENGAGEMENT_EVENTS, window=HOUR),
                "a week before": ASK.growth(
                    c.USER_ENGAGEMENT_EVENTS, window=HOUR, at=A_WEEK_BEFORE
                ),
            },
            width=6,
        ),
        Lines(
            "Events by plan",
            "Events a second, by the plan of the user.",
            "ops",
            {"{{user_plan}}": ASK.rate(c.USER_ENGAGEMENT_EVENTS, by=PLAN)},
            stacked=True,
            width=6,
        ),
        Lines(
            "Events by kind",
            "Events a second, for the ten most frequent kinds.",
            "ops",
            {
                "{{event}}": ASK.largest(
                    ASK.rate(c.USER_ENGAGEMENT_EVENTS, by=("event",)),
                    c.USER_ENGAGEMENT_EVENTS,
                    ("event",),
                )
            },
            stacked=True,
            width=12,
        ),
    ),
)
FEATURES = Topic(
    "Features and devices",
    (
        Ranking(
            "Devices",
            "Events of the range by what they came from.",
            "short",
            {"{{device_type}}": ASK.growth(c.USER_ENGAGEMENT_EVENTS, by=("device_type",))},
            width=6,
        ),
        Ranking(
            "Features used most",
            "Events of the range by feature, the six most used.",
            "short",
            {
                "{{feature}}": f"topk({MOST}, "
                f"{ASK.growth(c.USER_ENGAGEMENT_EVENTS, OF_A_FEATURE, by=FEATURE)})"
            },
            width=6,
            nothing=NO_FEATURE,
        ),
        Heat(
            "Features over time",
            "Events a second by feature, for the ten most used; without events of no feature.",
            "ops",
            ASK.largest(
                ASK.rate(c.USER_ENGAGEMENT_EVENTS, OF_A_FEATURE, by=FEATURE),
                c.USER_ENGAGEMENT_EVENTS,
                FEATURE,
                OF_A_FEATURE,
            ),
            "{{feature}}",
            width=12,
            buckets=False,
            nothing=NO_FEATURE,
        ),
    ),
)
SESSIONS = Topic(
    "Sessions",
    (
        Heat(
            "Session lengths",
            "How many sessions that ended were how long.",
            "s",
            ASK.buckets(c.USER_SESSION_DURATION),
            nothing=NO_SESSION,
        ),
        Lines(
            "Session length percentiles",
            "Half and 95 % of the sessions that ended in the hour before were at most this long.",
            "s",
            ASK.percentiles(c.USER_SESSION_DURATION, window=HOUR, which=(0.5, 0.95)),
            nothing=NO_SESSION,
        ),
        Lines(
            "Sessions ended by plan",
            "Sessions that ended in the hour before each point.",
            "short",
            {"{{user_plan}}": ASK.observed(c.USER_SESSION_DURATION, by=PLAN, window=HOUR)},
            stacked=True,
            nothing=NO_SESSION,
        ),
    ),
)
PAGE = Page(
    "meterhouse-engagement",
    "Engagement",
    "How many people come, how often they come back, and what they do.",
    (GLANCE, WHO, EVENTS, FEATURES, SESSIONS),
    variables=(
        Choice("event", c.USER_ENGAGEMENT_EVENTS, "Event"),
        Choice("feature", c.USER_ENGAGEMENT_EVENTS, "Feature"),
        Choice("user_plan", c.USER_ENGAGEMENT_EVENTS, "Plan"),
    ),
)
