"""The processes: what runs since when, and what it uses of its machine."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Column, Limits, Lines, Table
from .asked import ASK, INSTANCE

BUILT = f"max by (instance, version, revision, python) ({ASK.select(c.BUILD_INFO)})"


def _by_instance(name: str) -> str:
    return f"max by (instance) ({ASK.select(name)})"


PROCESSES = Topic(
    "Processes",
    (
        Table(
            "What runs",
            "Each replica with its version, and since when it runs.",
            {
                "instance": "Instance",
                "version": "Version",
                "revision": "Revision",
                "python": "Python",
            },
            (
                Column(
                    "Up for",
                    f"{BUILT} * on (instance) group_left () "
                    f"(time() - {_by_instance('process_start_time_seconds')})",
                    "s",
                ),
            ),
            width=12,
            height=8,
        ),
        Lines(
            "CPU",
            "CPU seconds a second: 1 is a whole core.",
            "short",
            {"{{instance}}": ASK.rate("process_cpu_seconds_total", by=INSTANCE)},
            width=4,
            limits=Limits(0.8, 0.95),
        ),
        Lines(
            "Memory",
            "Memory that the process holds, by replica.",
            "bytes",
            {"{{instance}}": _by_instance("process_resident_memory_bytes")},
            width=4,
        ),
        Lines(
            "File descriptors",
            "Open ones, of those the process may open.",
            "percentunit",
            {
                "{{instance}}": f"{_by_instance('process_open_fds')} / "
                f"({_by_instance('process_max_fds')} > 0)"
            },
            width=4,
            limits=Limits(0.7, 0.9),
            highest=1,
        ),
    ),
)
