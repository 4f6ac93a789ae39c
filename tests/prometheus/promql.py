"""What a PromQL expression names, as far as our rules' style goes: metrics, matchers, groupings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from exporter.metrics.catalogue import CATALOGUE, Histogram

ROOT = Path(__file__).parent.parent.parent
RULE_FILES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
TEST_FILES = sorted((ROOT / "prometheus" / "tests").glob("*.yml"))

TARGET = frozenset({"job", "instance"})
"""Labels that Prometheus gives every series of a target."""

WORDS = frozenset({"and", "or", "unless", "by", "on", "ignoring", "offset", "bool"})
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"([a-z_][a-z0-9_:]*)\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|on|ignoring) \(([^)]*)\)")
_NAME = re.compile(r"\b[a-z_][a-z0-9_:]*\b(?!\s*\()")


@dataclass(frozen=True)
class Named:
    """The metrics of an expression with the labels of their matchers, and its grouping labels."""

    metrics: tuple[tuple[str, frozenset[str]], ...]
    grouping: frozenset[str]


def named(expr: str) -> Named:
    """What an expression names."""
    text = _STRING.sub('""', expr)
    grouping = {label.strip() for found in _GROUPING.findall(text) for label in found.split(",")}
    text = _GROUPING.sub(" ", text)
    metrics = [
        (name, frozenset(re.findall(r"(\w+)\s*[=!]", matchers)))
        for name, matchers in _SELECTOR.findall(text)
    ]
    text = _SELECTOR.sub(" ", text)
    bare = (name for name in _NAME.findall(text) if name not in WORDS)
    return Named((*metrics, *((name, frozenset()) for name in bare)), frozenset(grouping - {""}))


def known() -> Mapping[str, frozenset[str]]:
    """Every series name that a scrape gives, with its labels."""
    series = {"up": TARGET}
    for metric in CATALOGUE:
        labels = TARGET | set(metric.labels)
        if isinstance(metric, Histogram):
            series[f"{metric.name}_bucket"] = labels | {"le"}
            series[f"{metric.name}_sum"] = series[f"{metric.name}_count"] = labels
        else:
            series[metric.name] = labels
    return series


def every_rule() -> Iterator[dict[str, Any]]:
    """Each rule of the committed rule files."""
    for path in RULE_FILES:
        for group in yaml.load(path.read_text(), yaml.CSafeLoader)["groups"]:
            yield from group["rules"]


def every_test() -> Iterator[dict[str, Any]]:
    """Each test group of the committed promtool files."""
    for path in TEST_FILES:
        yield from yaml.load(path.read_text(), yaml.CSafeLoader)["tests"]


RULES = list(every_rule())
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDS = [rule for rule in RULES if "record" in rule]
TESTS = list(every_test())
