import tracemalloc

import pytest

from exporter.family import Origin
from exporter.metrics import catalogue
from exporter.metrics.catalogue import LABEL_OVERFLOW, OPEN_LABELS, Counter, Gauge, Histogram
from exporter.metrics.guard import KIND_SHARES, LABEL_SHARES, OTHER, LabelGuard, value_limit
from exporter.metrics.tally import Tally
from exporter.metrics.values import Metrics
from exporter.records.ai_request import AI_REQUEST, AiRequest, Routing, Tokens
from exporter.records.performance import (
    PERFORMANCE,
    CacheState,
    ConnectionPool,
    Cpu,
    DatabaseState,
    Network,
    Performance,
    Space,
    SystemState,
)

from .scrape import lines, scrape, values

COUNTER = Counter("things_total", "Things.", ("model", "status", "feature"))
GAUGE = Gauge("level", "A level.", ("service",))
HISTOGRAM = Histogram("wait_seconds", "Waits.", ("model",), "seconds", (1.0,))
ALL = (COUNTER, GAUGE, HISTOGRAM)


def test_the_first_values_are_kept_and_the_next_become_other():
    metrics = Metrics(ALL, label_values_limit=2)
    for model in ("a", "b", "c", "d", "a", "c"):
        metrics.inc(COUNTER, (model, "done", "f"))

    assert metrics.value(COUNTER, ("a", "done", "f")) == 2
    assert metrics.value(COUNTER, ("b", "done", "f")) == 1
    assert metrics.value(COUNTER, (OTHER, "done", "f")) == 3
    assert metrics.value(COUNTER, ("c", "done", "f")) is None


def test_every_value_that_became_other_is_counted_by_metric_and_label():
    metrics = Metrics(ALL, label_values_limit=1)
    for at in range(5):
        metrics.inc(COUNTER, (f"m{at}", "done", f"f{at % 2}"))

    assert metrics.value(LABEL_OVERFLOW, ("things_total", "model")) == 4
    assert metrics.value(LABEL_OVERFLOW, ("things_total", "feature")) == 2
    assert metrics.value(LABEL_OVERFLOW, ("things_total", "status")) is None


def test_each_label_of_each_metric_has_its_own_values():
    metrics = Metrics((COUNTER, catalogue.CREDITS_USED), label_values_limit=1)

    metrics.inc(COUNTER, ("a", "done", "b"))
    metrics.inc(catalogue.CREDITS_USED, ("c",))

    assert metrics.value(COUNTER, ("a", "done", "b")) == 1
    assert metrics.value(catalogue.CREDITS_USED, ("c",)) == 1


def test_closed_labels_are_not_limited():
    metrics = Metrics(ALL, label_values_limit=1)
    for at in range(50):
        metrics.inc(COUNTER, ("a", f"status{at}", "f"))

    assert metrics.series() == 50


def test_no_value_and_other_itself_take_nobodys_place():
    metrics = Metrics(ALL, label_values_limit=1)
    for model in ("", OTHER, "a", "b"):
        metrics.inc(COUNTER, (model, "done", "f"))

    assert metrics.value(COUNTER, ("", "done", "f")) == 1
    assert metrics.value(COUNTER, ("a", "done", "f")) == 1
    assert metrics.value(COUNTER, (OTHER, "done", "f")) == 2
    assert metrics.value(LABEL_OVERFLOW, ("things_total", "model")) == 1


def test_a_full_metric_takes_only_label_sets_that_it_has_and_other():
    metrics = Metrics(ALL, label_values_limit=100, series_limit=3)
    for model in ("a", "b", "c"):
        metrics.inc(COUNTER, (model, "done", "f"))

    metrics.inc(COUNTER, ("a", "done", "f"))  # held
    metrics.inc(COUNTER, ("a", "done", "g"))  # both become other
    metrics.inc(COUNTER, ("z", "done", OTHER))  # so does the one that is not other yet
    metrics.inc(COUNTER, ("a", "failed", "f"))  # closed labels stay

    assert metrics.value(COUNTER, ("a", "done", "f")) == 2
    assert metrics.value(COUNTER, (OTHER, "done", OTHER)) == 2
    assert metrics.value(COUNTER, (OTHER, "failed", OTHER)) == 1
    assert metrics.value(LABEL_OVERFLOW, ("things_total", "model")) == 3
    assert metrics.value(LABEL_OVERFLOW, ("things_total", "feature")) == 2


def test_a_full_metric_still_finds_the_label_set_that_overflow_led_to_before():
    metrics = Metrics(ALL, label_values_limit=1, series_limit=2)
    metrics.inc(COUNTER, ("a", "done", "f"))
    metrics.inc(COUNTER, ("b", "done", "f"))

    metrics.inc(COUNTER, ("c", "done", "f"))

    assert metrics.value(COUNTER, (OTHER, "done", "f")) == 2


def test_a_full_metric_learns_no_new_values():
    guard = LabelGuard(COUNTER, values_limit=10, series_limit=1)
    held = {("a", "done", "f"): 0}

    assert guard.admit(("b", "done", "f"), held) == (
        (OTHER, "done", OTHER),
        [("things_total", "model"), ("things_total", "feature")],
    )
    assert guard.admit(("b", "done", "f"), {})[0] == ("b", "done", "f")


def test_histograms_keep_a_quarter():
    metrics = Metrics(ALL, label_values_limit=8, series_limit=100)
    for at in range(20):
        metrics.observe(HISTOGRAM, (f"m{at}",), 1)

    assert metrics.value(HISTOGRAM, ("m1",)) == 1
    assert metrics.value(HISTOGRAM, ("m2",)) is None
    assert metrics.value(HISTOGRAM, (OTHER,)) == 18
    assert LabelGuard(HISTOGRAM, 100, 8).admit(("x",), {("a",): 0, ("b",): 1})[0] == (OTHER,)


def test_a_label_keeps_at_least_one_value():
    assert value_limit(HISTOGRAM, "model", 1) == 1
    assert value_limit(GAUGE, "service", 1) == 1


def test_shares_do_not_multiply():
    assert value_limit(GAUGE, "service", 200) == 100
    assert value_limit(HISTOGRAM, "service", 200) == 50
    assert value_limit(HISTOGRAM, "cache_type", 200) == 20


def test_what_the_service_says_of_itself_is_always_kept():
    metrics = Metrics(label_values_limit=1, series_limit=1)
    metrics.inc(catalogue.HTTP_REQUESTS, ("shop", "/a", "GET", "200"))
    metrics.inc(catalogue.HTTP_REQUESTS, ("exporter", "/metrics", "GET", "200"))
    metrics.inc(catalogue.HTTP_REQUESTS, ("exporter", "/health", "GET", "200"))

    assert metrics.value(catalogue.HTTP_REQUESTS, ("exporter", "/metrics", "GET", "200")) == 1
    assert metrics.value(catalogue.HTTP_REQUESTS, ("exporter", "/health", "GET", "200")) == 1
    assert metrics.value(LABEL_OVERFLOW, ("http_requests_total", "endpoint")) is None


def test_long_values_are_cut():
    metrics = Metrics(ALL)
    metrics.set(GAUGE, ("s" * 500,), 1)
    metrics.set(GAUGE, ("s" * 600,), 2)

    assert metrics.value(GAUGE, ("s" * 128,)) == 2
    assert metrics.value(LABEL_OVERFLOW, ("level", "service")) is None


def test_every_kind_and_every_label_with_a_share_exists():
    assert {type(metric) for metric in catalogue.CATALOGUE} == KIND_SHARES.keys()
    assert LABEL_SHARES.keys() <= OPEN_LABELS
    assert all(0 < share <= 1 for share in (*KIND_SHARES.values(), *LABEL_SHARES.values()))


def ai_request(at):
    """A request that says everything, with its own model, feature and plan."""
    return AiRequest(
        request_id=f"r{at}",
        model=f"model {at}",
        feature=f"feature {at}",
        user_plan=f"plan {at}",
        status="completed",
        tokens=Tokens(1, 2),
        cost=0.5,
        duration_ms=at % 1000,
        rating=3,
        routing=Routing(was_routed=True, baseline_model=f"base {at}", baseline_cost=at % 2),
        origin=Origin(trace_id=f"{at:032x}"),
    )


def performance(at):
    """A call that says everything, of its own service and endpoint."""
    return Performance(
        service=f"service {at}",
        endpoint=f"/endpoint {at}",
        method="GET",
        status_code=200,
        response_time=at % 1000,
        request_id=f"r{at}",
        system=SystemState(
            cpu=Cpu(1, [1, 1, 1]),
            memory=Space(1, 2, 50),
            disk=Space(1, 2, 50),
            network=Network(1, 2),
        ),
        database=DatabaseState(5, 1, ConnectionPool(1, 2, 3)),
        cache=CacheState(1, 1, 50, f"cache {at}"),
    )


@pytest.mark.parametrize(
    ("family", "event", "count"),
    [
        (AI_REQUEST, ai_request, "ai_requests_total"),
        (PERFORMANCE, performance, "http_requests_total"),
    ],
)
async def test_hostile_label_values_cost_a_bounded_scrape_and_memory(family, event, count):
    metrics = Metrics()
    before = len(lines(await scrape(metrics)))
    offered = 4_000
    tracemalloc.start()
    try:
        for start in range(0, offered, 1000):
            tally = Tally()
            for at in range(start, start + 1000):
                family.mirror(None, event(at), tally)
            metrics.apply(tally)
            del tally
            if start == 1000:
                half_way = tracemalloc.get_traced_memory()[0]
        grown = tracemalloc.get_traced_memory()[0] - half_way
    finally:
        tracemalloc.stop()

    text = await scrape(metrics)
    assert len(lines(text)) - before < 3000
    assert grown < 1_000_000
    counted = sum(value for (name, _), value in values(text).items() if name == count)
    assert counted == offered
    overflowed = metrics.value(LABEL_OVERFLOW, (count, family.dimensions[0]))
    assert overflowed is not None
    assert overflowed >= offered - 200
