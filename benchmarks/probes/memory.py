"""What a series takes in memory: the resident memory that a process gains by a hundred thousand.

python -m benchmarks.probes.memory ours|client LABEL_SETS
"""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping

import msgspec
import psutil
from prometheus_client import CollectorRegistry
from prometheus_client import Counter as ClientCounter
from prometheus_client import Histogram as ClientHistogram

from exporter.metrics import catalogue
from exporter.metrics.values import Metrics

COUNTER, HISTOGRAM = catalogue.USER_ENGAGEMENT_EVENTS, catalogue.AI_REQUEST_DURATION
COUNTERS_EACH = 10
"""Label sets of the counter for each of the histogram: about as many lines of a scrape."""
IN_A_ROW = 1_000


class Memory(msgspec.Struct):
    """Bytes that were gained, and the label sets and the lines of a scrape that they are for."""

    gained: int
    label_sets: int
    lines: int


def label_sets(number: int) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Different ones, each with whether it is the histogram's."""
    for at in range(number):
        one, other = divmod(at, IN_A_ROW)
        first, second = f"value-{other}", f"feature-{one}"
        if at % (COUNTERS_EACH + 1):
            yield False, (first, second, "pro", "desktop")
        else:
            yield True, (first, second, "pro")


def ours(number: int) -> object:
    """In our value arrays."""
    metrics = Metrics(label_values_limit=10_000_000, series_limit=10_000_000)
    for of_histogram, labels in label_sets(number):
        if of_histogram:
            metrics.observe(HISTOGRAM, labels, 1.0)
        else:
            metrics.inc(COUNTER, labels)
    return metrics


def client(number: int) -> object:
    """In prometheus-client's metrics, of the same names and labels."""
    registry = CollectorRegistry()
    counter = ClientCounter(COUNTER.name, COUNTER.help, COUNTER.labels, registry=registry)
    histogram = ClientHistogram(
        HISTOGRAM.name,
        HISTOGRAM.help,
        HISTOGRAM.labels,
        buckets=HISTOGRAM.buckets,
        registry=registry,
    )
    for of_histogram, labels in label_sets(number):
        if of_histogram:
            histogram.labels(*labels).observe(1.0)
        else:
            counter.labels(*labels).inc()
    return registry


SUBJECTS: Mapping[str, Callable[[int], object]] = {"ours": ours, "client": client}


def main(subject: str, number: int) -> Memory:
    """Make the series, and look what that took."""
    make = SUBJECTS[subject]
    make(2)  # what is imported or made once is not counted
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    kept = make(number)
    gc.collect()
    gained = process.memory_info().rss - before
    del kept
    lines = sum(
        len(HISTOGRAM.buckets) + 3 if of_histogram else 1 for of_histogram, _ in label_sets(number)
    )
    return Memory(gained, number, lines)


if __name__ == "__main__":
    print(msgspec.json.encode(main(sys.argv[1], int(sys.argv[2]))).decode())
