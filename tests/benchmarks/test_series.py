"""The series that expositions are compared on are the same for all."""

import asyncio
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import series
from benchmarks.peers.prometheus_client_python import registry_of
from benchmarks.probes import memory, rendering
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics


def metrics() -> Metrics:
    found = Metrics()
    found.inc(catalogue.USER_ENGAGEMENT_EVENTS, ("click", 'a "b"', "pro", "desktop"), 3)
    found.inc(catalogue.USER_ENGAGEMENT_EVENTS, ("view", "", "pro", "mobile"), 2)
    for seconds in (0.05, 0.7, 0.7, 500.0):
        found.observe(catalogue.AI_REQUEST_DURATION, ("gpt-4o", "chat", "pro"), seconds)
    found.set(catalogue.ACTIVE_USERS, ("1d",), 17)
    return found


def written(folder: Path) -> tuple[str, Path]:
    text = asyncio.run(rendering.exposed(metrics(), packed=False)).decode()
    path = folder / "series"
    series.write(text, path)
    return text, path


def shown(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Each series; the sums of histograms and what a library adds cannot be the same."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_sum", "_created"))
    }


def test_our_renderer_and_prometheus_client_are_given_the_same_series(tmp_path: Path) -> None:
    text, path = written(tmp_path)
    ours = asyncio.run(rendering.exposed(rendering.metrics_of(path), packed=False)).decode()
    theirs = generate_latest(registry_of(path)).decode()
    assert shown(ours) == shown(text)
    assert shown(theirs) == shown(text)


def test_each_line_that_is_no_comment_is_a_series() -> None:
    assert series.count("# HELP a A\n# TYPE a counter\na 1\nb 2\n") == 2


def test_the_series_of_the_memory_probe_are_all_different() -> None:
    found = list(memory.label_sets(5_000))
    assert len(set(found)) == 5_000
