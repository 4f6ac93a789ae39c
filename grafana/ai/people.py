"""What people use requests for, how they rate the answers, and the credits that they use up."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Heat, Lines, Ranking
from ..promql import WHOLE_RANGE, share
from .asked import ASK, FAILING, HOUR, MODEL

FEATURE = ("feature",)
FAILED = 'status="failed"'
LATELY = "15m"
"""What the alert on models looks at, too: some features are rarely used."""
FAILURES = ASK.largest(
    share(
        ASK.growth(c.AI_REQUESTS, FAILED, by=FEATURE, window=LATELY),
        ASK.growth(c.AI_REQUESTS, by=FEATURE, window=LATELY),
    ),
    c.AI_REQUESTS,
    FEATURE,
    FAILED,
)
CREDITS, CREDIT_COST = (
    ASK.largest(ASK.growth(counter, by=FEATURE, window=HOUR), counter, FEATURE)
    for counter in (c.CREDITS_USED, c.CREDITS_COST)
)
NO_RATINGS = "No ratings yet"


def _rated_up_to(stars: int) -> str:
    matcher = f'le=~"{stars}|{stars}.0"'
    return ASK.observed(c.AI_REQUEST_RATING, matcher, window=WHOLE_RANGE, suffix="_bucket")


FEATURES = Topic(
    "What are they used for?",
    (
        Heat(
            "Features over time",
            "Requests a second by feature, for the ten most used.",
            "reqps",
            ASK.largest(ASK.rate(c.AI_REQUESTS, by=FEATURE), c.AI_REQUESTS, FEATURE),
            "{{feature}}",
            width=12,
            buckets=False,
        ),
        Lines(
            "Failures by feature",
            "Requests that failed, of all that ended in the 15 minutes before each point; the ten "
            "features with the most failures in the range.",
            "percentunit",
            {"{{feature}}": FAILURES},
            limits=FAILING,
            width=12,
            nothing="None yet",
        ),
    ),
)
RATINGS = Topic(
    "Are people content?",
    (
        Ranking(
            "Ratings",
            "How many ratings of each kind were given in the range.",
            "short",
            {
                "★": _rated_up_to(1),
                **{"★" * n: f"{_rated_up_to(n)} - {_rated_up_to(n - 1)}" for n in range(2, 6)},
            },
            nothing=NO_RATINGS,
        ),
        Lines(
            "Rating by model",
            "Mean rating of the hour before each point, 1 to 5; the ten most used models.",
            "short",
            {
                "{{model}}": ASK.largest(
                    ASK.mean(c.AI_REQUEST_RATING, by=MODEL, window=HOUR), c.AI_REQUESTS, MODEL
                )
            },
            lowest=1,
            highest=5,
            width=16,
            nothing=NO_RATINGS,
        ),
        Lines(
            "Credits by feature",
            "Credits used in the hour before each point; the ten features with the most.",
            "short",
            {"{{feature}}": CREDITS},
            stacked=True,
            width=12,
        ),
        Lines(
            "Cost of credits by feature",
            "US dollars in the hour before each point; the ten features with the most.",
            "currencyUSD",
            {"{{feature}}": CREDIT_COST},
            stacked=True,
            width=12,
        ),
    ),
)
