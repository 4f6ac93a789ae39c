"""Recording while Prometheus scrapes 100,000 series every second."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .. import series
from ..case import Bench, Case, Result, Row, ratio_row
from ..load import Load, Subject, p99, prepare_users, ratio, singles
from ..scrapes import AS_PROMETHEUS, Scrape, scrape, time_of
from ..service import Service, service
from .loads import OURS, check_stored, compared

SERIES = 100_000
EVERY_SECONDS = 1.0
CONNECTIONS = 64
SCRAPED = f"{OURS}, scraped"


def run(bench: Bench) -> Result:
    """At full load and at half of it, each with and without the scrapes in turn."""
    users = prepare_users(bench.scratch)
    with service(bench.scratch / "data", **series.ROOM) as one:
        shown = series.fill(one, SERIES)
        full = _compared(bench, one, Subject(one.url, one.pid, singles(users, CONNECTIONS)))
        think_ms = round(2 * CONNECTIONS / _rate(full[OURS]) * 1000)
        half_caller = singles(users, CONNECTIONS, think_ms)
        half = _compared(bench, one, Subject(one.url, one.pid, half_caller))
        check_stored(one, [*full[OURS], *full[SCRAPED], *half[OURS], *half[SCRAPED]])
        took = time_of([scrape(one.url, one.pid, AS_PROMETHEUS) for _ in range(bench.rounds)])
    rows = (
        _row(f"recording while {shown:,} series are scraped every second: p99", full),
        _row("the same at half load: p99", half),
    )
    tables = compared("At full load", full), compared("At half load", half)
    return Result(rows, tables, (f"A scrape of an idle service takes {took:.1f} ms.",))


def _row(work: str, loads: dict[str, list[Load]]) -> Row:
    return ratio_row(
        work,
        f"{p99(loads[SCRAPED]):.1f} ms",
        f"without {p99(loads[OURS]):.1f} ms",
        ratio(loads[SCRAPED], loads[OURS], lambda load: load.p99),
        most=1.5,
    )


def _compared(bench: Bench, one: Service, subject: Subject) -> dict[str, list[Load]]:
    loads: dict[str, list[Load]] = {OURS: [], SCRAPED: []}
    subject.round(bench.seconds)
    for _ in range(bench.rounds):
        loads[OURS].append(subject.round(bench.seconds))
        with scraping(one):
            loads[SCRAPED].append(subject.round(bench.seconds))
    return loads


def _rate(loads: list[Load]) -> float:
    return max(load.rate for load in loads)


@contextmanager
def scraping(one: Service) -> Iterator[list[Scrape]]:
    """Scrape as Prometheus does, every second while the block runs."""
    stop = threading.Event()
    found: list[Scrape] = []

    def again() -> None:
        while not stop.wait(EVERY_SECONDS):
            found.append(scrape(one.url, one.pid, AS_PROMETHEUS))

    thread = threading.Thread(target=again, name="prometheus")
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


CASE = Case("scraped", "Recording while being scraped", run, tools=("taskset", "wrk", "curl"))
