"""Which models requests go to, which of them fail, and how long they take."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Column, Heat, Lines, Table
from ..promql import WHOLE_RANGE, share
from .asked import ASK, COMPLETED, DURATION, FAILING, MODEL, SUCCESS

ENDED = ASK.growth(c.AI_REQUESTS, by=MODEL)
COST = ASK.growth(c.AI_REQUEST_COST, by=MODEL)

FAILURES = Topic(
    "Do they succeed?",
    (
        Lines(
            "Requests by outcome",
            "Requests a second, by how they ended.",
            "reqps",
            {"{{status}}": ASK.rate(c.AI_REQUESTS, by=("status",))},
            stacked=True,
        ),
        Lines(
            "Failures by model",
            "Requests that failed, of all that ended in the 15 minutes before each point, as the "
            "alert sees it: of all features and plans. The ten models with the highest share.",
            "percentunit",
            {"{{model}}": ASK.worst("model:ai_requests:failure_ratio_rate15m")},
            limits=FAILING,
            width=16,
        ),
    ),
)
MODELS = Topic(
    "Which model?",
    (
        Table(
            "Models compared",
            "Every model over the whole range; a heading sorts by its column.",
            {"model": "Model"},
            (
                Column("Requests", f"round({ENDED})", "short"),
                Column(
                    "Success",
                    share(ASK.growth(c.AI_REQUESTS, COMPLETED, by=MODEL), ENDED),
                    "percentunit",
                    SUCCESS,
                ),
                Column(
                    "p95",
                    ASK.quantile(0.95, c.AI_REQUEST_DURATION, by=MODEL, window=WHOLE_RANGE),
                    "s",
                    DURATION,
                ),
                *(
                    Column(
                        title, ASK.growth(c.AI_REQUEST_TOKENS, f'type="{way}"', by=MODEL), "short"
                    )
                    for title, way in (("Tokens in", "input"), ("Tokens out", "output"))
                ),
                Column("Cost", COST, "currencyUSD"),
                Column("Per 1,000", f"1000 * {COST} / ({ENDED} > 0)", "currencyUSD"),
                Column(
                    "Rating",
                    ASK.mean(c.AI_REQUEST_RATING, by=MODEL, window=WHOLE_RANGE),
                    "short",
                    decimals=2,
                ),
            ),
            widths={"Model": 330},
        ),
    ),
)
LATENCY = Topic(
    "How long do they take?",
    (
        Lines(
            "Duration percentiles",
            "Half, 95 % and 99 % of the requests took at most this long.",
            "s",
            ASK.percentiles(c.AI_REQUEST_DURATION),
        ),
        Lines(
            "p95 duration by model",
            "95 % of the model's requests that ended in the 15 minutes before each point took at "
            "most this long, as the alert sees it: of all features and plans. The ten slowest.",
            "s",
            {"{{model}}": ASK.worst("model:ai_request_duration_seconds:p95_rate15m")},
            limits=DURATION,
            width=16,
        ),
        Heat(
            "Durations",
            "How many requests took how long.",
            "s",
            ASK.buckets(c.AI_REQUEST_DURATION),
            width=24,
        ),
    ),
)
VOLUME = Topic(
    "How many are there?",
    (
        Lines(
            "Requests in progress",
            "Begun in the last hour and not ended. If it only grows, endings are not told.",
            "short",
            {"in progress": ASK.or_zero(ASK.stored(c.AI_REQUESTS_IN_PROGRESS))},
        ),
        Lines(
            "Requests by model",
            "Ended requests a second, for the ten models with the most in the range.",
            "reqps",
            {"{{model}}": ASK.largest(ASK.rate(c.AI_REQUESTS, by=MODEL), c.AI_REQUESTS, MODEL)},
            stacked=True,
            width=16,
        ),
    ),
)
