"""The series that expositions are compared on: what a service shows after events it was sent.

They go to the peers in a file of JSON lines: a metric, then each of its label sets with its value,
or for a histogram the counts of its buckets.
"""

import http.client
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from exporter.demo.calls import BATCH_PATH

from .load import BATCH
from .processes import BenchmarkError
from .service import KEY, Service

ROOM = {"LABEL_VALUES_LIMIT": "100000", "SERIES_LIMIT": "10000000"}
"""Settings of a service that takes a million series."""

LINES_OF_REQUEST = 20
"""Series, about, of an AI request with label values of its own: half of all are made so."""
IN_A_ROW = 1000
"""Values of one label, each with as many of the other as it takes."""
NOT_COMPARED = ("process_", "python_")
"""What prometheus-client shows of the process, which other peers have not or not the same."""
ANSWER_SECONDS = 300.0
OK = 200


class Header(msgspec.Struct, frozen=True):
    """The line of a metric: `kind` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()

    def values(self, value: float | list[int]) -> Iterator[float]:
        """What to add to, or observe in, this metric so that it shows `value`."""
        if not isinstance(value, list):
            yield value
            return
        bounds = (*self.buckets, self.buckets[-1] + 1)
        for bound, count in zip(bounds, value, strict=True):
            yield from (bound for _ in range(count))


LabelSet = tuple[tuple[str, ...], float | list[int]]


def fill(service: Service, wanted: int) -> int:
    """Have a service show `wanted` series, half of them of histograms; how many they became."""
    post(service, map(_request, range(wanted // 2 // LINES_OF_REQUEST)))
    missing = wanted - count(exposition(service.url))
    post(service, map(_engagement, range(missing)))
    return count(exposition(service.url))


def post(service: Service, events: Iterable[dict[str, Any]]) -> None:
    """Record events in batches; BenchmarkError where one is not stored."""
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=ANSWER_SECONDS)
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    rest = iter(events)
    while batch := list(islice(rest, BATCH)):
        body = msgspec.json.encode({"events": batch})
        connection.request("POST", BATCH_PATH, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != OK or msgspec.json.decode(said)["accepted"] != len(batch):
            raise BenchmarkError(f"The events were not stored: {answer.status} {said[:300]!r}")
    connection.close()


def _request(number: int) -> dict[str, Any]:
    feature, model = divmod(number, IN_A_ROW)
    return {
        "kind": "ai_request",
        "requestId": f"series-{number}",
        "model": f"model-{model}",
        "feature": f"feature-{feature}",
        "status": "completed",
        "tokens": {"input": 100 + number % 900, "output": 50},
        "cost": 0.001 * (1 + number % 7),
        "durationMs": 100 + number % 9_000,
    }


def _engagement(number: int) -> dict[str, Any]:
    feature, event = divmod(number, IN_A_ROW)
    return {
        "kind": "engagement",
        "eventId": f"series-{number}",
        "sessionId": "series",
        "event": f"event-{event}",
        "feature": f"feature-{feature}",
    }


def exposition(url: str) -> str:
    """The text of /metrics, without what every process shows of itself."""
    with urlopen(f"{url}/metrics", timeout=ANSWER_SECONDS) as answer:  # noqa: S310  # loopback
        lines = answer.read().decode().splitlines()
    own = (line for line in lines if not _name(line).startswith(NOT_COMPARED))
    return "\n".join(own) + "\n"


def _name(line: str) -> str:
    return line.removeprefix("# HELP ").removeprefix("# TYPE ")


def count(text: str) -> int:
    """The series of an exposition: its lines that are no comments."""
    return sum(not line.startswith("#") for line in text.splitlines())


def write(text: str, path: Path) -> None:
    """Write the series of an exposition to a file for the peers."""
    with path.open("wb") as file:
        for metric in text_string_to_metric_families(text):
            if not metric.samples:
                continue
            header = _header(metric)
            file.write(msgspec.json.encode(header) + b"\n")
            for label_set in _label_sets(metric, header):
                file.write(msgspec.json.encode(label_set) + b"\n")


def read(path: Path) -> Iterator[tuple[Header, LabelSet | None]]:
    """Each line of such a file with its metric: None for the metric's own line."""
    header_line, set_line = msgspec.json.Decoder(Header), msgspec.json.Decoder(LabelSet)
    header = None
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"{"):
                header = header_line.decode(line)
                yield header, None
            elif header is not None:
                yield header, set_line.decode(line)


def _header(metric: Metric) -> Header:
    first = metric.samples[0]
    labels = tuple(name for name in first.labels if name != "le")
    name = first.name if metric.type == "counter" else metric.name
    bounds: dict[str, None] = {}
    if metric.type == "histogram":
        bounds = dict.fromkeys(one.labels["le"] for one in metric.samples if "le" in one.labels)
    buckets = tuple(float(bound) for bound in bounds if bound != "+Inf")
    return Header(name, metric.type, metric.documentation, labels, buckets)


def _label_sets(metric: Metric, header: Header) -> Iterator[LabelSet]:
    """Buckets that follow each other are those of one label set, the last of them `+Inf`."""
    counts: list[int] = []
    before = 0
    for sample in metric.samples:
        labels = tuple(sample.labels[name] for name in header.labels)
        if metric.type != "histogram":
            yield labels, sample.value
        elif "le" in sample.labels:
            counts.append(int(sample.value) - before)
            before = int(sample.value)
            if sample.labels["le"] == "+Inf":
                yield labels, counts
                counts, before = [], 0
