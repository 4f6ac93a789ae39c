"""A month of outages and maintenance, worked out by hand.

March 2026 has 44,640 minutes. Replica `a` watches all of them but six hours of the 30th, in which
it is stopped; `b` comes on the 11th at midnight and watches 30,240. Each check runs every minute.

| when | what | down on `a` | on `b` |
|---|---|---|---|
| 3rd, 02:00 to 02:45 | the database, on `a` | 45 | |
| 8th, 12:00 | one failed run of billing: no outage | 0 | |
| 9th, all day | search, which is not critical | 0 | |
| 15th, 10:00 to 10:20 and 10:10 to 10:50 | the database, and billing | 50 | 50 |
| 20th, 03:30 to 04:30 | the database, in a window for everything from 03:00 to 05:00 | 0 | 0 |
| 25th, 23:50 to 00:10 | the database, on `b`, across midnight | | 20 |
| 28th, 01:00 to 03:00 | billing, in a window of its own from 01:30 to 02:30 | 60 | 60 |

Watched, without the window for everything: 44,640 - 360 - 120 = 44,160 on `a`, and 30,240 - 120 =
30,120 on `b`, together 74,280. Down: 155 on `a`, 130 on `b`, together 285.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from exporter.analytics.period import Period
from exporter.health.check import Check, Finding, Level
from exporter.health.checks.tcp import Tcp
from exporter.health.track import Result, Track
from exporter.records.health_check import HealthCheck
from exporter.records.maintenance import Maintenance

from ..recording import utc
from .conftest import ready

MARCH = Period(utc(2026, 3, 1), utc(2026, 4, 1))
WATCHED = 74_280
DOWN = 285
UPTIME = 100 * (1 - DOWN / WATCHED)
MINUTE = timedelta(minutes=1)
A, B = "a:5005", "b:5005"
BOTH = (A, B)

OUTAGES = (
    ("database", utc(2026, 3, 3, 2), utc(2026, 3, 3, 2, 45), (A,)),
    ("billing", utc(2026, 3, 8, 12), utc(2026, 3, 8, 12, 1), (A,)),
    ("search", utc(2026, 3, 9), utc(2026, 3, 10), BOTH),
    ("database", utc(2026, 3, 15, 10), utc(2026, 3, 15, 10, 20), BOTH),
    ("billing", utc(2026, 3, 15, 10, 10), utc(2026, 3, 15, 10, 50), BOTH),
    ("database", utc(2026, 3, 20, 3, 30), utc(2026, 3, 20, 4, 30), BOTH),
    ("database", utc(2026, 3, 25, 23, 50), utc(2026, 3, 26, 0, 10), (B,)),
    ("billing", utc(2026, 3, 28, 1), utc(2026, 3, 28, 3), BOTH),
)
WATCHES = {
    A: ((MARCH.start, utc(2026, 3, 30, 12)), (utc(2026, 3, 30, 18), MARCH.end)),
    B: ((utc(2026, 3, 11), MARCH.end),),
}
CHECKS: tuple[Check, ...] = tuple(
    ready(Tcp(host="localhost", port=1), name=name, critical=critical, interval=60.0)
    for name, critical in (("database", True), ("billing", True), ("search", False))
)


def window(begin: datetime, end: datetime, *services: str) -> Maintenance:
    """A maintenance window."""
    return Maintenance(
        window_id=begin.isoformat(),
        title="work",
        services=list(services),
        starts_at=begin,
        ends_at=end,
        created_at=begin,
    )


WINDOWS = (
    window(utc(2026, 3, 20, 3), utc(2026, 3, 20, 5)),
    window(utc(2026, 3, 28, 1, 30), utc(2026, 3, 28, 2, 30), "billing"),
)


def stretches() -> list[HealthCheck]:
    """What is kept of all runs of the month."""
    found = []
    for instance in BOTH:
        for check in CHECKS:
            track = Track(check, instance)
            for result in _runs(check.name, instance):
                track.add(result)
            track.close()
            found += track.closed
    return found


def _runs(service: str, instance: str) -> Iterator[Result]:
    down = [
        (begin, end) for name, begin, end, where in OUTAGES if name == service and instance in where
    ]
    for begin, end in WATCHES[instance]:
        moment = begin
        while moment <= end:
            failed = any(start <= moment < stop for start, stop in down)
            yield Result(moment, 0.01, Finding(Level.UNHEALTHY if failed else Level.HEALTHY))
            moment += MINUTE
