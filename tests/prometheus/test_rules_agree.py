"""The rules agree with the catalogue, the routes, the runbook, the dashboards and their tests."""

import json
import re
from collections import defaultdict
from itertools import pairwise

import pytest

from exporter.web import batch, tracking
from exporter.web.routes import all_routes
from prometheus.source.slo import TRACKING_CALLS

from .promql import ALERTS, RECORDS, ROOT, RULES, TARGET, TESTS, known, named

KNOWN = known()
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
PAGE = "https://github.com/meterhouse/meterhouse/blob/main/docs/runbook.md#"
PANELS = {
    f"/d/{dashboard['uid']}?viewPanel={panel['id']}": panel
    for path in (ROOT / "grafana" / "dashboards").glob("*.json")
    for dashboard in [json.loads(path.read_text())]
    for panel in dashboard["panels"]
}
CATEGORIES = {
    *("service", "requests", "slo", "resources", "storage", "ingest"),
    *("ai", "engagement", "sales", "alerts", "health"),
}
RECORDED = {
    rule["record"]: named(rule["expr"]).grouping - {"le", "status_code"} for rule in RECORDS
}
NAMES = sorted({rule["alert"] for rule in ALERTS})


def rule_id(rule):
    return rule.get("record") or f"{rule['alert']} {rule['labels'].get('window', '')}".strip()


each_rule = pytest.mark.parametrize("rule", RULES, ids=rule_id)
each_alert = pytest.mark.parametrize("rule", ALERTS, ids=rule_id)


@each_rule
def test_every_metric_and_label_of_a_rule_is_in_the_catalogue(rule):
    found = named(rule["expr"])
    offered = set()
    for metric, matchers in found.metrics:
        labels = RECORDED[metric] if metric in RECORDED else KNOWN[metric]
        assert matchers <= labels, metric
        offered |= labels
    assert found.grouping <= offered | TARGET
    assert found.metrics or rule["expr"] == "vector(1)"


@each_rule
def test_a_rule_reads_the_metrics_of_our_job_only(rule):
    for metric, matchers in named(rule["expr"]).metrics:
        assert metric in RECORDED or "job" in matchers, metric


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test["name"])
def test_every_series_of_a_test_is_in_the_catalogue(test):
    for one in test["input_series"]:
        [(metric, matchers)] = named(one["series"]).metrics
        assert matchers <= KNOWN[metric]


@pytest.mark.parametrize("rule", RECORDS, ids=rule_id)
def test_a_recording_rule_is_named_by_level_metric_and_operation(rule):
    assert re.fullmatch(r"[a-z]+:[a-z_]+:[a-z0-9_]+", rule["record"])
    level = rule["record"].partition(":")[0]
    assert level == "tracking" or level in RECORDED[rule["record"]]


def test_the_value_of_every_recording_rule_is_tested():
    tested = {
        metric
        for test in TESTS
        for one in test.get("promql_expr_test", [])
        for metric, _ in named(one["expr"]).metrics
        if one["exp_samples"]
    }
    assert tested == set(RECORDED)
    assert len(RECORDED) == len(RECORDS)


@each_alert
def test_an_alert_has_all_that_one_needs_at_night(rule):
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["labels"]["category"] in CATEGORIES
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert said["runbook_url"] == PAGE + rule["alert"].lower()
    assert said["dashboard_url"] in PANELS
    assert said["summary"].endswith(".")
    assert "ook " in said["description"], "it has to say where to look"
    sum_of_texts = said["summary"] + said["description"]
    if rule["alert"] not in VALUELESS:
        assert "$value" in said["description"]
    for label in re.findall(r"\$labels\.(\w+)", sum_of_texts):
        assert label in named(rule["expr"]).grouping | TARGET | set(rule["labels"]) | RECORDED_BY


@each_alert
def test_an_alert_leads_to_a_panel_that_shows_what_it_is_about(rule):
    panel = PANELS[rule["annotations"]["dashboard_url"]]
    shown = {metric for target in panel["targets"] for metric in measured(target["expr"])}
    assert shown & measured(rule["expr"]) or rule["expr"] == "vector(1)", panel["title"]


def measured(expr):
    """The metrics of the catalogue that an expression is about, also through recording rules."""
    found = {metric for metric, _ in named(expr).metrics}
    recorded = [rule["expr"] for rule in RECORDS if rule["record"] in found]
    return found.union(*map(measured, recorded))


VALUELESS = {"MeterhouseDown", "MeterhouseNotScraped", "MeterhouseReplicaDown"}
"""Their value is 0 or 1, which their words say."""
RECORDED_BY = {label for labels in RECORDED.values() for label in labels}


def test_every_alert_has_a_section_of_the_runbook_and_every_section_an_alert():
    sections = re.split(r"^### ", RUNBOOK, flags=re.M)[1:]
    assert sorted(one.partition("\n")[0] for one in sections) == NAMES
    for one in sections:
        parts = re.findall(r"^\*\*(.+?)\.\*\*", one, re.M)
        assert parts == [
            "What it means",
            "How to see it",
            "What to do",
            "When to silence it",
        ]


def test_every_alert_has_a_silent_and_a_firing_case():
    silent, firing = set(), defaultdict(set)
    for test in TESTS:
        for one in test.get("alert_rule_test", []):
            for alert in one["exp_alerts"]:
                firing[one["alertname"]].add(alert["exp_labels"].get("window"))
            if not one["exp_alerts"]:
                silent.add(one["alertname"])
    assert silent == set(NAMES) - {"MeterhouseWatchdog"}, "the watchdog always fires"
    wanted = defaultdict(set)
    for rule in ALERTS:
        wanted[rule["alert"]].add(rule["labels"].get("window"))
    assert firing == wanted


def waits_and_fires(checks):
    """Whether an alert is silent at one time of a case, and fires at the next."""
    return any(
        not before["exp_alerts"] and after["exp_alerts"] for before, after in pairwise(checks)
    )


@each_alert
def test_an_alert_that_waits_is_seen_waiting(rule):
    cases = [test.get("alert_rule_test", []) for test in TESTS]
    mine = [checks for checks in cases if checks and checks[0]["alertname"] == rule["alert"]]
    assert "for" not in rule or any(map(waits_and_fires, mine))


def test_the_objective_for_tracking_is_about_the_calls_that_record():
    matched = {
        route.path
        for route in all_routes()
        if route.method in {"POST", "PUT"} and re.fullmatch(TRACKING_CALLS, route.path)
    }
    assert matched == {route.path for route in (*tracking.ROUTES, *batch.ROUTES)}
