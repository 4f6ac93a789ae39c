"""Ten minutes at half load: does memory stay flat, and do answers stay as quick as they were?"""

from statistics import median

import psutil

from ..case import Bar, Bench, Case, Result, Row, Table, ratio_row
from ..load import Load, Subject, p99, prepare_users, rate, singles
from ..service import service
from .loads import check_stored

CONNECTIONS = 64
MINUTES = 10
WINDOW_SECONDS = 30
WINDOWS = MINUTES * 60 // WINDOW_SECONDS
FIRST_MINUTE = 60 // WINDOW_SECONDS
HALF = 0.5


def run(bench: Bench) -> Result:
    """Single events in windows of half a minute; after each the memory of the service."""
    users = prepare_users(bench.scratch)
    loads: list[Load] = []
    sizes: list[float] = []
    with service(bench.scratch / "data") as ours:
        process = psutil.Process(ours.pid)
        full = Subject(ours.url, ours.pid, singles(users, CONNECTIONS)).round(bench.seconds)
        think_ms = round(CONNECTIONS / (full.rate * HALF) * 1000)
        subject = Subject(ours.url, ours.pid, singles(users, CONNECTIONS, think_ms))
        for _ in range(WINDOWS):
            loads.append(subject.round(WINDOW_SECONDS))
            sizes.append(process.memory_info().rss / 2**20)
        check_stored(ours, loads)
    return Result(_rows(loads, sizes), (_table(loads, sizes),), NOTES)


def _rows(loads: list[Load], sizes: list[float]) -> tuple[Row, ...]:
    settled, third = sizes[FIRST_MINUTE - 1 :], len(loads) // 3
    away = max(abs(size / settled[0] - 1) for size in settled) * 100
    work = f"{MINUTES} minutes at {rate(loads):,.0f} events/s, about half load"
    first, last = p99(loads[:third]), p99(loads[-third:])
    return (
        Row(
            f"{work}: memory after the first minute",
            f"{settled[-1]:.0f} MiB",
            f"{settled[0]:.0f} MiB",
            away,
            "% away at most",
            Bar(most=5),
        ),
        ratio_row(
            "the same: p99 of the last third",
            f"{last:.1f} ms",
            f"of the first {first:.1f} ms",
            last / first,
            most=1.2,
        ),
    )


def _table(loads: list[Load], sizes: list[float]) -> Table:
    lines = []
    for minute in range(MINUTES):
        some = loads[minute * FIRST_MINUTE : (minute + 1) * FIRST_MINUTE]
        lines.append(
            (
                str(minute + 1),
                f"{rate(some):,.0f}",
                f"{median(load.p50 for load in some) / 1000:.2f}",
                f"{p99(some):.2f}",
                f"{sizes[(minute + 1) * FIRST_MINUTE - 1]:.1f}",
            )
        )
    columns = ("minute", "events/s", "p50, ms", "p99, ms", "memory, MiB")
    return Table("Minute by minute", columns, tuple(lines))


NOTES = (
    "Memory is the resident memory of the process; what the system keeps of the file is not in it.",
)

CASE = Case("soak", "Ten minutes at half load", run, tools=("taskset", "wrk"), usual=False)
