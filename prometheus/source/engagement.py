"""Whether people still use the product, against the week before."""

from .rule import Alert, Case, Fire, Record, Subject

EVENTS = 'user_engagement_events_total{$job, instance="%s", event="view"}'
STORED = 'exporter_events_total{$job, instance="a", family="%s", outcome="stored"}'
WEEK = 1008
"""Steps of ten minutes."""

ENGAGEMENT = Subject(
    name="engagement",
    title="Engagement",
    category="engagement",
    dashboard="meterhouse-engagement",
    step="10m",
    records=(
        Record(
            "event:user_engagement_events:increase1h",
            "sum by (event) (increase(user_engagement_events_total{$job}[1h]))",
            {EVENTS % "a": "0+10x20", EVENTS % "b": "0+20x20"},
            "2h",
            {'{event="view"}': 180},
        ),
    ),
    alerts=(
        Alert(
            "EngagementDropped",
            """
            sum(increase(user_engagement_events_total{$job}[6h]))
            / (sum(increase(user_engagement_events_total{$job}[6h] offset 1w)) >= 100) < 0.5
            """,
            "warning",
            "Users do much less than a week ago.",
            "In the last 6 hours there were {{ $value | humanizePercentage }} of the events of the "
            "same hours a week ago. Look at which events and devices are missing: all of them is "
            "tracking, one is a page.",
            means="People stay away, cannot get in, or their events do not arrive.",
            see="Events by name and by device, today and a week ago.",
            act="First make sure that it is not tracking: releases of the front end, and the 4xx "
            "of the tracking calls. Then logins and the product itself.",
            quiet="For a public holiday, and for the same day a week later.",
            panel="Events of the last hour",
            cases=(
                Case(
                    "a young installation, and a few less",
                    {EVENTS % "a": f"0+50x{WEEK} 0+40x200"},
                    {"6h": (), "100h": (), "190h": ()},
                ),
                Case(
                    "half of very few",
                    {EVENTS % "a": f"0+1x{WEEK} 1008+0.2x200"},
                    {"190h": ()},
                ),
                Case(
                    "a tenth over both replicas",
                    {
                        EVENTS % "a": f"0+50x{WEEK} 50410+10x200",
                        EVENTS % "b": f"0+50x{WEEK} 50400+0x200",
                    },
                    {"173h10m": (), "173h20m": (Fire({}, ("22.5%",)),)},
                ),
            ),
            wait="1h",
        ),
        Alert(
            "NoEvents",
            """
            sum(increase(exporter_events_total{$job, family!="system_sample", outcome="stored"}
            [1h])) == 0
            and sum(increase(exporter_events_total{$job, family!="system_sample", outcome="stored"}
            [1d])) > 0
            """,
            "critical",
            "No events arrive.",
            "{{ $value }} events of any family were stored in the last hour, though there were "
            "some in the last day. Look at whether callers reach Meterhouse: its address, its "
            "certificate, its keys.",
            means="Meterhouse runs, and nobody talks to it, or all are refused.",
            see="Tracking calls by status on the service dashboard: none at all, or all 401, 429 "
            "or 503.",
            act="None at all: the network, DNS, or the proxy in front. All refused: the credential "
            "or the limit that the status names.",
            quiet="At night, where the product has no users then; better make the window longer.",
            panel="Events by family",
            dashboard="meterhouse-service",
            cases=(
                Case(
                    "nothing was ever sent; only its own samples; and a restart",
                    {STORED % "system_sample": "0+10x60 0+10x60"},
                    {"10h": (), "20h": ()},
                ),
                Case(
                    "a restart and a gap do not hide what arrives",
                    {STORED % "sale": "0+5x30 0+5x30 _ _ 0+5x60"},
                    {"6h": (), "11h": ()},
                ),
                Case(
                    "silence for an hour and a half, and nobody cares a day later",
                    {STORED % "sale": "0+5x30 150x300"},
                    {"6h10m": (), "6h20m": (Fire({}, ("0",)),), "32h": ()},
                ),
            ),
            wait="15m",
        ),
    ),
)
