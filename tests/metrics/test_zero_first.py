"""Rare series show 0 before their first value, to each of several scrapers, and never again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.catalogue import CATALOGUE, EVERY_SERIES, Counter, Histogram
from exporter.metrics.tally import Tally
from exporter.metrics.values import Metrics

from .scrape import lines, scrape, scrape_by_client

RARE = Counter("refunds_total", "Refunds.", ("plan",), zero_first=EVERY_SERIES)
SOME = Counter("calls_total", "Calls.", ("code", "path"), zero_first={"code": "5.."})
BUSY = Counter("events_total", "Events.", ("event",))
WAIT = Histogram("wait_seconds", "Waits.", (), "seconds", (1.0,))
SECONDS = 20.0


class Stopwatch:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def metrics(stopwatch: Stopwatch) -> Metrics:
    return new(stopwatch)


def new(stopwatch: Stopwatch, seconds: float = SECONDS) -> Metrics:
    catalogue = (RARE, SOME, BUSY, WAIT)
    return Metrics(catalogue, zero_first_seconds=seconds, monotonic=stopwatch)


async def shown(metrics: Metrics, name: str) -> list[str]:
    return lines(await scrape(metrics), name)


async def test_a_rare_series_shows_0_and_then_what_it_counted(metrics, stopwatch):
    metrics.inc(RARE, ("pro",), 7)

    assert await shown(metrics, "refunds_total") == ['refunds_total{plan="pro"} 0.0']
    metrics.inc(RARE, ("pro",), 2)
    stopwatch.now += SECONDS
    assert await shown(metrics, "refunds_total") == ['refunds_total{plan="pro"} 9.0']


async def test_every_scraper_within_the_time_sees_the_0(metrics, stopwatch):
    metrics.inc(RARE, ("pro",), 7)

    for _ in range(4):
        assert await shown(metrics, "refunds_total") == ['refunds_total{plan="pro"} 0.0']
        stopwatch.now += SECONDS / 4
    assert await shown(metrics, "refunds_total") == ['refunds_total{plan="pro"} 7.0']


async def test_the_time_begins_with_the_first_scrape_however_late_that_is(metrics, stopwatch):
    metrics.inc(RARE, ("pro",), 7)

    stopwatch.now += 3600
    assert await shown(metrics, "refunds_total") == ['refunds_total{plan="pro"} 0.0']


async def test_each_series_has_its_own_time(metrics, stopwatch):
    metrics.inc(RARE, ("pro",), 7)
    await scrape(metrics)
    stopwatch.now += SECONDS
    metrics.inc(RARE, ("team",), 5)

    assert await shown(metrics, "refunds_total") == [
        'refunds_total{plan="pro"} 7.0',
        'refunds_total{plan="team"} 0.0',
    ]


async def test_only_the_series_that_match_are_rare(metrics):
    for code in ("200", "500", "1500"):
        metrics.inc(SOME, (code, "/"))
    metrics.inc(BUSY, ("view",))
    metrics.observe(WAIT, (), 0.5)

    assert await shown(metrics, "calls_total") == [
        'calls_total{code="200",path="/"} 1.0',
        'calls_total{code="500",path="/"} 0.0',
        'calls_total{code="1500",path="/"} 1.0',
    ]
    assert await shown(metrics, "events_total") == ['events_total{event="view"} 1.0']
    assert "wait_seconds_count 1" in await shown(metrics, "wait_seconds")


async def test_what_a_group_commit_adds_up_to_is_shown_alike(metrics):
    tally = Tally()
    tally.inc(RARE, ("pro",), 3)
    metrics.apply(tally)

    assert await shown(metrics, "refunds_total") == ['refunds_total{plan="pro"} 0.0']
    assert metrics.value(RARE, ("pro",)) == 3


async def test_without_a_time_every_series_shows_its_value(stopwatch):
    metrics = new(stopwatch, seconds=0.0)
    metrics.inc(RARE, ("pro",), 7)

    assert await shown(metrics, "refunds_total") == ['refunds_total{plan="pro"} 7.0']


async def test_prometheus_client_shows_the_same(metrics, stopwatch):
    metrics.inc(RARE, ("pro",), 7)

    for value in ("0.0", "7.0"):
        assert f'refunds_total{{plan="pro"}} {value}' in scrape_by_client(metrics)
        stopwatch.now += SECONDS


async def test_series_in_every_chunk_of_a_scrape_show_0_once(metrics, stopwatch):
    plans = [f"plan {number}" for number in range(180)]
    for plan in plans:
        metrics.inc(RARE, (plan,))

    series = next(one for one in metrics.all_series() if one.metric is RARE)
    for expected in (b" 0.0", b" 1.0"):
        parts = [series.render(at, at + 60, openmetrics=False) for at in (0, 60, 120)]
        assert b"".join(parts).count(expected) == len(plans)
        stopwatch.now += SECONDS


steps = st.lists(
    st.tuples(st.sampled_from(["scrape", "pro", "team", "free"]), st.floats(0, 30)), max_size=40
)


@given(steps)
async def test_what_a_scraper_sees_never_falls_and_all_of_it_is_an_increase(steps):
    stopwatch = Stopwatch()
    metrics = new(stopwatch)
    seen: dict[str, list[float]] = {}
    for what, passed in [*steps, ("scrape", 0.0), ("scrape", SECONDS)]:
        stopwatch.now += passed
        if what != "scrape":
            metrics.inc(RARE, (what,))
            continue
        for line in await shown(metrics, "refunds_total"):
            name, _, value = line.rpartition(" ")
            seen.setdefault(name, []).append(float(value))

    counted = [what for what, _ in steps if what != "scrape"]
    assert sum(values[-1] - values[0] for values in seen.values()) == len(counted)
    for values in seen.values():
        assert values[0] == 0.0
        assert values == sorted(values)


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_what_is_declared_as_rare_names_labels_of_the_metric(metric):
    rare = metric.zero_first if isinstance(metric, Counter) else None
    for label, pattern in (rare or {}).items():
        assert label in metric.labels
        assert label not in metric.open_labels
        re.compile(pattern)


def test_money_and_failures_are_declared_as_rare():
    counters = [one for one in CATALOGUE if isinstance(one, Counter)]
    rare = {one.name for one in counters if one.zero_first is not None}
    for counter in counters:
        if counter.name.startswith("sales_") or counter.name.endswith("_failures_total"):
            assert counter.name in rare
