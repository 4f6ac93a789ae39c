import os
import shutil
import subprocess

import pytest
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from exporter.metrics.catalogue import Counter, Gauge, Histogram
from exporter.metrics.docs import LINT_EXCEPTIONS
from exporter.metrics.exposition import render
from exporter.metrics.values import Metrics

INSTALL = "promtool is missing: apt-get install -y prometheus"
HOSTILE = ('quote " backslash \\ end\\', "line\n# TYPE x counter\nx 1", "\x00\r\t", "é\u2028😀")


@pytest.fixture
def promtool():
    path = shutil.which("promtool")
    if path is None:
        if os.environ.get("METERHOUSE_REQUIRE_SERVICES") == "1":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    return path


def check(promtool, text):
    return subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, timeout=30, check=False
    )


def filled():
    metrics = Metrics()
    moves = {
        Counter: lambda metric, labels: metrics.inc(metric, labels, 1.5),
        Gauge: lambda metric, labels: metrics.set(metric, labels, float("nan")),
        Histogram: lambda metric, labels: metrics.observe(metric, labels, 1e9),
    }
    for metric in [series.metric for series in metrics.all_series()]:
        for value in HOSTILE:
            moves[type(metric)](metric, (value,) * len(metric.labels))
    return metrics


async def test_promtool_complains_only_of_what_is_listed_with_a_reason(promtool):
    runtime = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=runtime)
    text = b"".join([chunk async for chunk in render(filled(), runtime, openmetrics=False)])

    result = check(promtool, text)

    said = set(result.stderr.decode().splitlines())
    assert said == set(LINT_EXCEPTIONS)
    assert text.count(b"\nai_requests_total{") == len(HOSTILE)


def test_promtool_does_complain_of_a_bad_metric(promtool):
    result = check(promtool, b"# TYPE foo_gauge counter\nfoo_gauge 1\n")

    assert result.returncode != 0
    assert "no help text" in result.stderr.decode()
