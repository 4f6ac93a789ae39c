"""What keeping the rollups costs at 1,000 events a second."""

import asyncio
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from exporter import engine
from exporter.metrics.values import Metrics
from exporter.records import TRACKED
from exporter.rollups.families import ROLLUPS
from exporter.settings import Settings
from exporter.storage.query import Aggregation, Measure, between

from ..case import Bar, Bench, Case, Result, Row, Table
from ..filled import MILLION, copied, database
from ..load import BATCH, Load, Subject, batches, cpu_seconds
from ..processes import BenchmarkError, running
from ..rollups import wait_until_rolled_up
from ..service import environment_of, service

RATE = 1_000
THINK_MS = 1_000 * BATCH // RATE
LATE_PER_MILLE = 10
SECONDS = 60.0
MOST_PERCENT = 10.0
SETTINGS = {"refreshing": {}, "not refreshing": {"ROLLUP_REFRESH_SECONDS": "3600"}}
SIZES = (MILLION, 3 * MILLION)
REBUILT_DAYS = 10
LONGEST_SECONDS = 1_800.0
_POLL_SECONDS = 0.02

Range = tuple[datetime, datetime]


def run(bench: Bench) -> Result:
    """What rolling up one event costs, and what the service takes with refreshing and without."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = today - timedelta(days=REBUILT_DAYS), today
    folders = [copied(database(bench.cache, events), bench.scratch) for events in SIZES]
    small, large = (
        (rolling_up_seconds(folder, span), recorded(folder, span)) for folder in folders
    )
    each_us = (large[0] - small[0]) / (large[1] - small[1]) * 1e6
    folder = folders[0]
    with service(folder, ROLLUP_SHARE="1") as one:  # what is behind is no part of what follows
        wait_until_rolled_up(one)
    costs = {name: _cost(folder, settings) for name, settings in SETTINGS.items()}
    on, off = (cpu_percent(load) for load in costs.values())
    rows = (
        Row(
            f"rolling up {RATE:,} events a second",
            f"{each_us:.1f} µs an event",
            "",
            each_us * RATE / 1e4,
            "% of a core",
            Bar(most=MOST_PERCENT),
        ),
        Row(
            f"refreshing at {RATE:,} events/s, {LATE_PER_MILLE / 10:g} % of them an hour late",
            f"{on:.1f} % of a core",
            f"without {off:.1f} %",
            on - off,
            "% of a core",
            Bar(most=MOST_PERCENT),
        ),
    )
    return Result(rows, (_table(costs),), NOTES, {"rollup_us": each_us})


def rolling_up_seconds(folder: Path, span: Range) -> float:
    """The processor time of making the rollups of a span that has none."""
    asyncio.run(_remove_rollups(folder, span))
    times = (
        f"{name}={moment.date()}" for name, moment in zip(("--from", "--to"), span, strict=True)
    )
    command = (sys.executable, "-m", "exporter", "rollup", "rebuild", *times)
    log = folder.with_suffix(".rebuild.log")
    used = 0.0
    with running(command, None, environment=environment_of(0, folder), log=log) as process:
        deadline = time.monotonic() + LONGEST_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(psutil.Error):  # it may end in between
                used = max(used, cpu_seconds(process.pid))
            time.sleep(_POLL_SECONDS)
        if process.poll() != 0:
            raise BenchmarkError(f"The rollups were not made:\n{log.read_text()[-2000:]}")
    return used


async def _remove_rollups(folder: Path, span: Range) -> None:
    store = engine.choose(Settings(data_dir=folder), Metrics())
    await store.open()
    try:
        for family in ROLLUPS:
            await store.put(family, between(family.time_field, *span), ())
    finally:
        await store.close()


def recorded(folder: Path, span: Range) -> int:
    """Events that are stored of a span."""

    async def count() -> int:
        store = engine.choose(Settings(data_dir=folder), Metrics())
        await store.open()
        try:
            found = [
                await store.aggregate(
                    Aggregation(family, (Measure("events"),), between(family.time_field, *span))
                )
                for family in TRACKED
            ]
        finally:
            await store.close()
        return sum(int(row["events"]) for rows in found for row in rows)

    return asyncio.run(count())


def _cost(folder: Path, settings: dict[str, str]) -> Load:
    """A minute of the load on a service, after half of one that does not count."""
    with service(folder, **settings) as one:
        caller = batches(1, think_ms=THINK_MS, late_per_mille=LATE_PER_MILLE)
        subject = Subject(one.url, one.pid, caller)
        subject.round(SECONDS / 2)
        return subject.round(SECONDS)


def cpu_percent(load: Load) -> float:
    """How busy a service was, in % of one core."""
    return 100 * load.cpu / (load.duration / 1e6)


def _table(costs: dict[str, Load]) -> Table:
    lines = tuple(
        (name, f"{load.rate * BATCH:,.0f}", f"{cpu_percent(load):.1f}")
        for name, load in costs.items()
    )
    return Table("The service under that load", ("", "events/s", "CPU, % of a core"), lines)


NOTES = (
    "The first line is by how much more processor time it takes to make the rollups of ten days"
    " (`meterhouse rollup rebuild`, after they were removed) where 90 days have three million"
    " events and not one: as many hours, days and months, with three times the events in them. The"
    " second is the whole service's time, on a database that is rolled up, with events that come"
    " too late; their hours are made anew when none has come for 20 s."
    " ROLLUP_SHARE bounds both: what does not fit waits.",
)

CASE = Case("refreshing", "Keeping the rollups", run, tools=("taskset", "wrk"))
