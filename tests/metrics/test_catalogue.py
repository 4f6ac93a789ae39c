import re

import pytest

from exporter.metrics import catalogue
from exporter.metrics.catalogue import CATALOGUE, OPEN_LABELS, Counter, Gauge, Histogram

BY_NAME = {metric.name: metric for metric in CATALOGUE}
KINDS = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}

# The names, types, labels and buckets that dashboards elsewhere rely on.
FIXED = """
ai_requests_total                        counter    model status feature user_plan
ai_requests_started_total                counter    model feature user_plan
ai_requests_in_progress                  gauge      model
ai_request_duration_seconds              histogram  model feature user_plan
ai_request_tokens_total                  counter    model type user_plan
ai_request_cost_total                    counter    model user_plan
ai_request_rating                        histogram  model feature
ai_router_requests_total                 counter    model baseline_model
ai_router_savings_total                  counter    model baseline_model
user_engagement_events_total             counter    event feature user_plan device_type
active_users_current                     gauge      user_plan
active_users                             gauge      window
user_session_duration_seconds            histogram  user_plan
sales_transactions_total                 counter    type status plan payment_method
sales_revenue_total                      counter    type plan currency
sales_refunds_total                      counter    plan currency
subscriptions_current                    gauge      plan status
monthly_recurring_revenue                gauge      plan currency
credits_used_total                       counter    feature
credits_cost_total                       counter    feature
http_requests_total                      counter    service endpoint method status_code
http_request_duration_seconds            histogram  service endpoint method status_code
system_cpu_usage_percentage              gauge      service
system_memory_usage_percentage           gauge      service
system_disk_usage_percentage             gauge      service
system_load_average                      gauge      service window
system_network_bytes_total               counter    service direction
database_connection_pool                 gauge      service state
database_query_duration_seconds          histogram  service operation
cache_hit_rate_percentage                gauge      service cache_type
exporter_build_info                      gauge      version revision python
exporter_events_total                    counter    family outcome
exporter_write_batch_size                histogram  family
exporter_write_duration_seconds          histogram  family
exporter_spool_events                    gauge
exporter_spool_bytes                     gauge
exporter_label_overflow_total            counter    metric label
exporter_rate_limited_total              counter    kind
exporter_auth_failures_total             counter    reason
exporter_scrape_duration_seconds         histogram
exporter_background_task_failures_total  counter    task
"""
FIXED_ROWS = [
    (name, kind, labels) for name, kind, *labels in map(str.split, FIXED.split("\n")[1:-1])
]

FIXED_BUCKETS = {
    "ai_request_duration_seconds": "0.1 0.25 0.5 1 2 5 10 20 30 60 120",
    "ai_request_rating": "1 2 3 4 5",
    "user_session_duration_seconds": "60 300 900 1800 3600 7200 14400 28800",
    "http_request_duration_seconds": "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2 5 10",
}

NEVER_A_LABEL = {
    "user_id", "user", "request_id", "session_id", "trace_id", "tenant", "tenant_id", "url",
    "path", "email", "ip", "ip_address",
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "labels"), FIXED_ROWS)
def test_a_fixed_metric_is_as_others_know_it(name, kind, labels):
    metric = BY_NAME[name]

    assert type(metric) is KINDS[kind]
    assert metric.kind == kind
    assert metric.labels == tuple(labels)


@pytest.mark.parametrize(("name", "buckets"), FIXED_BUCKETS.items())
def test_fixed_buckets_are_as_others_know_them(name, buckets):
    metric = BY_NAME[name]

    assert isinstance(metric, Histogram)
    assert metric.buckets == tuple(map(float, buckets.split()))


def test_names_are_unique():
    assert len(BY_NAME) == len(CATALOGUE)
    assert len({metric.family for metric in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_metric_is_declared_as_prometheus_advises(metric):
    assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", metric.name)
    assert metric.name.endswith("_total") == isinstance(metric, Counter)
    assert metric.help.endswith(".")
    assert metric.family_unit == metric.unit, "the family's name must end with the unit"
    assert len(set(metric.labels)) == len(metric.labels)
    assert not NEVER_A_LABEL & set(metric.labels)
    assert not {"le", "quantile"} & set(metric.labels)


@pytest.mark.parametrize("metric", [m for m in CATALOGUE if isinstance(m, Histogram)])
def test_buckets_ascend_and_leave_infinity_to_the_exposition(metric):
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.buckets[0] > 0
    assert metric.buckets[-1] < float("inf")


def test_every_open_label_is_used_and_the_guarded_ones_are_those():
    used = {label for metric in CATALOGUE for label in metric.labels}

    assert used >= OPEN_LABELS
    assert catalogue.HTTP_REQUESTS.open_labels == ("service", "endpoint")
    assert catalogue.BUILD_INFO.open_labels == ()


def test_a_family_name_ends_where_openmetrics_says():
    assert catalogue.AI_REQUESTS.family == "ai_requests"
    assert catalogue.SYSTEM_NETWORK_BYTES.family == "system_network_bytes"
    assert catalogue.SYSTEM_NETWORK_BYTES.family_unit == "bytes"
    assert catalogue.SPOOL_BYTES.family == "exporter_spool_bytes"
    assert Gauge("speed", "Speed.", (), "meters").family_unit == ""
