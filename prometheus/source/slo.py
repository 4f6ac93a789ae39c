"""Service level objectives: how fast their error budgets burn, over several windows.

A page needs two windows: the long one says that it matters, the short one that it still goes on.
A burn of 1 spends the whole budget in 30 days; 14.4 spends 2% of it in an hour.
"""

import re
from dataclasses import dataclass

from .rule import Alert, Case, Fire, Record, Severity, Subject, seconds

TRACKING_CALLS = "/api/.+/(track|batch|update/.+|feedback/.+)"
"""The endpoints that events are recorded by, as a regular expression."""

LEAST = 100
"""Calls in the long window, below which a few failures say nothing."""

SLOW = "1.0"
"""The bound of the bucket that an answer in time falls into, in seconds."""


@dataclass(frozen=True)
class Window:
    """Two windows, how fast the budget burns in both, and whom that concerns."""

    long: str
    short: str
    burn: float
    severity: Severity
    wait: str


WINDOWS = (
    Window("1h", "5m", 14.4, "critical", "2m"),
    Window("6h", "30m", 6, "critical", "15m"),
    Window("1d", "2h", 3, "warning", "1h"),
    Window("3d", "6h", 1, "warning", "3h"),
)
LENGTHS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@dataclass(frozen=True)
class Scope:
    """Whose calls an objective is for: their selector, and what they are summed by.

    shown: what the titles of their panels end with.
    """

    level: str
    name: str
    title: str
    calls: str
    by: str
    subject: str
    shown: str
    example: dict[str, str]


@dataclass(frozen=True)
class Objective:
    """What share of calls (`budget`) may be bad, and the query for the bad share over a window."""

    name: str
    kind: str
    budget: float
    bad: str
    example: dict[str, tuple[int, int]]
    """For the cases: series by their metric and labels, growing by `good`, `bad` parts a minute."""


SCOPES = (
    Scope(
        "tracking",
        "Tracking",
        "tracking calls",
        f'service="exporter", endpoint=~"{TRACKING_CALLS}", method=~"POST|PUT"',
        "",
        "tracking calls",
        "of tracking calls",
        {"service": "exporter", "endpoint": "/api/events/batch", "method": "POST"},
    ),
    Scope(
        "service",
        "Service",
        "each service",
        'service!="exporter"',
        "by (service) ",
        "calls of {{ $labels.service }}",
        "by service",
        {"service": "shop", "endpoint": "/pay", "method": "POST"},
    ),
)
OBJECTIVES = (
    Objective(
        "Availability",
        "error",
        0.001,
        """
        (sum {by}(rate(http_requests_total{{$job, {calls}, status_code=~"5.."}}[{window}]))
        or 0 * sum {by}(rate(http_requests_total{{$job, {calls}}}[{window}])))
        / (sum {by}(rate(http_requests_total{{$job, {calls}}}[{window}])) > 0)
        """,
        {
            'http_requests_total{{{labels}, status_code="200"}}': (1, 0),
            'http_requests_total{{{labels}, status_code="500"}}': (0, 1),
        },
    ),
    Objective(
        "Latency",
        "slow",
        0.01,
        """
        1 - sum {by}
        (rate(http_request_duration_seconds_bucket{{$job, {calls}, le="SLOW"}}[{window}]))
        / (sum {by}(rate(http_request_duration_seconds_count{{$job, {calls}}}[{window}])) > 0)
        """.replace("SLOW", SLOW),
        {
            'http_requests_total{{{labels}, status_code="200"}}': (1, 1),
            f'http_request_duration_seconds_bucket{{{{{{labels}}, le="{SLOW}"}}}}': (1, 0),
            "http_request_duration_seconds_count{{{labels}}}": (1, 1),
        },
    ),
)
WORDS = {
    "error": ("answered with an error of the server", "fail"),
    "slow": ("answered in more than a second", "are slow"),
}


def _name(scope: Scope, objective: Objective, window: str) -> str:
    return f"{scope.level}:http_requests:{objective.kind}_ratio_rate{window}"


def _series(scope: Scope, objective: Objective, bad: int, pattern: str) -> dict[str, str]:
    """Series of 10,000 calls a minute on two replicas, `bad` of which are; `{}` is the growth."""
    series = {}
    for instance in "ab":
        labels = ", ".join(
            ["$job", f'instance="{instance}"', *(f'{k}="{v}"' for k, v in scope.example.items())]
        )
        for name, (good_part, bad_part) in objective.example.items():
            grows = ((10_000 - bad) * good_part + bad * bad_part) // 2
            series[name.format(labels=labels)] = pattern.replace("{}", str(grows))
    return series


def _record(scope: Scope, objective: Objective, window: str) -> Record:
    grouped = {"service": scope.example["service"]} if scope.by else {}
    labels = "{" + ", ".join(f'{name}="{value}"' for name, value in grouped.items()) + "}"
    return Record(
        _name(scope, objective, window),
        objective.bad.format(by=scope.by, calls=scope.calls, window=window),
        _series(scope, objective, 2500, "0+{}x4 {}+{}x60"),
        "100m",
        {labels if grouped else "": 0.25},
    )


def _fire(scope: Scope, objective: Objective, window: Window, said: str) -> Fire:
    grouped = {"service": scope.example["service"]} if scope.by else {}
    return Fire({**grouped, "window": window.long}, (said, said))


def _alert(scope: Scope, objective: Objective, window: Window) -> Alert:
    long, short = (_name(scope, objective, one) for one in (window.long, window.short))
    threshold = f"{window.burn * objective.budget:.4g}"
    what, verb = WORDS[objective.kind]
    calls = f"http_requests_total{{$job, {scope.calls}}}"
    return Alert(
        f"{scope.name}{objective.name}BudgetBurns",
        f"""
        {long} > {threshold}
        and {short} > {threshold}
        and sum {scope.by}(increase({calls}[{window.long}])) > {LEAST}
        """,
        window.severity,
        f"{{{{ $value | humanizePercentage }}}} of the {scope.subject} {verb}.",
        f"{{{{ $value | humanizePercentage }}}} of the {scope.subject} were {what} over "
        f"{window.long}, and it goes on. That spends the error budget of {objective.budget:.1%} of "
        f"all calls in 30 days {window.burn:g} times too fast or faster. Look at the SLO dashboard "
        "for what is left, then at the endpoints.",
        means=f"The promise that at most {objective.budget:.1%} of the {scope.level} calls are "
        f"{what} will not be kept over 30 days if this goes on. The shorter the window in the "
        "label `window`, the sooner the budget is gone.",
        see="The burn rate over each window; then the endpoints and status codes of the calls.",
        act="*critical*: treat it as an outage, undo the last change. *warning*: find the endpoint "
        "that fails or drags, and plan its repair before the budget is gone.",
        quiet="By `window` and `service`, when the cause is known and is being mended: the long "
        "windows go on firing for hours after the repair.",
        panel=f"{objective.name} burn rate {scope.shown}",
        cases=_cases(scope, objective) if window is WINDOWS[0] else (),
        wait=window.wait,
        labels={"window": window.long},
    )


BURNS = (
    (0.5, ("4h",)),
    (2, ("3h", "3h2m")),
    (5, ("1h", "1h2m")),
    (10, ("16m", "18m")),
    (20, ("2m", "4m")),
)
"""Burn rates of the cases, each with the last time before its window has waited, and the first."""

BEGINS = seconds("2m")
"""When the expressions of the cases become true: at the second value."""


def _cases(scope: Scope, objective: Objective) -> tuple[Case, ...]:
    """The alert at one burn rate after the other: which windows fire, and which keep silent."""
    cases = []
    for burn, times in BURNS:
        bad = round(burn * objective.budget * 10_000)
        fires = [
            (_fire(scope, objective, window, f"{bad / 100:.4g}%"), BEGINS + seconds(window.wait))
            for window in WINDOWS
            if window.burn < burn
        ]
        cases.append(
            Case(
                f"a burn rate of {burn:g}",
                _series(scope, objective, bad, "0+{}x4 {}+{}x120"),
                {at: tuple(fire for fire, due in fires if due <= _after(at)) for at in times},
            )
        )
    all_bad = _series(scope, objective, 10_000, "")
    return (
        *cases,
        Case("it was bad and is well again", _mended(scope, objective), {"40m": (), "1h": ()}),
        Case("no calls at all are no failure", dict.fromkeys(all_bad, "5x8 _x2"), {"20m": ()}),
        Case("calls are few", dict.fromkeys(all_bad, "0+0.01x125"), {"4h": ()}),
    )


def _after(time: str) -> int:
    """The seconds of a time such as `3h2m`."""
    return sum(seconds(part) for part in re.findall(r"\d+[mh]", time))


def _mended(scope: Scope, objective: Objective) -> dict[str, str]:
    """All calls are bad for two minutes, then none for an hour: long windows remember them."""
    bad = _series(scope, objective, 10_000, "0+{}x1 {}")
    good = _series(scope, objective, 0, "+{}x40")
    return {name: bad[name] + good[name] for name in bad}


def _subject(scope: Scope) -> Subject:
    return Subject(
        name=f"slo_{scope.level}",
        title=f"Service level objectives: {scope.title}",
        category="slo",
        dashboard="meterhouse-slo",
        step="2m",
        records=tuple(
            _record(scope, objective, window) for objective in OBJECTIVES for window in LENGTHS
        ),
        alerts=tuple(
            _alert(scope, objective, window) for objective in OBJECTIVES for window in WINDOWS
        ),
    )


SLO_TRACKING, SLO_SERVICES = map(_subject, SCOPES)
