"""The committed dashboards, as the tests look at them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.metrics.catalogue import CATALOGUE, Histogram, Metric

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "grafana" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
LIBRARY = re.compile(r"(process|python)_\w+")
"""What prometheus-client shows by itself."""
PROMETHEUS = {"up", "ALERTS"}
"""What Prometheus writes by itself."""
TARGET_LABELS = {"job", "instance", "le"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^{}]*)\}")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^()]*)\)")


def series() -> dict[str, Metric]:
    """The metric of every series name of the catalogue."""
    found: dict[str, Metric] = {}
    for metric in CATALOGUE:
        suffixes = ("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",)
        found |= {metric.name + suffix: metric for suffix in suffixes}
    return found


def dashboard(path: Path) -> Any:
    """What a file says."""
    return json.loads(path.read_text())


def everything() -> list[Any]:
    """Every dashboard."""
    return [dashboard(path) for path in FILES]


def panels(board: Any) -> list[Any]:
    """The panels of a dashboard, without the headings of its rows."""
    return [one for one in board["panels"] if one["type"] != "row"]


@dataclass(frozen=True)
class Asked:
    """A PromQL expression and where it is."""

    place: str
    text: str

    def names(self) -> set[str]:
        """The series that are selected."""
        return {name for name, _ in _SELECTOR.findall(self.text)}

    def matchers(self) -> Iterator[tuple[str, set[str]]]:
        """Of each selector, the series and the labels it is narrowed by."""
        for name, inside in _SELECTOR.findall(self.text):
            yield name, set(_NAME.findall(_STRING.sub("", inside)))

    def groupings(self) -> set[str]:
        """The labels that are summed by or matched on."""
        return {
            label.strip()
            for inside in _GROUPING.findall(_STRING.sub('""', self.text))
            for label in inside.split(",")
            if label.strip()
        }

    def filled(self) -> str:
        """The expression as Grafana sends it, with values for its variables."""
        text = self.text.replace("$__rate_interval", "1m").replace("$__range", "1h")
        text = text.replace("$window", "1d").replace("$availability", "0.999")
        return re.sub(r"\$[a-z_]+", ".+", text.replace("$latency", "0.99"))


def asked(board: Any) -> list[Asked]:
    """Every expression of a dashboard's panels and annotations."""
    found = [
        Asked(f"{board['uid']} / {panel['title']}", target["expr"])
        for panel in panels(board)
        for target in panel["targets"]
    ]
    return found + [
        Asked(f"{board['uid']} / annotation", one["expr"]) for one in board["annotations"]["list"]
    ]
