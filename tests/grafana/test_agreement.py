"""The dashboards agree with the metric catalogue, the rules, and each other."""

import re
from collections import defaultdict

import pytest

from exporter.metrics.catalogue import CATALOGUE, Counter

from .reading import (
    ALERT_LABELS,
    FILES,
    LIBRARY,
    PROMETHEUS,
    TARGET_LABELS,
    asked,
    dashboard,
    everything,
    panels,
    recorded,
    rules,
    series,
    settings,
)

SERIES = series()
RECORDED = recorded()
EXPRESSIONS = [one for board in everything() for one in asked(board)]
NOT_SHOWN: dict[str, str] = {}
"""Metrics that are on no panel, each with the reason."""
LIMITED_TO = re.compile(r"\b(?:rate|increase)\(([a-z_]+)\{")
RED_FROM = {
    ("meterhouse-ai", "Failures by model"): "AiFailureRateHigh",
    ("meterhouse-ai", "p95 duration by model"): "AiLatencyHigh",
    ("meterhouse-performance", "Server errors by service"): "ServiceErrorRateHigh",
    ("meterhouse-performance", "p95 by service"): "ServiceResponsesSlow",
    ("meterhouse-performance", "CPU"): "CpuHigh",
    ("meterhouse-performance", "Memory"): "MemoryHigh",
    ("meterhouse-performance", "Disk"): "DiskFull",
    ("meterhouse-performance", "Database p95"): "DatabaseSlow",
    ("meterhouse-performance", "Connection pools"): "ConnectionPoolNearlyExhausted",
    ("meterhouse-performance", "Cache hits"): "CacheHitRateLow",
    ("meterhouse-sales", "Payments failed by method"): "PaymentsFailing",
    ("meterhouse-service", "5xx rate"): "MeterhouseErrorRateHigh",
    ("meterhouse-service", "Call p95"): "MeterhouseResponsesSlow",
    ("meterhouse-service", "Room in the spool"): "SpoolNearlyFull",
}
"""Panels on which red begins where an alert does."""


@pytest.mark.parametrize("one", EXPRESSIONS, ids=lambda one: one.place)
def test_every_metric_and_label_that_is_asked_for_is_in_the_catalogue(one):
    known = set(TARGET_LABELS)
    for name, labels in one.matchers():
        if name in PROMETHEUS or LIBRARY.fullmatch(name) or name in RECORDED:
            assert labels <= TARGET_LABELS | ALERT_LABELS | RECORDED.get(name, set()), name
            continue
        metric = SERIES[name]
        assert labels <= TARGET_LABELS | set(metric.labels), name
        known |= set(metric.labels)
    for name in one.aggregated():
        known |= ALERT_LABELS if name in PROMETHEUS else RECORDED[name]
    assert one.names()
    assert one.groupings() <= known


def test_every_metric_of_the_catalogue_is_on_a_panel():
    shown = {SERIES[name] for one in EXPRESSIONS for name in one.names() if name in SERIES}
    missing = {metric.name for metric in CATALOGUE if metric not in shown}
    assert missing == set(NOT_SHOWN)


@pytest.mark.parametrize("one", EXPRESSIONS, ids=lambda one: one.place)
def test_a_counter_is_only_seen_through_rate_or_increase(one):
    moved = set(LIMITED_TO.findall(one.text))
    counters = {
        name
        for name in one.names()
        if isinstance(SERIES.get(name), Counter) or name.endswith("_total")
    }
    assert counters <= moved
    assert not any(
        re.search(rf"(?<!rate\()(?<!increase\(){name}\{{", one.text) for name in counters
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_legend_and_variable_names_labels_of_what_it_shows(path):
    board = dashboard(path)
    checked = 0
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            levels = {name.split(":")[0] for name in RECORDED if name in expression}
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                grouped = re.search(rf"\bby \([^)]*\b{label}\b", expression)
                assert grouped or label in levels, panel["title"]
                checked += 1
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            query = variable["query"]["query"]
            name, label = re.fullmatch(r"label_values\((\w+).*, (\w+)\)", query).groups()
            assert label in {*TARGET_LABELS, *SERIES[name].labels}
            checked += 1
    assert checked


def test_a_name_has_the_same_colour_on_every_panel():
    colors = defaultdict(set)
    for board in everything():
        for panel in panels(board):
            for name, look in settings(panel).items():
                if "color" in look:
                    colors[name].add(look["color"]["fixedColor"])
    assert colors["failed"] == {"red"}
    assert {name for name, its in colors.items() if len(its) > 1} == set()


def test_numbers_and_columns_of_one_name_have_one_unit_and_the_same_limits():
    looks = defaultdict(set)
    for board in everything():
        for panel in panels(board):
            defaults = panel["fieldConfig"]["defaults"]
            if panel["type"] == "stat":
                limits = str(defaults["thresholds"])
                looks[panel["title"]].add((defaults["unit"], limits))
            for name, look in settings(panel).items():
                if "unit" in look and panel["type"] == "table":
                    limits = str(look.get("thresholds", defaults.get("thresholds")))
                    looks[f"column {name}"].add((look["unit"], limits))
    assert len(looks["Call p95"]) == 1
    # a model answers in seconds, an endpoint in milliseconds
    assert {name for name, its in looks.items() if len(its) > 1} == {"p95", "column p95"}


@pytest.mark.parametrize(("uid", "title"), RED_FROM, ids=" / ".join)
def test_red_begins_where_the_alert_does(uid, title):
    board = next(board for board in everything() if board["uid"] == uid)
    panel = next(panel for panel in panels(board) if panel["title"] == title)
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    red = max(step["value"] for step in steps if step["color"] == "red" and step["value"])
    (alert,) = (rule for rule in rules() if rule.get("alert") == RED_FROM[uid, title])
    assert re.search(rf"[<>] {red:g}\b(?!\.)", alert["expr"]), alert["expr"]
