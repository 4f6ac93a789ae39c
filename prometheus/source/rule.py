"""What a rule is: its expression, its words for people, and the cases that prove it.

An alert, its tests and its runbook section are one declaration, so that none is without the others.
In expressions and in series of cases `$job` stands for the matcher of this service's targets: other
exporters use names like `http_requests_total` too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["critical", "warning", "info"]

JOB = 'job="meterhouse"'
SECOND = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """The seconds of one of Prometheus's durations, such as `30m`."""
    return int(duration[:-1]) * SECOND[duration[-1]]


@dataclass(frozen=True)
class Fire:
    """An alert that a case expects: its own labels, and what its templates give.

    `said` has what each `{{ … }}` of the summary and then of the description becomes, in order;
    `{{ $labels.… }}` are left out, as the labels say them.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """What an alert does over some series: at each time of `then` exactly those alerts fire.

    Series are in promtool's notation, one value a step of their subject.
    """

    what: str
    series: Mapping[str, str]
    then: Mapping[str, tuple[Fire, ...]]


@dataclass(frozen=True)
class Alert:
    """An alert; `wait` is its `for`. From `means` to `quiet` it is its section of the runbook.

    `means`: what is wrong, and for whom. `see`: how one makes sure. `act`: what one does.
    `quiet`: when and how one may silence it. Alerts of one name share a section.
    `panel`: the title of the panel that shows it, on its subject's dashboard or on `dashboard`.
    """

    name: str
    expr: str
    severity: Severity
    summary: str
    description: str
    means: str
    see: str
    act: str
    quiet: str
    panel: str
    cases: tuple[Case, ...]
    dashboard: str | None = None
    wait: str = "0m"
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """A recording rule, and the values that it has `at` a time over some series."""

    name: str
    expr: str
    series: Mapping[str, str]
    at: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class Subject:
    """A rule file: its alerts bear its `category` and lead to its dashboard.

    `step` is the time between two values of its cases' series, all its rules are one
    group, recording rules first: a rule sees what those before it gave in the same run.
    """

    name: str
    title: str
    category: str
    dashboard: str
    alerts: tuple[Alert, ...]
    records: tuple[Record, ...] = ()
    step: str = "1m"
