"""AI requests at a glance: do they succeed, how long do they take, what do they cost?"""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Limits, Numbers
from ..promql import WHOLE_RANGE, share
from .asked import ASK, COMPLETED, DURATION, SUCCESS

ENDED = ASK.growth(c.AI_REQUESTS)
COST = ASK.growth(c.AI_REQUEST_COST)

GLANCE = Topic(
    "At a glance",
    (
        Numbers(
            "Success",
            "Requests that were completed, of all that ended in the range.",
            "percentunit",
            {"success": share(ASK.growth(c.AI_REQUESTS, COMPLETED), ENDED)},
            limits=SUCCESS,
        ),
        Numbers(
            "p95",
            "95 % of the requests that ended in the range took at most this long.",
            "s",
            {"p95": ASK.quantile(0.95, c.AI_REQUEST_DURATION, window=WHOLE_RANGE)},
            limits=DURATION,
        ),
        Numbers(
            "Requests",
            "AI requests that ended in the range.",
            "short",
            {"requests": ASK.or_zero(ENDED)},
        ),
        Numbers(
            "In progress",
            "Requests begun in the last hour and not ended yet.",
            "short",
            {"in progress": ASK.or_zero(ASK.stored(c.AI_REQUESTS_IN_PROGRESS))},
        ),
        Numbers(
            "Cost",
            "US dollars for the requests that ended in the range. A feature is not known of a "
            "cost.",
            "currencyUSD",
            {"cost": ASK.or_zero(COST)},
        ),
        Numbers(
            "Per 1,000",
            "US dollars for a thousand requests of those that ended in the range.",
            "currencyUSD",
            {"cost of 1,000 requests": f"1000 * {COST} / ({ENDED} > 0)"},
        ),
        Numbers(
            "Tokens",
            "Tokens of the requests that ended in the range, in and out.",
            "short",
            {"tokens": ASK.or_zero(ASK.growth(c.AI_REQUEST_TOKENS))},
        ),
        Numbers(
            "Rating",
            "Mean of the ratings given in the range, from 1 to 5.",
            "short",
            {"rating": ASK.mean(c.AI_REQUEST_RATING, window=WHOLE_RANGE)},
            limits=Limits(3.5, 3, falling=True),
            decimals=2,
            nothing="None yet",
        ),
    ),
)
