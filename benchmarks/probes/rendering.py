"""Rendering the same series by our renderer and by prometheus-client's, beside copying the text.

python -m benchmarks.probes.rendering SERIES_FILE ROUNDS
"""

import asyncio
import gzip
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec
from prometheus_client import CollectorRegistry, generate_latest

from exporter.metrics.catalogue import CATALOGUE, Counter, Gauge, Histogram
from exporter.metrics.exposition import gzip_chunks, render
from exporter.metrics.lines import sample_name
from exporter.metrics.values import Metrics

from ..peers.prometheus_client_python import registry_of
from ..series import read

ROOM = 10_000_000
SLOW_SECONDS = 2.0
"""What takes this long is not asked for again."""


class Rendering(msgspec.Struct):
    """Median times in ms, and the size of our text in bytes."""

    plain: float
    gzip: float
    client_plain: float
    client_gzip: float
    copying: float
    size: int


def metrics_of(path: Path) -> Metrics:
    """Our metrics, with the series of a file."""
    metrics = Metrics(CATALOGUE, label_values_limit=ROOM, series_limit=ROOM)
    named = {sample_name(metric): metric for metric in CATALOGUE}
    for header, label_set in read(path):
        metric = named.get(header.name)
        if label_set is None or metric is None:
            continue
        labels, value = label_set
        for one in header.values(value):
            if isinstance(metric, Counter):
                metrics.inc(metric, labels, one)
            elif isinstance(metric, Gauge):
                metrics.set(metric, labels, one)
            elif isinstance(metric, Histogram):
                metrics.observe(metric, labels, one)
    return metrics


async def exposed(metrics: Metrics, *, packed: bool) -> bytes:
    """What a scrape of these metrics would be answered."""
    chunks = render(metrics, CollectorRegistry(), openmetrics=False)
    return b"".join([chunk async for chunk in (gzip_chunks(chunks) if packed else chunks)])


def in_turn(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median time of each call in ms, after one that does not count unless it is slow."""
    first = {name: _time(call) for name, call in calls.items()}
    times = {name: [took] if took > SLOW_SECONDS else [] for name, took in first.items()}
    for _ in range(rounds):
        for name, call in calls.items():
            if first[name] <= SLOW_SECONDS:
                times[name].append(_time(call))
    return {name: median(took) * 1000 for name, took in times.items()}


def _time(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began


def main(path: Path, rounds: int) -> Rendering:
    """Measure each in turn."""
    metrics, registry = metrics_of(path), registry_of(path)
    with closing(asyncio.new_event_loop()) as loop:

        def ours(*, packed: bool) -> bytes:
            return loop.run_until_complete(exposed(metrics, packed=packed))

        text = ours(packed=False)
        target = bytearray(len(text))
        times = in_turn(
            {
                "plain": lambda: ours(packed=False),
                "gzip": lambda: ours(packed=True),
                "client_plain": lambda: generate_latest(registry),
                "client_gzip": lambda: gzip.compress(generate_latest(registry)),
                "copying": lambda: target.__setitem__(slice(None), text),
            },
            rounds,
        )
    return Rendering(size=len(text), **times)


if __name__ == "__main__":
    print(msgspec.json.encode(main(Path(sys.argv[1]), int(sys.argv[2]))).decode())
