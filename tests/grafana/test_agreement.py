"""The dashboards and the metric catalogue agree."""

import re

import pytest

from exporter.metrics.catalogue import CATALOGUE, Counter

from .reading import FILES, LIBRARY, PROMETHEUS, TARGET_LABELS, asked, dashboard, everything, series

SERIES = series()
EXPRESSIONS = [one for board in everything() for one in asked(board)]
NOT_SHOWN: dict[str, str] = {}
"""Metrics that are on no panel, each with the reason."""
LIMITED_TO = re.compile(r"\b(rate|increase)\(([a-z_]+)\{")


@pytest.mark.parametrize("one", EXPRESSIONS, ids=lambda one: one.place)
def test_every_metric_and_label_that_is_asked_for_is_in_the_catalogue(one):
    known = set(TARGET_LABELS)
    for name, labels in one.matchers():
        if name in PROMETHEUS or LIBRARY.fullmatch(name):
            continue
        metric = SERIES[name]
        assert labels <= TARGET_LABELS | set(metric.labels), name
        known |= set(metric.labels)
    assert one.names()
    assert one.groupings() <= known


def test_every_metric_of_the_catalogue_is_on_a_panel():
    shown = {SERIES[name] for one in EXPRESSIONS for name in one.names() if name in SERIES}
    missing = {metric.name for metric in CATALOGUE if metric not in shown}
    assert missing == set(NOT_SHOWN)


@pytest.mark.parametrize("one", EXPRESSIONS, ids=lambda one: one.place)
def test_a_counter_is_only_seen_through_rate_or_increase(one):
    moved = {name for _, name in LIMITED_TO.findall(one.text)}
    counters = {name for name in one.names() if isinstance(SERIES.get(name), Counter)}
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
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert re.search(rf"\bby \([^)]*\b{label}\b", target["expr"]), panel["title"]
                checked += 1
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            query = variable["query"]["query"]
            name, label = re.fullmatch(r"label_values\((\w+).*, (\w+)\)", query).groups()
            assert label in {*TARGET_LABELS, *SERIES[name].labels}
            checked += 1
    assert checked
