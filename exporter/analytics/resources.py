"""System resources: how busy machines were, hour by hour, and how busy this one is now.

Services report the state of their machine with their calls, and Meterhouse samples its own every
minute, for the default tenant. Both count alike: a mean is over every report.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from ..access.principal import Scope
from ..family import Family
from ..intervals import beginnings
from ..metrics.catalogue import OWN_SERVICE
from ..metrics.system import LOAD_WINDOWS, SystemReading
from ..records.performance import PERFORMANCE
from ..records.system_sample import SYSTEM_SAMPLE
from ..storage.base import Row, Store
from ..storage.query import Aggregation, By, Filter, Function, Measure, Operator, TimeBucket, Where
from ..storage.together import together
from .answer import Answer
from .period import Period, select
from .slices import MOST

Average = Annotated[float | None, Meta(description="Sum of the reports / reports of it, in %.")]
Highest = Annotated[float | None, Meta(description="The highest of the reports, in %.")]
Reports = Annotated[
    int, Meta(description="Reports of whichever was reported most: CPU, memory or disk.")
]


class Usage(Answer, frozen=True):
    """How busy machines were, by what was reported of them."""

    reports: Reports
    avg_cpu_usage: Average
    max_cpu_usage: Highest
    avg_memory_usage: Average
    max_memory_usage: Highest
    avg_disk_usage: Average
    max_disk_usage: Highest


class UsagePoint(Usage, frozen=True):
    """The same in one hour."""

    time: Annotated[datetime, Meta(description="The beginning of the hour.")]


class ServiceUsage(Usage, frozen=True):
    """The same of one service."""

    service: str


class SystemResources(Answer, frozen=True):
    """How busy machines were in a period: every hour of it, and each service over all of it."""

    time_series: list[UsagePoint]
    services: Annotated[list[ServiceUsage], Meta(description="The 100 with the most reports.")]


class CurrentSystem(Answer, frozen=True):
    """How busy the machine is that Meterhouse runs on."""

    timestamp: datetime
    service: str
    host: str
    cpu_usage: Annotated[float, Meta(description="Of all cores, in %.")]
    memory_usage: Annotated[float, Meta(description="Of the machine's memory, in %.")]
    disk_usage: Annotated[float, Meta(description="Of the disk with the data folder, in %.")]
    load: Annotated[dict[str, float], Meta(description="Load averages over 1, 5 and 15 minutes.")]
    bytes_in: Annotated[int, Meta(description="Over the network since the machine started.")]
    bytes_out: Annotated[int, Meta(description="Over the network since the machine started.")]


SOURCES: Mapping[str, tuple[Family, Mapping[str, str]]] = {
    "calls": (
        PERFORMANCE,
        {
            "cpu": "system.cpu.usage",
            "memory": "system.memory.percentage",
            "disk": "system.disk.percentage",
        },
    ),
    "samples": (
        SYSTEM_SAMPLE,
        {"cpu": "cpuUsage", "memory": "memoryUsage", "disk": "diskUsage"},
    ),
}
"""Where reports come from: a family, and its field for each resource."""
RESOURCES = ("cpu", "memory", "disk")


async def system_resources(
    store: Store, scope: Scope, period: Period, service: str | None = None
) -> SystemResources:
    """How busy the machines of the scope's services were in the period, or of one service."""
    where: Where = ()
    if service is not None:
        where = (Filter("service", Operator.EQ, service),)
    hours, services = await together(
        store,
        _usage(store, scope, period, where, TimeBucket("hour")),
        service_usage(store, scope, period, where),
    )
    nothing = _merged(())
    return SystemResources(
        time_series=[
            UsagePoint(time=time, **hours.get(time, nothing))
            for time in beginnings(period.start, period.end, "hour")
        ],
        services=services,
    )


async def service_usage(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> list[ServiceUsage]:
    """How busy the machines of the scope's services were in the period, the 100 services with the
    most reports."""
    usage = await _usage(store, scope, period, where, "service")
    found = [ServiceUsage(service=name, **one) for name, one in usage.items() if one["reports"]]
    return sorted(found, key=lambda one: (-one.reports, one.service))[:MOST]


def current_system(reading: SystemReading, at: datetime) -> CurrentSystem:
    """A reading of this machine as an answer."""
    return CurrentSystem(
        timestamp=at,
        service=OWN_SERVICE,
        host=reading.host,
        cpu_usage=reading.cpu_usage,
        memory_usage=reading.memory_usage,
        disk_usage=reading.disk_usage,
        load=dict(zip(LOAD_WINDOWS, reading.load, strict=True)),
        bytes_in=reading.bytes_in,
        bytes_out=reading.bytes_out,
    )


async def _usage(
    store: Store, scope: Scope, period: Period, where: Where, by: By
) -> dict[Any, dict[str, Any]]:
    """The usage of each group, over all sources."""
    name = by if isinstance(by, str) else by.name
    rows: defaultdict[Any, list[Row]] = defaultdict(list)
    for family, names in SOURCES.values():
        selected = select(family, scope, period, where)
        for row in await store.aggregate(Aggregation(family, _measures(names), selected, (by,))):
            rows[row[name]].append(row)
    return {group: _merged(of_group) for group, of_group in rows.items()}


def _measures(names: Mapping[str, str]) -> Sequence[Measure]:
    return [
        Measure(f"{what} {resource}", function, field)
        for resource, field in names.items()
        for what, function in (
            ("sum", Function.SUM),
            ("count", Function.COUNT),
            ("max", Function.MAX),
        )
    ]


def _merged(rows: Iterable[Row]) -> dict[str, Any]:
    """The rows of one group from every source, as the fields of `Usage`."""
    rows = list(rows)
    merged: dict[str, Any] = {"reports": 0}
    for resource in RESOURCES:
        count = sum(row[f"count {resource}"] for row in rows)
        highest = [row[f"max {resource}"] for row in rows if row[f"count {resource}"]]
        total = sum(row[f"sum {resource}"] for row in rows)
        merged["reports"] = max(merged["reports"], count)
        merged[f"avg_{resource}_usage"] = total / count if count else None
        merged[f"max_{resource}_usage"] = max(highest, default=None)
    return merged
