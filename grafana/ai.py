"""AI requests: how many, by which model, how fast, at what price, and how people rate them."""

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics import catalogue as c

from .common import Choice, Topic, page
from .limits import Limits
from .panels import heat, lines, numbers, ranking
from .promql import WHOLE_RANGE, Scope, difference, share
from .tables import Column, grid

ASK = Scope(("model", "feature", "user_plan"))
MODEL = ("model",)
HOUR = "1h"
SUCCESS = Limits(0.95, 0.9, falling=True)


def dashboard() -> model.Dashboard:
    """The whole of it."""
    return page(
        "meterhouse-ai",
        "AI requests",
        "Which models are used for what, how fast and how reliably they answer, and their price.",
        (
            Topic(
                "At a glance",
                (
                    _requests(),
                    _success(),
                    _latency(),
                    _cost(),
                    _cost_each(),
                    _tokens(),
                    _in_progress(),
                    _rating(),
                ),
            ),
            Topic("Volume", (_outcomes(), _by_model(), _unfinished())),
            Topic("Which model", (_models(),)),
            Topic("Latency", (_latency_heat(), _percentiles(), _latency_by_model())),
            Topic(
                "Cost and tokens", (_cost_by_model(), _cost_by_plan(), _token_rate(), _unpriced())
            ),
            Topic("Features", (_feature_heat(), _failures_by_feature(), _by_plan())),
            Topic("Router", (_routed(), _gain(), _gain_by_model())),
            Topic(
                "Ratings and credits", (_rating_by_model(), _ratings(), _credits(), _credit_cost())
            ),
        ),
        choices=(
            Choice("model", c.AI_REQUESTS_STARTED, "Model"),
            Choice("feature", c.AI_REQUESTS_STARTED, "Feature"),
            Choice("user_plan", c.AI_REQUESTS_STARTED, "Plan"),
        ),
    )


def _requests() -> stat.Panel:
    return numbers(
        "Requests",
        "AI requests that ended in the range.",
        "short",
        [(ASK.growth(c.AI_REQUESTS), "requests")],
    )


def _success() -> stat.Panel:
    completed = ASK.growth(c.AI_REQUESTS, 'status="completed"')
    return numbers(
        "Success",
        "Requests that were completed, of all that ended in the range.",
        "percentunit",
        [(share(completed, ASK.growth(c.AI_REQUESTS)), "success")],
        limits=SUCCESS,
    )


def _latency() -> stat.Panel:
    return numbers(
        "p95",
        "95 % of the requests that ended in the range took at most this long.",
        "s",
        [(ASK.quantile(0.95, c.AI_REQUEST_DURATION, window=WHOLE_RANGE), "p95")],
        limits=Limits(20, 30),
    )


def _cost() -> stat.Panel:
    return numbers(
        "Cost",
        "US dollars for the requests that ended in the range. A feature is not known of a cost.",
        "currencyUSD",
        [(ASK.growth(c.AI_REQUEST_COST), "cost")],
    )


def _cost_each() -> stat.Panel:
    every = f"({ASK.growth(c.AI_REQUESTS)} > 0)"
    return numbers(
        "Per 1,000",
        "US dollars for a thousand requests of those that ended in the range.",
        "currencyUSD",
        [(f"1000 * {ASK.growth(c.AI_REQUEST_COST)} / {every}", "cost of 1,000 requests")],
    )


def _tokens() -> stat.Panel:
    return numbers(
        "Tokens",
        "Tokens of the requests that ended in the range, in and out.",
        "short",
        [(ASK.growth(c.AI_REQUEST_TOKENS), "tokens")],
    )


def _in_progress() -> stat.Panel:
    return numbers(
        "In progress",
        "Requests begun in the last hour and not ended yet.",
        "short",
        [(ASK.stored(c.AI_REQUESTS_IN_PROGRESS), "in progress")],
    )


def _rating() -> stat.Panel:
    return numbers(
        "Rating",
        "Mean of the ratings given in the range, from 1 to 5.",
        "short",
        [(ASK.mean(c.AI_REQUEST_RATING, window=WHOLE_RANGE), "rating")],
        limits=Limits(3.5, 3, falling=True),
        decimals=2,
        nothing="No ratings yet",
    )


def _outcomes() -> timeseries.Panel:
    return lines(
        "Requests by outcome",
        "Requests a second, by how they ended.",
        "reqps",
        [(ASK.rate(c.AI_REQUESTS, by=("status",)), "{{status}}")],
        stacked=True,
    )


def _by_model() -> timeseries.Panel:
    ended = ASK.rate(c.AI_REQUESTS, by=MODEL)
    return lines(
        "Requests by model",
        "Ended requests a second, for the ten models with the most in the range.",
        "reqps",
        [(ASK.largest(ended, c.AI_REQUESTS, "model"), "{{model}}")],
        stacked=True,
    )


def _unfinished() -> timeseries.Panel:
    return lines(
        "Requests in progress",
        "Begun in the last hour and not ended, by model. If it only grows, endings are not told.",
        "short",
        [
            (
                ASK.largest(
                    ASK.stored(c.AI_REQUESTS_IN_PROGRESS, by=MODEL), c.AI_REQUESTS_STARTED, "model"
                ),
                "{{model}}",
            )
        ],
        stacked=True,
    )


def _models() -> table.Panel:
    ended = ASK.growth(c.AI_REQUESTS, by=MODEL)
    cost = ASK.growth(c.AI_REQUEST_COST, by=MODEL)
    done = ASK.growth(c.AI_REQUESTS, 'status="completed"', by=MODEL)
    return grid(
        "Models compared",
        "Every model over the whole range; a heading sorts by its column.",
        {"model": "Model"},
        (
            Column("Requests", f"round({ended})", "short"),
            Column("Success", share(done, ended), "percentunit", SUCCESS),
            Column(
                "p95 duration",
                ASK.quantile(0.95, c.AI_REQUEST_DURATION, by=MODEL, window=WHOLE_RANGE),
                "s",
                Limits(20, 30),
            ),
            Column(
                "Tokens in",
                ASK.growth(c.AI_REQUEST_TOKENS, 'type="input"', by=MODEL),
                "short",
            ),
            Column(
                "Tokens out",
                ASK.growth(c.AI_REQUEST_TOKENS, 'type="output"', by=MODEL),
                "short",
            ),
            Column("Cost", cost, "currencyUSD"),
            Column("Cost of 1,000", f"1000 * {cost} / ({ended} > 0)", "currencyUSD"),
            Column("Rating", ASK.mean(c.AI_REQUEST_RATING, by=MODEL, window=WHOLE_RANGE), "short"),
        ),
        wide="Model",
    )


def _latency_heat() -> heatmap.Panel:
    return heat(
        "Durations",
        "How many requests took how long.",
        "s",
        ASK.buckets(c.AI_REQUEST_DURATION),
        "{{le}}",
        width=8,
    )


def _percentiles() -> timeseries.Panel:
    return lines(
        "Duration percentiles",
        "Half, 95 % and 99 % of the requests took at most this long.",
        "s",
        [(ASK.quantile(q, c.AI_REQUEST_DURATION), f"p{round(q * 100)}") for q in (0.5, 0.95, 0.99)],
    )


def _latency_by_model() -> timeseries.Panel:
    p95 = ASK.quantile(0.95, c.AI_REQUEST_DURATION, by=MODEL)
    return lines(
        "p95 duration by model",
        "95 % of the model's requests took at most this long; the ten most used models.",
        "s",
        [(ASK.largest(p95, c.AI_REQUESTS, "model"), "{{model}}")],
    )


def _cost_by_model() -> timeseries.Panel:
    cost = ASK.growth(c.AI_REQUEST_COST, by=MODEL, window=HOUR)
    return lines(
        "Cost of the last hour by model",
        "US dollars in the hour before each point, for the ten models that cost most.",
        "currencyUSD",
        [(ASK.largest(cost, c.AI_REQUEST_COST, "model"), "{{model}}")],
        stacked=True,
        width=6,
    )


def _cost_by_plan() -> timeseries.Panel:
    return lines(
        "Cost of the last hour by plan",
        "US dollars in the hour before each point, by the plan of the user.",
        "currencyUSD",
        [(ASK.growth(c.AI_REQUEST_COST, by=("user_plan",), window=HOUR), "{{user_plan}}")],
        stacked=True,
        width=6,
    )


def _token_rate() -> timeseries.Panel:
    return lines(
        "Tokens by direction",
        "Tokens a second, in and out.",
        "cps",
        [(ASK.rate(c.AI_REQUEST_TOKENS, by=("type",)), "{{type}}")],
        stacked=True,
        width=6,
    )


def _unpriced() -> timeseries.Panel:
    unpriced = ASK.growth(c.AI_REQUEST_UNPRICED_TOKENS, by=MODEL, window=HOUR)
    return lines(
        "Tokens without a price",
        "Tokens of the hour before each point whose cost was not told and is in no price list: "
        "the real cost is higher than what is shown.",
        "short",
        [(unpriced, "{{model}}")],
        width=6,
        nothing="None yet",
    )


def _feature_heat() -> heatmap.Panel:
    ended = ASK.rate(c.AI_REQUESTS, by=("feature",))
    return heat(
        "Features over time",
        "Requests a second by feature, for the fifteen most used.",
        "reqps",
        ASK.largest(ended, c.AI_REQUESTS, "feature", 15),
        "{{feature}}",
        width=8,
        buckets=False,
    )


def _failures_by_feature() -> timeseries.Panel:
    by = ("feature",)
    failed = ASK.rate(c.AI_REQUESTS, 'status="failed"', by=by)
    failing = share(failed, ASK.rate(c.AI_REQUESTS, by=by))
    return lines(
        "Failures by feature",
        "Requests that failed, of all that ended; the ten most used features.",
        "percentunit",
        [(ASK.largest(failing, c.AI_REQUESTS, "feature"), "{{feature}}")],
        limits=Limits(0.05, 0.1),
    )


def _by_plan() -> timeseries.Panel:
    return lines(
        "Requests by plan",
        "Requests a second that were begun, by the plan of the user.",
        "reqps",
        [(ASK.rate(c.AI_REQUESTS_STARTED, by=("user_plan",)), "{{user_plan}}")],
        stacked=True,
    )


def _routed() -> bargauge.Panel:
    return ranking(
        "Where the router sends requests",
        "Requests of the range that went to another model than the baseline.",
        "short",
        [
            (
                f"topk(10, {ASK.growth(c.AI_ROUTER_REQUESTS, by=('model', 'baseline_model'))})",
                "{{baseline_model}} → {{model}}",
            )
        ],
        nothing="Nothing routed yet",
    )


def _gain() -> timeseries.Panel:
    saved = ASK.growth(c.AI_ROUTER_SAVINGS, window=HOUR)
    lost = ASK.growth(c.AI_ROUTER_LOSSES, window=HOUR)
    return lines(
        "Router savings of the last hour",
        "US dollars in the hour before each point that routing saved against the baseline model, "
        "what it cost more, and the difference.",
        "currencyUSD",
        [
            (saved, "saved"),
            (lost, "lost"),
            (difference(saved, lost), "gained"),
        ],
        lowest=None,
        nothing="Nothing routed yet",
    )


def _gain_by_model() -> bargauge.Panel:
    saved = ASK.growth(c.AI_ROUTER_SAVINGS, by=MODEL)
    lost = ASK.growth(c.AI_ROUTER_LOSSES, by=MODEL)
    return ranking(
        "Router gain by model",
        "US dollars of the range: saved less lost, by the model that was chosen.",
        "currencyUSD",
        [(f"topk(10, {difference(saved, lost)})", "{{model}}")],
        nothing="Nothing routed yet",
    )


def _rating_by_model() -> timeseries.Panel:
    rating = ASK.mean(c.AI_REQUEST_RATING, by=MODEL, window=HOUR)
    return lines(
        "Rating by model",
        "Mean rating of the hour before each point, 1 to 5; the ten most used models.",
        "short",
        [(ASK.largest(rating, c.AI_REQUESTS, "model"), "{{model}}")],
        lowest=1,
        highest=5,
        width=6,
        nothing="No ratings yet",
    )


def _ratings() -> bargauge.Panel:
    def up_to(stars: int) -> str:
        matcher = f'le=~"{stars}|{stars}.0"'
        return ASK.observed(c.AI_REQUEST_RATING, matcher, window=WHOLE_RANGE, suffix="_bucket")

    queries = [(up_to(1), "★")]
    queries += [(f"{up_to(n)} - {up_to(n - 1)}", "★" * n) for n in range(2, 6)]
    return ranking(
        "Ratings",
        "How many ratings of each kind were given in the range.",
        "short",
        queries,
        width=6,
        nothing="No ratings yet",
    )


def _credits() -> timeseries.Panel:
    return lines(
        "Credits by feature",
        "Credits used in the hour before each point.",
        "short",
        [(ASK.growth(c.CREDITS_USED, by=("feature",), window=HOUR), "{{feature}}")],
        stacked=True,
        width=6,
    )


def _credit_cost() -> timeseries.Panel:
    return lines(
        "Cost of credits by feature",
        "US dollars in the hour before each point.",
        "currencyUSD",
        [(ASK.growth(c.CREDITS_COST, by=("feature",), window=HOUR), "{{feature}}")],
        stacked=True,
        width=6,
    )
