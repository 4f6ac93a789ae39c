"""What the services run on: machines, databases, caches."""

from exporter.metrics import catalogue as c

from ..page import Topic
from ..panels import Limits, Lines
from ..promql import AT_END, WHOLE_RANGE, top
from .asked import ASK, FULL, SERVICE

OPERATION = ("service", "operation")
CACHE = ("service", "cache_type")
ACTIVE, TOTAL = (
    ASK.reported(c.DATABASE_CONNECTION_POOL, f'state="{state}"', by=SERVICE)
    for state in ("active", "total")
)
LOAD_5M, LOAD_1M = (
    ASK.reported(c.SYSTEM_LOAD_AVERAGE, f'window="{window}"', by=SERVICE) for window in ("5m", "1m")
)

MACHINES = Topic(
    "Machines",
    (
        *(
            Lines(
                title,
                description,
                "percent",
                {"{{service}}": ASK.fullest(gauge, SERVICE)},
                limits=FULL,
                highest=100,
            )
            for title, description, gauge in (
                ("CPU", "CPU in use, of all cores; the five busiest services.", c.SYSTEM_CPU_USAGE),
                (
                    "Memory",
                    "Memory in use; the five services with the most.",
                    c.SYSTEM_MEMORY_USAGE,
                ),
                ("Disk", "Disk in use; the five services with the most.", c.SYSTEM_DISK_USAGE),
            )
        ),
        Lines(
            "Load over 5 minutes",
            "Load average over 5 minutes, or over 1 where a service tells no other; the five "
            "highest.",
            "short",
            {
                "{{service}}": ASK.fullest(
                    c.SYSTEM_LOAD_AVERAGE, SERVICE, query=f"{LOAD_5M} or {LOAD_1M}"
                )
            },
        ),
        *(
            Lines(
                f"Network {way}",
                f"Bytes a second that {verb} over the network; the five services with the most.",
                "Bps",
                {
                    "{{service}}": ASK.largest(
                        ASK.rate(c.SYSTEM_NETWORK_BYTES, f'direction="{way}"', by=SERVICE),
                        c.SYSTEM_NETWORK_BYTES,
                        SERVICE,
                        f'direction="{way}"',
                        number=5,
                    )
                },
            )
            for way, verb in (("in", "came"), ("out", "went"))
        ),
    ),
)
DATABASES = Topic(
    "Databases and caches",
    (
        Lines(
            "Database p95",
            "95 % of the operations in the five minutes before each point took at most this long; "
            "the ten slowest, by service and kind.",
            "s",
            {"{{service}} {{operation}}": ASK.slowest(c.DATABASE_QUERY_DURATION, OPERATION)},
            width=12,
            limits=Limits(0.25, 1),
        ),
        Lines(
            "Database operations",
            "Operations a second, by service and kind; the ten most frequent.",
            "ops",
            {
                "{{service}} {{operation}}": top(
                    ASK.observed(c.DATABASE_QUERY_DURATION, by=OPERATION),
                    OPERATION,
                    ASK.observed(
                        c.DATABASE_QUERY_DURATION, by=OPERATION, window=WHOLE_RANGE, at=AT_END
                    ),
                )
            },
            width=12,
            stacked=True,
        ),
        Lines(
            "Connection pools",
            "Active connections, of all that the pool has; the ten services with the most active.",
            "percentunit",
            {
                "{{service}}": ASK.fullest(
                    c.DATABASE_CONNECTION_POOL,
                    SERVICE,
                    'state="active"',
                    number=10,
                    query=f"{ACTIVE} / ({TOTAL} > 0)",
                )
            },
            width=12,
            limits=Limits(0.8, 0.9),
            highest=1,
            nothing="No pool reported yet",
        ),
        Lines(
            "Cache hits",
            "Hits, of all look-ups; the ten caches with the fewest in the range.",
            "percent",
            {"{{service}} {{cache_type}}": ASK.emptiest(c.CACHE_HIT_RATE, CACHE, number=10)},
            width=12,
            limits=Limits(70, 50, falling=True),
            highest=100,
            nothing="No cache reported yet",
        ),
    ),
)
