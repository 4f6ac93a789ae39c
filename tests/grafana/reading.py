"""The committed dashboards, as the tests look at them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from exporter.metrics.catalogue import CATALOGUE, Histogram, Metric

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "grafana" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
RULES = ROOT / "prometheus" / "rules"
LIBRARY = re.compile(r"(process|python)_\w+")
"""What prometheus-client shows by itself."""
PROMETHEUS = {"up", "ALERTS", "ALERTS_FOR_STATE"}
"""What Prometheus writes by itself."""
TARGET_LABELS = {"job", "instance", "le"}
ALERT_LABELS = {"alertname", "alertstate", "severity", "category"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^{}]*)\}")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^()]*)\)")
_AGGREGATED = re.compile(r"\b(?:[a-z]+:\w+:\w+|ALERTS\w*)\b")
"""Series that rules made over all replicas: no job and no instance are left on them."""


def series() -> dict[str, Metric]:
    """The metric of every series name of the catalogue."""
    found: dict[str, Metric] = {}
    for metric in CATALOGUE:
        suffixes = ("_bucket", "_sum", "_count") if isinstance(metric, Histogram) else ("",)
        found |= {metric.name + suffix: metric for suffix in suffixes}
    return found


def rules() -> list[Any]:
    """Every rule, recording and alerting."""
    return [
        rule
        for path in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def recorded() -> dict[str, set[str]]:
    """The labels of every recorded series: its level names them, and `tracking` has none."""
    names = {rule["record"] for rule in rules() if "record" in rule}
    return {name: {name.split(":")[0]} - {"tracking"} for name in names}


def dashboard(path: Path) -> Any:
    """What a file says."""
    return json.loads(path.read_text())


def everything() -> list[Any]:
    """Every dashboard."""
    return [dashboard(path) for path in FILES]


def panels(board: Any) -> list[Any]:
    """The panels of a dashboard, without the headings of its rows."""
    return [one for one in board["panels"] if one["type"] != "row"]


def settings(panel: Any) -> Mapping[str, Mapping[str, Any]]:
    """What a panel's overrides set, by the name of the series or heading they are for."""
    return {
        one["matcher"]["options"]: {
            setting["id"]: setting["value"] for setting in one["properties"]
        }
        for one in panel["fieldConfig"].get("overrides", ())
    }


@dataclass(frozen=True)
class Asked:
    """A PromQL expression and where it is."""

    place: str
    text: str

    def aggregated(self) -> set[str]:
        """The series that rules made."""
        return set(_AGGREGATED.findall(_STRING.sub('""', self.text)))

    def names(self) -> set[str]:
        """The series that are selected."""
        return {name for name, _ in _SELECTOR.findall(self.text)} | self.aggregated()

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


def targets(board: Any) -> list[Asked]:
    """Every expression of a dashboard's panels."""
    return [
        Asked(f"{board['uid']} / {panel['title']}", target["expr"])
        for panel in panels(board)
        for target in panel["targets"]
    ]


def asked(board: Any) -> list[Asked]:
    """Every expression of a dashboard's panels and annotations."""
    return targets(board) + [
        Asked(f"{board['uid']} / annotation", one["expr"]) for one in board["annotations"]["list"]
    ]
