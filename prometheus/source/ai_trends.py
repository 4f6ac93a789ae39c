"""AI requests against their own past: what they cost, and how users like them."""

from .rule import Alert, Case, Fire, Subject

COST = 'ai_request_cost_total{$job, instance="%s", model="gpt"}'
SUM = 'ai_request_rating_sum{$job, instance="a", model="%s"}'
COUNT = 'ai_request_rating_count{$job, instance="a", model="%s"}'
WEEK = 1008
"""Steps of ten minutes."""

AI_TRENDS = Subject(
    name="ai_trends",
    title="AI cost and ratings",
    category="ai",
    dashboard="meterhouse-ai",
    step="10m",
    alerts=(
        Alert(
            "AiCostHigh",
            """
            sum(increase(ai_request_cost_total{$job}[1h]))
            > 3 * (sum(increase(ai_request_cost_total{$job}[1h] offset 1w)) > 0)
            and sum(increase(ai_request_cost_total{$job}[1h])) > 10
            """,
            "warning",
            'AI requests cost ${{ $value | printf "%.2f" }} in an hour.',
            'AI requests cost ${{ $value | printf "%.2f" }} in the last hour, more than three '
            "times what they did in the same hour a week ago. Look at cost by model and plan, then "
            "at the tokens and the features.",
            means="Money is being spent that nobody planned: more use, a dearer model, or a loop. "
            "Below $10 an hour it is not watched.",
            see="Cost by model, by plan and by feature, today and a week ago.",
            act="A loop: stop its caller or withdraw its key. A dearer model: look at the router. "
            "More use: see whether revenue follows.",
            quiet="For a day after a launch, when the rise is wanted.",
            panel="Cost of the last hour by model",
            cases=(
                Case(
                    "twice as much; no last week yet",
                    {COST % "a": f"0+10x{WEEK + 6} 10140+20x30"},
                    {"30m": (), "100h": (), "171h": ()},
                ),
                Case(
                    "much more of very little, and a restart",
                    {COST % "a": f"0+0.1x{WEEK} 0+1x30"},
                    {"171h": ()},
                ),
                Case(
                    "four times as much over both replicas",
                    {
                        COST % "a": f"0+10x{WEEK + 12} 10220+20x30",
                        COST % "b": f"0+10x{WEEK + 12} 10260+60x30",
                    },
                    {
                        "171h10m": (),
                        "171h20m": (Fire({}, ("480.00", "480.00")),),
                    },
                ),
            ),
            wait="30m",
        ),
        Alert(
            "AiRatingsDropping",
            """
            sum by (model) (increase(ai_request_rating_sum{$job}[1d]))
            / (sum by (model) (increase(ai_request_rating_count{$job}[1d])) >= 20)
            < 0.9 * sum by (model) (increase(ai_request_rating_sum{$job}[1w] offset 1d))
            / (sum by (model) (increase(ai_request_rating_count{$job}[1w] offset 1d)) >= 20)
            """,
            "warning",
            "Users like the answers of {{ $labels.model }} less.",
            'The mean rating of {{ $labels.model }} was {{ $value | printf "%.1f" }} of 5 over a '
            "day, over 10% below that of the week before. Look at ratings by feature, and at what "
            "changed in prompts and models.",
            means="Answers got worse, or what is asked changed. Fewer than 20 ratings are not "
            "judged.",
            see="Ratings by model and feature over two weeks, and the comments in the store.",
            act="Compare the prompts and model versions before and after; undo the change.",
            quiet="By its `model`, while a change is being tried out.",
            panel="Rating by model",
            cases=(
                Case(
                    "as before, with a restart; bad, but few; and only one day old",
                    {
                        SUM % "gpt": f"0+4x{WEEK} 0+4x300",
                        COUNT % "gpt": f"0+1x{WEEK} 0+1x300",
                        SUM % "rare": "0+0.1x1400",
                        COUNT % "rare": "0+0.1x1400",
                        SUM % "new": f"_x{WEEK} 0+1x300",
                        COUNT % "new": f"_x{WEEK} 0+1x300",
                    },
                    {"100h": (), "190h": (), "210h": ()},
                ),
                Case(
                    "from 4 to 2 for a day",
                    {
                        SUM % "gpt": f"0+4x{WEEK} 4034+2x300",
                        COUNT % "gpt": "0+1x1400",
                    },
                    {
                        "173h40m": (),
                        "173h50m": (Fire({"model": "gpt"}, ("3.5",)),),
                    },
                ),
            ),
            wait="1h",
        ),
    ),
)
