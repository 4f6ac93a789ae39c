"""Recording itself: events that are refused, values that overflow, tasks that fail, callers."""

from .rule import Alert, Case, Fire, Subject


def _events(outcome: str, family: str = "sale", instance: str = "a") -> str:
    return (
        f'exporter_events_total{{$job, instance="{instance}", family="{family}", '
        f'outcome="{outcome}"}}'
    )


SALES = {"family": "sale"}
OVERFLOW = (
    'exporter_label_overflow_total{$job, instance="a", metric="ai_requests_total", label="model"}'
)
LIMITED = 'exporter_rate_limited_total{$job, instance="%s", kind="address"}'
LOGIN = 'exporter_auth_failures_total{$job, instance="%s", reason="bad_signature"}'
FAILURES = 'exporter_background_task_failures_total{$job, instance="%s", task="gauges"}'
LAST = 'exporter_background_task_last_success_timestamp_seconds{$job, instance="%s", task="gauges"}'
EVERY = 'exporter_background_task_interval_seconds{$job, instance="%s", task="gauges"}'

INGEST = Subject(
    name="ingest",
    title="Recording",
    category="ingest",
    dashboard="meterhouse-service",
    alerts=(
        Alert(
            "EventsFailing",
            'sum by (family) (increase(exporter_events_total{$job, outcome="failed"}[5m])) > 0',
            "critical",
            "Events of {{ $labels.family }} are not recorded.",
            "About {{ $value | humanize }} events of {{ $labels.family }} were answered with an "
            "error in 5 minutes, and are lost unless their callers try again. Look at the log of "
            "the replicas, which says why, and at the spool.",
            means="The database refuses events one by one, or the spool is full.",
            see="The outcomes on the dashboard, by family, beside the spool.",
            act="Spool full: bring the database back. Refused one by one: the log has the "
            "database's reason; a disk that is full and an index that is violated are the usual "
            "ones.",
            quiet="Never by itself.",
            panel="Events not stored",
            cases=(
                Case(
                    "none fails, a counter starts anew, and one failure that is over",
                    {
                        _events("stored"): "0+10x10 0+10x20",
                        _events("failed"): "0x5 1x25",
                    },
                    {"8m": (), "10m": (), "20m": ()},
                ),
                Case(
                    "two a minute on two replicas",
                    {
                        _events("failed"): "0+1x20",
                        _events("failed", instance="b"): "0+1x20",
                    },
                    {"5m": (), "6m": (Fire(SALES, ("10",)),)},
                ),
            ),
            wait="5m",
        ),
        Alert(
            "EventsRejected",
            """
            sum by (family) (rate(exporter_events_total{$job, outcome="invalid"}[15m]))
            / (sum by (family) (rate(exporter_events_total{$job}[15m])) > 0.02) > 0.1
            """,
            "warning",
            "{{ $value | humanizePercentage }} of the events of {{ $labels.family }} are invalid.",
            "{{ $value | humanizePercentage }} of the events of {{ $labels.family }} in 15 minutes "
            "were refused as invalid: a caller sends what the contract does not take. Look at the "
            "answers that it got, which name each field.",
            means="A caller was changed, or never worked. Its events are missing from every "
            "number.",
            see="The outcomes on the dashboard by family; the 400s by endpoint.",
            act="Find the caller by its service key in the log, and send it to `/docs`.",
            quiet="By its `family`, until that caller's next release.",
            panel="Events by outcome",
            cases=(
                Case(
                    "5%, and all of a handful",
                    {
                        _events("stored"): "0+95x20 0+95x30",
                        _events("invalid"): "0+5x20 0+5x30",
                        _events("invalid", "credit"): "0+0.5x50",
                    },
                    {"20m": (), "50m": ()},
                ),
                Case(
                    "20% of the sales",
                    {_events("stored"): "0+80x30", _events("invalid"): "0+20x30"},
                    {"10m": (), "11m": (Fire(SALES, ("20%", "20%")),)},
                ),
            ),
            wait="10m",
        ),
        Alert(
            "LabelGuardOverflowing",
            "sum by (metric, label) (increase(exporter_label_overflow_total{$job}[1h])) > 0",
            "warning",
            "{{ $labels.label }} of {{ $labels.metric }} has too many values.",
            "About {{ $value | humanize }} values of the label {{ $labels.label }} of "
            "{{ $labels.metric }} became `other` in an hour. Look at the values that came last: "
            "are they ids, or names that you want to see?",
            means="Sums stay right, but new values can no longer be told apart in Prometheus. The "
            "store still has them all.",
            see="The label guard on the dashboard; the newest values in the answers of "
            "`/api/metrics/top-metrics`.",
            act="Ids: mend the caller. Names: raise `LABEL_VALUES_LIMIT` and start again.",
            quiet="By its `metric` and `label`, until that caller's next release.",
            panel="Values that became other",
            cases=(
                Case(
                    "nothing overflows, also after a restart",
                    {OVERFLOW: "5x30 0x60"},
                    {"30m": (), "80m": ()},
                ),
                Case(
                    "one a minute for half an hour",
                    {OVERFLOW: "0+1x200"},
                    {
                        "30m": (),
                        "95m": (Fire({"metric": "ai_requests_total", "label": "model"}, ("60",)),),
                    },
                ),
            ),
            wait="30m",
        ),
        Alert(
            "RateLimitingSpiking",
            "sum by (kind) (rate(exporter_rate_limited_total{$job}[5m])) > 1",
            "warning",
            "Many calls are refused by the rate limit for each {{ $labels.kind }}.",
            "{{ $value | humanize }} calls a second were answered with 429 over 5 minutes. Look at "
            "who they are: one caller in a loop, or a limit that is too low for all.",
            means="Callers lose time, or events if they do not try again.",
            see="The refusals by kind on the dashboard, and the addresses in the log.",
            act="One caller: mend it, or block it in front. All: raise `RATE_LIMIT_MAX_REQUESTS` "
            "or `RATE_LIMIT_SERVICE_PER_SECOND`; backends belong on a service key.",
            quiet="By its `kind`, during a load test.",
            panel="Calls turned away",
            cases=(
                Case(
                    "now and then, with a restart",
                    {LIMITED % "a": "0+30x10 0+30x20"},
                    {"10m": (), "30m": ()},
                ),
                Case(
                    "two a second over both replicas",
                    {LIMITED % "a": "0+60x30", LIMITED % "b": "0+60x30"},
                    {"12m": (), "13m": (Fire({"kind": "address"}, ("2",)),)},
                ),
            ),
            wait="10m",
        ),
        Alert(
            "LoginFailuresSpiking",
            "sum by (reason) (rate(exporter_auth_failures_total{$job}[5m])) > 1",
            "warning",
            "Many credentials are refused as {{ $labels.reason }}.",
            "{{ $value | humanize }} calls a second were refused with 401 ({{ $labels.reason }}) "
            "over 5 minutes. Look at the addresses in the log: a deployment with an old secret, or "
            "somebody who tries.",
            means="Either a service lost its credential, and its events are missing, or someone "
            "guesses.",
            see="The refusals by reason: `expired` and `bad_signature` after a change of secrets "
            "are our own; `unknown_key` from many addresses is not.",
            act="Give the service its new secret. Block who guesses in front of Meterhouse; "
            "withdraw a key that may have leaked.",
            quiet="By its `reason`, while secrets are being changed.",
            panel="Calls turned away",
            cases=(
                Case(
                    "a few, with a restart",
                    {LOGIN % "a": "0+30x10 0+30x20"},
                    {"10m": (), "30m": ()},
                ),
                Case(
                    "three a second over both replicas",
                    {LOGIN % "a": "0+60x30", LOGIN % "b": "0+120x30"},
                    {"11m": (), "12m": (Fire({"reason": "bad_signature"}, ("3",)),)},
                ),
            ),
            wait="10m",
        ),
        Alert(
            "BackgroundTaskFailing",
            "sum by (task) (increase(exporter_background_task_failures_total{$job}[30m])) >= 3",
            "warning",
            "The background task {{ $labels.task }} fails.",
            "About {{ $value | humanize }} runs of {{ $labels.task }} failed in 30 minutes. Look "
            "for `background_task_failed` in the log, which has the reason.",
            means="`gauges`, `alerts`: what comes from the store is old. `purge`: data outlives "
            "its retention. `sessions`: sessions are not ended. `machine`, `system_sample`: the "
            "machine is not seen. `heap`: free memory stays with the process. `alertmanager`: the "
            "ends of silenced alerts are not heard of.",
            see="The failures by task on the dashboard, and the age of the last success.",
            act="The log has the exception. With the database away, mend that first.",
            quiet="By its `task`, while the database is being worked on.",
            panel="Failed runs of tasks",
            cases=(
                Case(
                    "one failure, one restart",
                    {FAILURES % "a": "0x5 1x5 0x50"},
                    {"9m": (), "30m": ()},
                ),
                Case(
                    "every run fails for half an hour",
                    {FAILURES % "a": "0+1x60", FAILURES % "b": "0x60"},
                    {"7m": (), "8m": (Fire({"task": "gauges"}, ("8",)),)},
                ),
            ),
            wait="5m",
        ),
        Alert(
            "BackgroundTaskLate",
            """
            max by (task) (
            time() - exporter_background_task_last_success_timestamp_seconds{$job}
            > 2 * exporter_background_task_interval_seconds{$job} + 60)
            """,
            "warning",
            "The background task {{ $labels.task }} is late.",
            "{{ $labels.task }} last succeeded {{ $value | humanizeDuration }} ago on the replica "
            "where it is oldest: at least two runs are missed. Look at its failures, and at what "
            "it waits for.",
            means="As BackgroundTaskFailing, also where a run hangs and so does not fail.",
            see="The age of each task on the dashboard, by replica.",
            act="If it hangs, the database or the disk does not answer. Start that replica again "
            "once they do.",
            quiet="By its `task`, while the database is being worked on.",
            panel="Lateness of tasks",
            cases=(
                Case(
                    "in time, with a missed scrape; and a task that never ran has no age",
                    {
                        LAST % "a": "0+60x10 _ _ 720+60x20",
                        EVERY % "a": "30x40",
                        EVERY % "b": "30x40",
                    },
                    {"0m": (), "11m": (), "20m": ()},
                ),
                Case(
                    "one of two replicas hangs",
                    {
                        LAST % "a": "0+60x30",
                        LAST % "b": "60x30",
                        EVERY % "a": "30x30",
                        EVERY % "b": "30x30",
                    },
                    {
                        "3m": (),
                        "5m": (),
                        "6m": (Fire({"task": "gauges"}, ("5m 0s",)),),
                    },
                ),
            ),
            wait="2m",
        ),
    ),
)
