import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.samples import Exemplar

from exporter.metrics.catalogue import CATALOGUE, LABEL_OVERFLOW, Counter, Gauge, Histogram
from exporter.metrics.tally import Tally
from exporter.metrics.values import Metrics

from .scrape import lines, scrape, values

COUNTER = Counter("things_total", "Things.", ("model",))
GAUGE = Gauge("level", "A level.", ("plan", "status"))
HISTOGRAM = Histogram("wait_seconds", "Waits.", ("model",), "seconds", (0.5, 1.0))
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def metrics():
    return Metrics((COUNTER, GAUGE, HISTOGRAM), clock=NOON.timestamp)


def sample_of(metrics, name, **labels):
    """A sample as prometheus-client's registry finds it."""
    registry = CollectorRegistry()
    registry.register(metrics)
    return registry.get_sample_value(name, labels)


def test_a_counter_adds_up(metrics):
    metrics.inc(COUNTER, ("a",))
    metrics.inc(COUNTER, ("a",), 2.5)
    metrics.inc(COUNTER, ("b",), 0)

    assert metrics.value(COUNTER, ("a",)) == 3.5
    assert metrics.value(COUNTER, ("b",)) == 0
    assert metrics.value(COUNTER, ("c",)) is None


@pytest.mark.parametrize("amount", [-1, -1e-9, math.nan])
def test_a_counter_does_not_fall(metrics, amount):
    metrics.inc(COUNTER, ("a",))

    with pytest.raises(ValueError, match="things_total cannot be increased by"):
        metrics.inc(COUNTER, ("a",), amount)

    assert metrics.value(COUNTER, ("a",)) == 1


def test_raise_to_never_lowers_a_counter(metrics):
    for value in (10, 7, math.nan, 12, 11):
        metrics.raise_to(COUNTER, ("a",), value)

    assert metrics.value(COUNTER, ("a",)) == 12


def test_a_gauge_shows_the_last_value(metrics):
    metrics.set(GAUGE, ("pro", "active"), 5)
    metrics.set(GAUGE, ("pro", "active"), -2)

    assert metrics.value(GAUGE, ("pro", "active")) == -2


def test_a_histogram_counts_a_value_on_a_bound_in_its_bucket(metrics):
    for value in (0.5, 0.6, 1.0, 1.1):
        metrics.observe(HISTOGRAM, ("a",), value)

    assert metrics.value(HISTOGRAM, ("a",)) == 4
    assert metrics.value(HISTOGRAM, ("b",)) is None
    assert sample_of(metrics, "wait_seconds_bucket", model="a", le="0.5") == 1
    assert sample_of(metrics, "wait_seconds_bucket", model="a", le="1.0") == 3
    assert sample_of(metrics, "wait_seconds_bucket", model="a", le="+Inf") == 4
    assert sample_of(metrics, "wait_seconds_sum", model="a") == 3.2


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_histogram_refuses_what_would_spoil_its_sum(metrics, value):
    with pytest.raises(ValueError, match="wait_seconds cannot hold"):
        metrics.observe(HISTOGRAM, ("a",), value)

    assert metrics.value(HISTOGRAM, ("a",)) == 0


def test_a_wrong_number_of_labels_is_refused(metrics):
    with pytest.raises(ValueError, match="level has the labels"):
        metrics.set(GAUGE, ("pro",), 1)


def test_a_metric_that_is_not_in_the_catalogue_is_refused(metrics):
    with pytest.raises(KeyError):
        metrics.inc(Counter("unknown_total", "Nobody knows."), ())


def test_replace_takes_away_the_series_that_are_gone(metrics):
    metrics.set(GAUGE, ("old", "active"), 1)

    metrics.replace(GAUGE, {("pro", "active"): 3, ("free", "trial"): 4})
    metrics.replace(GAUGE, {("free", "trial"): 5})

    assert metrics.value(GAUGE, ("free", "trial")) == 5
    assert metrics.value(GAUGE, ("pro", "active")) is None
    assert metrics.value(GAUGE, ("old", "active")) is None


def test_replace_adds_up_what_becomes_other_and_keeps_the_names_it_had():
    metrics = Metrics((GAUGE,), label_values_limit=2)
    metrics.replace(GAUGE, {("b", "x"): 1, ("c", "x"): 2})

    metrics.replace(GAUGE, {("a", "x"): 4, ("b", "x"): 8, ("c", "x"): 16, ("d", "x"): 32})

    assert metrics.value(GAUGE, ("b", "x")) == 8
    assert metrics.value(GAUGE, ("c", "x")) == 16
    assert metrics.value(GAUGE, ("other", "x")) == 36
    assert metrics.value(LABEL_OVERFLOW, ("level", "plan")) == 2


def test_replace_lets_new_values_in_for_those_that_are_gone():
    metrics = Metrics((GAUGE,), label_values_limit=1)
    metrics.replace(GAUGE, {("a", "x"): 1})

    metrics.replace(GAUGE, {("b", "x"): 2})

    assert metrics.value(GAUGE, ("b", "x")) == 2
    assert metrics.value(LABEL_OVERFLOW, ("level", "plan")) is None


async def test_a_scrape_under_way_is_not_mixed_with_a_gauge_that_is_replaced():
    metrics = Metrics((GAUGE,), label_values_limit=10**6, series_limit=10**6)
    metrics.replace(GAUGE, {(f"p{at}", "x"): 1 for at in range(300)})
    before = next(series for series in metrics.all_series() if series.metric is GAUGE)
    first = before.render(0, 150, openmetrics=False)

    metrics.replace(GAUGE, {(f"p{at}", "x"): 2 for at in reversed(range(300))})
    second = before.render(150, 300, openmetrics=False)

    text = (first + second).decode()
    assert len(set(text.split("\n")[1:])) == 300
    assert text.count(" 1.0") == 300
    assert (await scrape(metrics)).count(" 2.0") == 300


def test_a_tally_is_applied_as_its_events_would_have_been(metrics):
    tally = Tally()
    for out in (tally, metrics):
        out.inc(COUNTER, ("a",), 2)
        out.inc(COUNTER, ("a",))
        out.observe(HISTOGRAM, ("a",), 0.25, ("trace_id", "t1"))
        out.observe(HISTOGRAM, ("a",), 3.0)
        out.observe(HISTOGRAM, ("b",), 0.75)
        out.set(GAUGE, ("pro", "active"), 1)
        out.set(GAUGE, ("pro", "active"), 9)

    at_once = Metrics((COUNTER, GAUGE, HISTOGRAM), clock=NOON.timestamp)
    at_once.apply(tally)

    assert list(at_once.collect()) == list(metrics.collect())
    assert at_once.value(COUNTER, ("a",)) == 3


def test_an_empty_tally_changes_nothing(metrics):
    before = list(metrics.collect())

    metrics.apply(Tally())

    assert list(metrics.collect()) == before


def test_exemplars_are_dated_and_collected(metrics):
    metrics.observe(HISTOGRAM, ("a",), 0.25, ("trace_id", "t1"))

    (family,) = (family for family in metrics.collect() if family.name == "wait_seconds")

    assert family.samples[0].exemplar == Exemplar({"trace_id": "t1"}, 0.25, NOON.timestamp())
    assert [sample.exemplar for sample in family.samples[1:]] == [None] * 4


async def test_series_counts_the_lines_of_a_scrape(metrics):
    metrics.inc(COUNTER, ("a",))
    metrics.observe(HISTOGRAM, ("a",), 1)
    metrics.observe(HISTOGRAM, ("b",), 1)

    assert metrics.series() == 1 + 2 * 5
    assert metrics.series() == len(lines(await scrape(metrics)))


def test_a_registry_knows_the_names_without_collecting(metrics):
    registry = CollectorRegistry()
    registry.register(metrics)

    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(Metrics((COUNTER,)))

    assert [family.samples for family in metrics.describe()] == [[]] * 4


def test_two_metrics_share_nothing():
    one, other = Metrics(), Metrics()

    one.inc(CATALOGUE[0], ("m", "completed", "f", "pro"))

    assert one.value(CATALOGUE[0], ("m", "completed", "f", "pro")) == 1
    assert other.value(CATALOGUE[0], ("m", "completed", "f", "pro")) is None


names = st.sampled_from(["a", "b", "c", "d", "e", "other", ""])


@settings(max_examples=80, deadline=None)
@given(
    counted=st.lists(st.tuples(names, st.integers(0, 1000)), max_size=30),
    observed=st.lists(st.tuples(names, st.integers(0, 3)), max_size=30),
    limit=st.integers(1, 4),
    series=st.integers(1, 10),
)
async def test_nothing_is_lost_under_any_limit(counted, observed, limit, series):
    metrics = Metrics((COUNTER, HISTOGRAM), label_values_limit=limit, series_limit=series)
    for model, amount in counted:
        metrics.inc(COUNTER, (model,), amount)
    for model, value in observed:
        metrics.observe(HISTOGRAM, (model,), value)

    shown = values(await scrape(metrics))

    def total(name):
        return sum(value for (shown_name, _), value in shown.items() if shown_name == name)

    assert total("things_total") == sum(amount for _, amount in counted)
    assert total("wait_seconds_count") == len(observed)
    assert total("wait_seconds_sum") == sum(value for _, value in observed)
