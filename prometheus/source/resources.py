"""CPU, memory and disk, of Meterhouse's machine and of the services that report theirs.

A service's gauge is the last report that a replica got; the highest over the replicas counts.
"""

from dataclasses import dataclass

from .rule import Alert, Case, Fire, Severity, Subject

SHOP = Fire({"service": "shop"}, ("95%", "95%"))


@dataclass(frozen=True)
class Resource:
    """A gauge in percent, the share that is too much, and for how long."""

    name: str
    metric: str
    word: str
    panel: str
    limit: int
    wait: str
    at: tuple[str, str]
    """When the case of the alert is pending for the last time, and when it fires."""
    severity: Severity
    means: str
    act: str


RESOURCES = (
    Resource(
        "CpuHigh",
        "system_cpu_usage_percentage",
        "CPU",
        "CPU",
        90,
        "15m",
        ("15m", "16m"),
        "warning",
        "Calls queue for the CPU: answers get slow before anything fails.",
        "Find what uses it. More traffic: another replica. Meterhouse itself: look at the number "
        "of series of a scrape, and at who asks for long periods.",
    ),
    Resource(
        "MemoryHigh",
        "system_memory_usage_percentage",
        "memory",
        "Memory",
        90,
        "10m",
        ("10m", "11m"),
        "warning",
        "The next large answer may end a process of that machine.",
        "Find the process that grows. For Meterhouse, `process_resident_memory_bytes` says whether "
        "it is the one; label values (`LABEL_VALUES_LIMIT`) are what it keeps in memory.",
    ),
    Resource(
        "DiskFull",
        "system_disk_usage_percentage",
        "disk",
        "Disk",
        90,
        "5m",
        ("5m", "6m"),
        "critical",
        "Databases stop writing on a full disk, and SQLite and the spool with them.",
        "Make room or a larger disk. Of Meterhouse, shorter retention (`METRICS_RETENTION_DAYS` "
        "and its siblings) removes events for good; take a backup first.",
    ),
)


def _used_up(resource: Resource) -> Alert:
    a, b = (f'{resource.metric}{{$job, instance="{one}", service="shop"}}' for one in "ab")
    before, after = resource.at
    return Alert(
        resource.name,
        f"max by (service) ({resource.metric}{{$job}}) > {resource.limit}",
        resource.severity,
        f'{{{{ $value | printf "%.0f" }}}}% of the {resource.word} of {{{{ $labels.service }}}} is '
        "used.",
        f'{{{{ $value | printf "%.0f" }}}}% of the {resource.word} of {{{{ $labels.service }}}} '
        f"has been in use, above {resource.limit}%, for {resource.wait}. Look at the machine on "
        f"the dashboard: since when, and what else changed then.",
        means=resource.means,
        see="The resources of the service on the dashboard. For `exporter` they are measured here; "
        "other services report theirs, so a service that stopped reporting keeps its last value.",
        act=resource.act,
        quiet="By its `service`, for the length of a planned job.",
        panel=resource.panel,
        cases=(
            Case(
                "short peaks, gaps and an empty installation",
                {a: "50 95 95 95 50 _ 95 95 50x30", b: "40x40"},
                {"0m": (), "5m": (), "20m": ()},
            ),
            Case("exactly at the limit", {a: f"{resource.limit}x30"}, {"30m": ()}),
            Case(
                "the higher of two replicas stays above it",
                {a: "50 95x30", b: "50x31"},
                {before: (), after: (Fire(SHOP.labels, ("95", "95")),)},
            ),
        ),
        wait=resource.wait,
    )


DISK = 'system_disk_usage_percentage{$job, instance="a", service="shop"}'

RESOURCES_SUBJECT = Subject(
    name="resources",
    title="Resources",
    category="resources",
    dashboard="meterhouse-performance",
    alerts=(
        *(_used_up(one) for one in RESOURCES),
        Alert(
            "DiskFullSoon",
            """
            max by (service)
            (predict_linear(system_disk_usage_percentage{$job}[6h], 24 * 3600)) > 100
            and max by (service) (system_disk_usage_percentage{$job}) > 60
            """,
            "warning",
            "The disk of {{ $labels.service }} will be full within a day.",
            "If it goes on as in the last 6 hours, the disk of {{ $labels.service }} will be at "
            '{{ $value | printf "%.0f" }}% in 24 hours. Look at what grows on it.',
            means="A line through the last six hours reaches 100% within a day. Below 60% it is "
            "not drawn: a new disk fills fast at first.",
            see="The disk on the dashboard over two days: a steady rise, or one step that is over.",
            act="Find the folder that grows. Logs and spools shrink again; data needs a larger "
            "disk or shorter retention.",
            quiet="By its `service`, when the rise was one step.",
            panel="Disk",
            cases=(
                Case(
                    "a slow rise, and a fast one on an empty disk",
                    {
                        DISK: "70+0.01x500",
                        DISK.replace("shop", "new"): "5+0.1x400",
                    },
                    {"6h": ()},
                ),
                Case("one step, an hour ago", {DISK: "65x300 67x200"}, {"8h": ()}),
                Case(
                    "6% an hour",
                    {DISK: "60+0.1x400"},
                    {
                        "1h": (),
                        "2h": (Fire({"service": "shop"}, ("216",)),),
                    },
                ),
            ),
            wait="1h",
        ),
    ),
)
