"""AI requests as they are: failures, latency, requests without end, tokens without a price."""

from .rule import Alert, Case, Fire, Record, Subject

GPT = {"model": "gpt"}


def _ended(status: str, model: str = "gpt", instance: str = "a") -> str:
    return f'ai_requests_total{{$job, instance="{instance}", model="{model}", status="{status}"}}'


def _bucket(le: str, model: str = "gpt") -> str:
    return f'ai_request_duration_seconds_bucket{{$job, instance="a", model="{model}", le="{le}"}}'


STARTED = 'ai_requests_started_total{$job, instance="a", model="gpt"}'
IN_PROGRESS = 'ai_requests_in_progress{$job, instance="%s", model="gpt"}'
UNPRICED = 'ai_request_unpriced_tokens_total{$job, instance="a", model="gpt"}'

AI = Subject(
    name="ai",
    title="AI requests",
    category="ai",
    dashboard="meterhouse-ai",
    records=(
        Record(
            "model:ai_requests:failure_ratio_rate15m",
            """
            (sum by (model) (rate(ai_requests_total{$job, status="failed"}[15m]))
            or 0 * sum by (model) (rate(ai_requests_total{$job}[15m])))
            / (sum by (model) (rate(ai_requests_total{$job}[15m])) > 0)
            """,
            {
                _ended("completed"): "0+30x20 30+30x20",
                _ended("failed", instance="b"): "0+10x40",
                _ended("completed", "claude"): "0+10x40",
                _ended("completed", "idle"): "5x40",
            },
            "30m",
            {'{model="gpt"}': 0.25, '{model="claude"}': 0},
        ),
        Record(
            "model:ai_request_duration_seconds:p95_rate15m",
            """
            histogram_quantile(0.95,
            sum by (model, le) (rate(ai_request_duration_seconds_bucket{$job}[15m])))
            """,
            {
                _bucket("10.0"): "0+45x40",
                _bucket("20.0"): "0+50x40",
                _bucket("+Inf"): "0+50x40",
            },
            "30m",
            {'{model="gpt"}': 15},
        ),
    ),
    alerts=(
        Alert(
            "AiFailureRateHigh",
            """
            model:ai_requests:failure_ratio_rate15m > 0.1
            and sum by (model) (increase(ai_requests_total{$job}[15m])) >= 20
            """,
            "critical",
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.model }} fail.",
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.model }} that ended "
            "in 15 minutes failed. Look at their error codes, then at the status page of the "
            "provider.",
            means="Users of that model get no answer. Fewer than 20 requests are not judged.",
            see="Failures by model and feature: one feature is its prompt or its limits, one model "
            "is its provider.",
            act="Route to another model while the provider is down. `rate_limited`: ask for more, "
            "or send less.",
            quiet="By its `model`, while it is routed around.",
            panel="Failures by model",
            cases=(
                Case(
                    "5%, with a restart; three of four; a model without traffic",
                    {
                        _ended("completed"): "0+95x20 0+95x20",
                        _ended("failed"): "0+5x20 0+5x20",
                        _ended("failed", "rare"): "0+0.2x40",
                        _ended("completed", "rare"): "0+0.05x40",
                        _ended("failed", "idle"): "7x40",
                    },
                    {"15m": (), "25m": (), "40m": ()},
                ),
                Case(
                    "20% over both replicas",
                    {
                        _ended("completed"): "0+80x30",
                        _ended("failed", instance="b"): "0+20x30",
                    },
                    {"5m": (), "6m": (Fire(GPT, ("20%", "20%")),)},
                ),
            ),
            wait="5m",
        ),
        Alert(
            "AiLatencyHigh",
            """
            model:ai_request_duration_seconds:p95_rate15m > 30
            and sum by (model) (increase(ai_request_duration_seconds_count{$job}[15m])) >= 20
            """,
            "warning",
            "{{ $labels.model }} is slow.",
            "1 in 20 requests to {{ $labels.model }} took longer than "
            "{{ $value | humanizeDuration }} over 15 minutes; 30 s is the limit. Look at the "
            "heatmap: are all slower, or some stuck?",
            means="Users wait, and connections are held open.",
            see="The latency by model and feature, beside the tokens: longer answers take longer.",
            act="More tokens: look at the prompts. The same tokens: the provider; route around it.",
            quiet="By its `model`, if it is meant for long work.",
            panel="p95 duration by model",
            cases=(
                Case(
                    "fast, with a restart and a gap; and slow, but rare",
                    {
                        _bucket("10.0"): "0+10x20 _ 0+10x30",
                        _bucket("+Inf"): "0+10x20 _ 0+10x30",
                        'ai_request_duration_seconds_count{$job, model="gpt"}': "0+10x20 _ 0+10x30",
                        _bucket("60.0", "rare"): "0+0.5x60",
                        _bucket("+Inf", "rare"): "0+0.5x60",
                        'ai_request_duration_seconds_count{$job, model="rare"}': "0+0.5x60",
                    },
                    {"20m": (), "50m": ()},
                ),
                Case(
                    "a tenth takes up to a minute",
                    {
                        _bucket("30.0"): "0+90x40",
                        _bucket("60.0"): "0+100x40",
                        _bucket("+Inf"): "0+100x40",
                        'ai_request_duration_seconds_count{$job, model="gpt"}': "0+100x40",
                    },
                    {"10m": (), "11m": (Fire(GPT, ("45s",)),)},
                ),
            ),
            wait="10m",
        ),
        Alert(
            "AiRequestsAbandoned",
            """
            (sum by (model) (increase(ai_requests_started_total{$job}[1d]))
            - sum by (model) (increase(ai_requests_total{$job}[1d]))
            - (max by (model) (ai_requests_in_progress{$job})
            or 0 * sum by (model) (increase(ai_requests_started_total{$job}[1d]))))
            / (sum by (model) (increase(ai_requests_started_total{$job}[1d])) >= 100) > 0.05
            """,
            "warning",
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.model }} never end.",
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.model }} that began "
            "in a day have not ended and are no longer in progress. Look at which feature begins "
            "them, and at the service that should report their end.",
            means="Their callers gave up or crashed, or forget to send the update. Cost and "
            "success rate miss them.",
            see="Started and ended requests by feature on the dashboard.",
            act="Find the path on which the caller does not report: time-outs and closed tabs are "
            "the usual ones.",
            quiet="By its `model`, until that caller's next release.",
            panel="Requests in progress",
            cases=(
                Case(
                    "all end or are in progress, over a restart; and three of a few",
                    {
                        STARTED: "0+10x120 0+10x120",
                        _ended("completed"): "0+10x120 0+10x120",
                        IN_PROGRESS % "a": "50x240",
                        'ai_requests_started_total{$job, model="rare"}': "0+0.1x240",
                    },
                    {"2h": (), "4h": ()},
                ),
                Case(
                    "the same requests in progress on each replica count once",
                    {
                        STARTED: "0+10x240",
                        _ended("completed"): "0+8x240",
                        _ended("failed"): "0+1x240",
                        IN_PROGRESS % "a": "0x240",
                        IN_PROGRESS % "b": "0x240",
                    },
                    {"1h": (), "90m": (Fire(GPT, ("10%", "10%")),)},
                ),
            ),
            wait="1h",
        ),
        Alert(
            "AiTokensWithoutPrice",
            "sum by (model) (increase(ai_request_unpriced_tokens_total{$job}[1h])) > 0",
            "warning",
            "{{ $labels.model }} has no price.",
            "About {{ $value | humanize }} tokens of {{ $labels.model }} in an hour had neither a "
            "reported cost nor a price in the list: the cost that is shown is too low. Look at how "
            "the callers spell the model and its provider.",
            means="Cost by model, plan and feature leaves these requests out.",
            see="Tokens beside cost by model on the dashboard.",
            act="Let the callers send `cost`, or the provider's own name of the model; a new model "
            "needs a newer price list (package `genai-prices`).",
            quiet="By its `model`, if it costs nothing, as one of your own does.",
            panel="Tokens without a price",
            cases=(
                Case(
                    "all have a price, also after a restart",
                    {UNPRICED: "100x30 0x60"},
                    {"30m": (), "90m": ()},
                ),
                Case(
                    "1,000 tokens a minute",
                    {UNPRICED: "0+1000x120"},
                    {"15m": (), "90m": (Fire(GPT, ("60k",)),)},
                ),
            ),
            wait="15m",
        ),
    ),
)
