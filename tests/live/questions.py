"""Every query of every dashboard as Grafana would send it, at the pace of our copies."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.grafana.reading import FILES, dashboard, panels

from .copies import FASTER, SCRAPE_SECONDS, query
from .prometheus import Prometheus

RATE_INTERVAL = f"{4 * SCRAPE_SECONDS * FASTER:.0f}s"
"""What Grafana takes where the step is shorter: four scrapes, before all of it is FASTER."""
RANGE = "6h"
"""The time that a dashboard shows when it is opened."""
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True)
class Question:
    """A query as it is written and as it is sent, where it stands, and whether for now only."""

    place: str
    written: str
    expr: str
    instant: bool


@dataclass(frozen=True)
class Variable:
    """A variable that Prometheus is asked for: the series it looks at, and the label."""

    place: str
    selector: str
    label: str


def questions() -> Iterator[Question]:
    """Those of every panel and annotation."""
    for path in FILES:
        board = dashboard(path)
        chosen = choices(board)
        for panel in panels(board):
            for target in panel["targets"]:
                place = f"{board['uid']} / {panel['title']} / {target['refId']}"
                written = target["expr"]
                instant = bool(target.get("instant"))
                yield Question(place, written, filled(written, chosen), instant)
        for one in board["annotations"]["list"]:
            place, written = f"{board['uid']} / annotation", one["expr"]
            yield Question(place, written, filled(written, chosen), False)


def variables() -> Iterator[Variable]:
    """Those of every dashboard that are filled by a query."""
    for path in FILES:
        board = dashboard(path)
        for one in board["templating"]["list"]:
            if one["type"] == "query":
                found = _LABEL_VALUES.fullmatch(one["query"]["query"])
                assert found, one["query"]
                selector = filled(found[1], choices(board))
                yield Variable(f"{board['uid']} / {one['name']}", selector, found[2])


def choices(board: Any) -> Mapping[str, str]:
    """What stands for each variable when the dashboard is opened, as PromQL has it."""
    chosen = {"__rate_interval": RATE_INTERVAL, "__range": RANGE}
    for one in board["templating"]["list"]:
        value = one["current"]["value"]
        values = value if isinstance(value, list) else [value]
        everything = values == ["$__all"]
        chosen[one["name"]] = one["allValue"] if everything else "|".join(values)
    return chosen


def filled(text: str, chosen: Mapping[str, str]) -> str:
    """A query with its variables filled in; KeyError for one that the dashboard does not have."""
    return query(_VARIABLE.sub(lambda found: chosen[found[1]], text))


def ask(prometheus: Prometheus, question: Question, start: float, now: float) -> list[Any]:
    """What Prometheus answers: a panel over time sees all from `start` on."""
    if question.instant:
        return prometheus.instant(question.expr)
    return prometheus.over_time(question.expr, start, now, SCRAPE_SECONDS)
