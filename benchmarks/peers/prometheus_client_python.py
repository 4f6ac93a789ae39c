"""prometheus-client's own exposition of given series, by its own server, gzipped when asked for.

python -m benchmarks.peers.prometheus_client_python PORT SERIES_FILE
"""

import signal
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from ..series import Header, read

Client = Counter | Gauge | Histogram


def registry_of(path: Path) -> CollectorRegistry:
    """A registry that holds the series of a file."""
    registry = CollectorRegistry()
    metrics: dict[str, Client] = {}
    for header, label_set in read(path):
        if label_set is None:
            metrics[header.name] = declared(header, registry)
            continue
        labels, value = label_set
        metric = metrics[header.name]
        series = metric.labels(*labels) if labels else metric
        add = series.observe if isinstance(series, Histogram) else series.inc
        for one in header.values(value):
            add(one)
    return registry


def declared(header: Header, registry: CollectorRegistry) -> Client:
    """A metric without series yet."""
    if header.kind == "histogram":
        return Histogram(
            header.name, header.help, header.labels, buckets=header.buckets, registry=registry
        )
    kind = Counter if header.kind == "counter" else Gauge
    return kind(header.name, header.help, header.labels, registry=registry)


def main(port: int, path: Path) -> None:
    """Serve until SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    start_http_server(port, "127.0.0.1", registry_of(path))
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
