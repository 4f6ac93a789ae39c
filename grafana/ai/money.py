"""What the requests cost, and what routing them saves."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import MOST, Lines, Ranking
from ..promql import difference
from .asked import ASK, HOUR, MODEL

SAVED, LOST = (
    ASK.growth(counter, window=HOUR) for counter in (c.AI_ROUTER_SAVINGS, c.AI_ROUTER_LOSSES)
)
GAIN_BY_MODEL = difference(
    ASK.growth(c.AI_ROUTER_SAVINGS, by=MODEL), ASK.growth(c.AI_ROUTER_LOSSES, by=MODEL)
)
ROUTED = ASK.growth(c.AI_ROUTER_REQUESTS, by=("model", "baseline_model"))
UNPRICED = ASK.growth(c.AI_REQUEST_UNPRICED_TOKENS, by=MODEL)
NOTHING_ROUTED = "Nothing routed yet"

COST = Topic(
    "What do they cost?",
    (
        Ranking(
            "Tokens without a price",
            "Tokens of the range whose cost was not told and is in no price list, for the six "
            "models with the most: the real cost is higher than what is shown.",
            "short",
            {"{{model}}": f"topk({MOST}, {UNPRICED} > 0)"},
            nothing="None",
        ),
        Lines(
            "Cost of the last hour by model",
            "US dollars in the hour before each point, for the ten models that cost most.",
            "currencyUSD",
            {
                "{{model}}": ASK.largest(
                    ASK.growth(c.AI_REQUEST_COST, by=MODEL, window=HOUR), c.AI_REQUEST_COST, MODEL
                )
            },
            stacked=True,
            width=16,
        ),
        Lines(
            "Tokens by direction",
            "Tokens a second, in and out.",
            "short",
            {"{{type}}": ASK.rate(c.AI_REQUEST_TOKENS, by=("type",))},
            stacked=True,
        ),
        Lines(
            "Cost of the last hour by plan",
            "US dollars in the hour before each point, by the plan of the user.",
            "currencyUSD",
            {"{{user_plan}}": ASK.growth(c.AI_REQUEST_COST, by=("user_plan",), window=HOUR)},
            stacked=True,
        ),
        Lines(
            "Requests by plan",
            "Requests a second that were begun, by the plan of the user.",
            "reqps",
            {"{{user_plan}}": ASK.rate(c.AI_REQUESTS_STARTED, by=("user_plan",))},
            stacked=True,
        ),
    ),
)
ROUTER = Topic(
    "Does the router pay?",
    (
        Lines(
            "Router savings of the last hour",
            "US dollars in the hour before each point that routing saved against the baseline "
            "model, what it cost more, and the difference.",
            "currencyUSD",
            {"saved": SAVED, "lost": LOST, "gained": difference(SAVED, LOST)},
            lowest=None,
            nothing=NOTHING_ROUTED,
        ),
        Ranking(
            "Router gain by model",
            "US dollars of the range: saved less lost, for the six models with the most.",
            "currencyUSD",
            {"{{model}}": f"topk({MOST}, {GAIN_BY_MODEL})"},
            nothing=NOTHING_ROUTED,
        ),
        Ranking(
            "Where the router sends requests",
            "Requests of the range that went to another model than the baseline; the six most "
            "frequent ways.",
            "short",
            {"{{baseline_model}} → {{model}}": f"topk({MOST}, {ROUTED})"},
            nothing=NOTHING_ROUTED,
        ),
    ),
)
