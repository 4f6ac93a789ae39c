"""How long the service takes from its command to being ready for events."""

from pathlib import Path
from statistics import median
from time import perf_counter

from ..case import Bar, Bench, Case, Result, Row, Table
from ..filled import MILLION, database
from ..service import service


def run(bench: Bench) -> Result:
    """With an empty data folder, and with a million events in it."""
    full = database(bench.cache, MILLION)
    empty: list[float] = []
    filled: list[float] = []
    for round_ in range(bench.rounds):
        empty.append(_start(bench.scratch / f"empty-{round_}"))
        filled.append(_start(full))
    rows = (
        Row("start, empty", f"{median(empty):.2f} s", "", median(empty), "s", Bar(most=1)),
        Row(
            f"start, {MILLION:,} events stored",
            f"{median(filled):.2f} s",
            "",
            median(filled),
            "s",
            Bar(most=2),
        ),
    )
    lines = tuple(
        (name, *(f"{one:.2f}" for one in some))
        for name, some in (("empty", empty), (f"{MILLION:,} events", filled))
    )
    columns = ("", *(f"{number + 1}" for number in range(bench.rounds)))
    size = sum(path.stat().st_size for path in full.glob("*.sqlite*"))
    costs = {"event_bytes": size / MILLION}
    return Result(rows, (Table("Seconds of each start", columns, lines),), costs=costs)


def _start(folder: Path) -> float:
    """Seconds until `/-/ready` answers; what happens after that is not waited for."""
    began = perf_counter()
    with service(folder):
        return perf_counter() - began


CASE = Case("start", "Starting", run)
