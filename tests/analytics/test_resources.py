"""How busy machines were, of calls and of samples alike."""

from typing import Any

import msgspec

from exporter.access.principal import Scope
from exporter.analytics.period import Period
from exporter.analytics.resources import current_system, system_resources
from exporter.metrics.system import SystemReading
from exporter.records.performance import Cpu, Performance, Space, SystemState
from exporter.records.system_sample import SystemSample
from exporter.rollups.store import RolledStore

from ..recording import ADA, NOW, TENANT, Recorder, performance, utc

MORNING = Period(utc(2026, 3, 15, 9, 30), utc(2026, 3, 15, 12))


def said(hour: int, cpu: float | None, memory: float | None = None, **values: Any) -> Performance:
    """A call that says how busy its machine was."""
    state = SystemState(cpu=Cpu(usage=cpu), memory=Space(percentage=memory))
    return performance(timestamp=utc(2026, 3, 15, hour, 45), system=state, **values)


def sample(key: str, hour: int, cpu: float) -> SystemSample:
    """A sample of our own machine."""
    return SystemSample(
        sample_id=key,
        tenant_id="acme",
        timestamp=utc(2026, 3, 15, hour),
        cpu_usage=cpu,
        memory_usage=50.0,
        disk_usage=20.0,
        load1=1.0,
        load5=1.0,
        load15=1.0,
        bytes_in=0.0,
        bytes_out=0.0,
    )


async def test_calls_and_samples_make_one_mean_by_the_hour(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        said(9, 10.0, 40.0),
        said(9, 20.0),
        said(11, 90.0, user_id="bob", service="mail"),
        performance(),
        said(9, 99.0, tenant_id="globex"),
        sample("a", 11, 30.0),
        sample("b", 11, 60.0),
    )
    found = await system_resources(store, TENANT, MORNING)
    assert [
        (one.time.hour, one.reports, one.avg_cpu_usage, one.max_cpu_usage, one.avg_memory_usage)
        for one in found.time_series
    ] == [
        (9, 2, 15.0, 20.0, 40.0),
        (10, 0, None, None, None),
        (11, 3, 60.0, 90.0, 50.0),
    ]
    assert [(one.service, one.reports, one.avg_disk_usage) for one in found.services] == [
        ("exporter", 2, 20.0),
        ("shop", 2, None),
        ("mail", 1, None),
    ]


async def test_everybody_sees_what_came_with_their_calls(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        said(9, 10.0),
        said(9, 20.0, user_id="bob"),
        said(9, 40.0, service="mail"),
        sample("a", 9, 1),
    )
    ada = await system_resources(store, ADA, MORNING)
    assert ada.time_series[0].avg_cpu_usage == 25.0
    mail = await system_resources(store, ADA, MORNING, "mail")
    assert (mail.time_series[0].max_cpu_usage, len(mail.services)) == (40.0, 1)
    nobody = await system_resources(store, Scope("globex", None), MORNING)
    assert (nobody.services, nobody.time_series[0].reports) == ([], 0)


def test_a_reading_is_shown_as_it_is() -> None:
    reading = SystemReading(
        host="box",
        cpu_usage=1.0,
        memory_usage=2.0,
        disk_usage=3.0,
        load=(0.1, 0.2, 0.3),
        bytes_in=4,
        bytes_out=5,
    )
    assert msgspec.structs.asdict(current_system(reading, NOW)) == {
        "timestamp": NOW,
        "service": "exporter",
        "host": "box",
        "cpu_usage": 1.0,
        "memory_usage": 2.0,
        "disk_usage": 3.0,
        "load": {"1m": 0.1, "5m": 0.2, "15m": 0.3},
        "bytes_in": 4,
        "bytes_out": 5,
    }
