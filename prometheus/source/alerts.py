"""Alerts themselves: those that nobody takes, those that come and go, those that are not told."""

from .rule import Alert, Case, Fire, Subject

OLDEST = (
    'alert_oldest_unacknowledged_timestamp_seconds{$job, instance="%s", severity="%s", '
    'category="%s"}'
)
STARTS = (
    'alerts_total{$job, instance="%s", alert="%s", severity="medium", category="%s", '
    'source="alertmanager"}'
)
TOLD = 'alert_notifications_total{$job, instance="%s", source="alertmanager", status="%s"}'
DELIVERED = 'alert_deliveries_total{$job, instance="%s", channel="slack", outcome="%s"}'
JOB_LABEL = {"job": "meterhouse"}

ALERTS = Subject(
    name="alerts",
    title="Alerts",
    category="alerts",
    dashboard="meterhouse-alerts",
    alerts=(
        Alert(
            "AlertNotAcknowledged",
            """
            time() - min by (job) (alert_oldest_unacknowledged_timestamp_seconds{$job,
            severity="critical", category!="alerts"}) > 1800
            """,
            "critical",
            "Nobody has taken a critical alert for {{ $value | humanizeDuration }}.",
            "A critical alert began {{ $value | humanizeDuration }} ago, and nobody has "
            "acknowledged it. Look at the open ones in `/api/alerts?state=open&severity=critical`, "
            "and at whether its page reached anybody.",
            means="The page went to nobody, or to somebody who does not hear it; or it was taken "
            "without saying so.",
            see="The oldest unacknowledged alert on the dashboard; `GET /api/alerts` has its "
            "words, its labels and when it began.",
            act="Take it: `POST /api/alerts/{alertId}/acknowledge`. Then find out why nobody was "
            "reached: the on-call plan, and Alertmanager's own failures to notify.",
            quiet="For good, where nobody acknowledges in Meterhouse: take the rule out.",
            panel="Longest not taken, over time",
            cases=(
                Case(
                    "one that is taken in time, a warning, and itself",
                    {
                        OLDEST % ("a", "critical", "sales"): "0x30 stale",
                        OLDEST % ("a", "medium", "sales"): "0x90",
                        OLDEST % ("a", "critical", "alerts"): "0x90",
                    },
                    {"30m": (), "31m": (), "90m": ()},
                ),
                Case(
                    "the older of two, on the replica that knows it first, until it is taken",
                    {
                        OLDEST % ("a", "critical", "sales"): "600x60 stale",
                        OLDEST % ("b", "critical", "ai"): "60x45 2400x15 stale",
                    },
                    {
                        "31m": (),
                        "32m": (Fire(JOB_LABEL, ("31m 0s", "31m 0s")),),
                        "50m": (Fire(JOB_LABEL, ("40m 0s", "40m 0s")),),
                        "70m": (),
                    },
                ),
            ),
        ),
        Alert(
            "AlertFlapping",
            'sum by (alert) (increase(alerts_total{$job, category!="alerts"}[6h])) > 6',
            "warning",
            "{{ $labels.alert }} comes and goes.",
            "{{ $labels.alert }} began about {{ $value | humanize }} times in 6 hours. Look at "
            "what it says each time: a threshold in the middle of what is normal, or a fault that "
            "mends itself and comes back.",
            means="People stop listening to an alert that comes and goes, and miss the time when "
            "it matters.",
            see="The alerts with the most starts on the dashboard, and `GET /api/alerts/stats`.",
            act="Mend the fault, or the rule: a longer `for`, a threshold with some distance, "
            "`keep_firing_for`.",
            quiet="By its `alert`, until the rule is changed.",
            panel="Noisiest alerts",
            cases=(
                Case(
                    "five starts in six hours, a restart, and alerts about alerts",
                    {
                        STARTS % ("a", "DiskFullSoon", "resources"): "0+1x2 0+1x3 3x400",
                        STARTS % ("a", "AlertNotAcknowledged", "alerts"): "0+1x400",
                    },
                    {"1h": (), "6h": ()},
                ),
                Case(
                    "twelve starts on two replicas, and the next day none",
                    {
                        STARTS % ("a", "DiskFullSoon", "resources"): "0+0.1x60 6x400",
                        STARTS % ("b", "DiskFullSoon", "resources"): "0+0.1x60 6x400",
                    },
                    {
                        "20m": (),
                        "61m": (Fire({"alert": "DiskFullSoon"}, ("12",)),),
                        "7h": (),
                    },
                ),
            ),
        ),
        Alert(
            "AlertsTruncated",
            'sum by (source) (increase(alert_notifications_total{$job, status="truncated"}[1h])) '
            "> 0",
            "warning",
            "Alerts were left out of the notifications to Meterhouse.",
            "About {{ $value | humanize }} alerts of {{ $labels.source }} were left out of its "
            "notifications in an hour, and are not in the history. Look at `max_alerts` of the "
            "webhook, and at how its route groups them.",
            means="The history misses alerts. Nobody else does: other receivers have limits of "
            "their own.",
            see="`alerts_truncated` in the log names the receiver and the group.",
            act="Group by `['...']` in the route of the history, as ours does, or take "
            "`max_alerts` out.",
            quiet="While one outage floods everything; the count says how much is missing.",
            panel="Left out",
            cases=(
                Case(
                    "none is left out",
                    {TOLD % ("a", "firing"): "0+5x90", TOLD % ("a", "truncated"): "0x90"},
                    {"60m": (), "90m": ()},
                ),
                Case(
                    "thirty are left out on one of two replicas, and that is over",
                    {
                        TOLD % ("a", "truncated"): "0x10 30x100",
                        TOLD % ("b", "truncated"): "0x110",
                    },
                    {
                        "10m": (),
                        "60m": (Fire({"source": "alertmanager"}, ("30",)),),
                        "80m": (),
                    },
                ),
            ),
        ),
        Alert(
            "AlertsNotDelivered",
            """
            sum by (channel)
            (increase(alert_deliveries_total{$job, outcome=~"dead|dropped"}[1h])) > 0
            """,
            "warning",
            "{{ $labels.channel }} does not take announcements of alerts.",
            "About {{ $value | humanize }} announcements of alerts could not be delivered by "
            "{{ $labels.channel }} in an hour. Look at why with `meterhouse dead-letters list`, "
            "and try it with `meterhouse notify-test`.",
            means="People were not told of an alert, or of its end, by that channel: it refused, "
            "or it was away for half an hour.",
            see="Deliveries by channel on the dashboard. The reason is with each dead letter.",
            act="`status 401`, `403` or `404`: renew the address or the key. `reply 5…`: the mail "
            "server's settings. Then `meterhouse dead-letters retry`, or `drop` what is over.",
            quiet="By its `channel`, while that is known to be away.",
            panel="Deliveries of the last hour",
            cases=(
                Case(
                    "what is tried again is told in the end",
                    {
                        DELIVERED % ("a", "sent"): "0+1x90",
                        DELIVERED % ("a", "retried"): "0+5x90",
                        DELIVERED % ("a", "dead"): "0x90",
                        DELIVERED % ("a", "dropped"): "0x90",
                    },
                    {"60m": (), "90m": ()},
                ),
                Case(
                    "three are given up or dropped on two replicas, and that is over",
                    {
                        DELIVERED % ("a", "dead"): "0x10 2x100",
                        DELIVERED % ("b", "dropped"): "0x10 1x100",
                    },
                    {
                        "10m": (),
                        "60m": (Fire({"channel": "slack"}, ("3",)),),
                        "80m": (),
                    },
                ),
            ),
        ),
    ),
)
