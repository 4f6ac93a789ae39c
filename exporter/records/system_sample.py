"""System samples: the state of the machine that Meterhouse runs on, taken every minute."""

from ..family import Family, Mirror, Rollup, Tracked
from ..fields import Identifier, Label, Moment, Percentage, Quantity


class SystemSample(Tracked, kw_only=True):
    """CPU, memory and disk in %; load averages; bytes over the network since the start."""

    sample_id: Identifier | None = None
    service: Label = "exporter"
    host: Label | None = None
    cpu_usage: Percentage
    memory_usage: Percentage
    disk_usage: Percentage
    load1: Quantity
    load5: Quantity
    load15: Quantity
    bytes_in: Quantity
    bytes_out: Quantity
    timestamp: Moment | None = None


def mirror(before: SystemSample | None, after: SystemSample, out: Mirror) -> None:
    """Nothing: Prometheus sees the machine live, at each scrape."""


_USAGE = ("cpuUsage", "memoryUsage", "diskUsage")

SYSTEM_SAMPLE = Family(
    kind="system_sample",
    collection="system_samples",
    body=SystemSample,
    document=SystemSample,
    key="sampleId",
    time_field="timestamp",
    retention="performance_retention_days",
    dimensions=("service", "host"),
    measures=(
        "cpuUsage",
        "memoryUsage",
        "diskUsage",
        "load1",
        "load5",
        "load15",
        "bytesIn",
        "bytesOut",
    ),
    rollups=(Rollup(name="services", by=("service",), sums=_USAGE, extremes=_USAGE),),
    mirror=mirror,
)
