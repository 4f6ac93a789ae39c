"""Single events one by one, at a quarter, at half and at full load: points for docs/scale.md."""

from statistics import median

from ..case import Bench, Case, Result, Row, Table
from ..load import Load, Subject, p99, prepare_users, rate, singles
from ..service import service
from .loads import check_stored

CONNECTIONS = 64
SHARES = (0.25, 0.5)


def run(bench: Bench) -> Result:
    """Full load first, which says what a half is."""
    users = prepare_users(bench.scratch)
    with service(bench.scratch / "data") as ours:
        alone = _rounds(bench, Subject(ours.url, ours.pid, singles(users, 1)))
        full = _rounds(bench, Subject(ours.url, ours.pid, singles(users, CONNECTIONS)))
        levels = {"one connection": alone} | {
            f"{share:.0%}": _rounds(
                bench,
                Subject(ours.url, ours.pid, singles(users, CONNECTIONS, _think_ms(full, share))),
            )
            for share in SHARES
        }
        levels["100%"] = full
        check_stored(ours, [load for loads in levels.values() for load in loads])
    busiest = median(cpu_share(load) for load in full)
    rows = (
        Row(
            "processor time at full load",
            f"{rate(full):,.0f} events/s",
            "",
            100 * busiest,
            "% of a core",
        ),
    )
    costs = {
        "alone_us": median(load.cost for load in alone),
        "alone_seconds": median(load.p50 for load in alone) / 1e6,
        "full_rate": rate(full),
        "full_us": median(load.cost for load in full),
        "half_rate": rate(levels["50%"]),
        "half_cpu": median(cpu_share(load) for load in levels["50%"]),
        "half_p99_ms": p99(levels["50%"]),
    }
    return Result(rows, (_table(levels),), costs=costs)


def cpu_share(load: Load) -> float:
    """Of one core."""
    return load.cpu / load.duration * 1e6


def _think_ms(full: list[Load], share: float) -> int:
    return round(CONNECTIONS / (rate(full) * share) * 1000)


def _rounds(bench: Bench, subject: Subject) -> list[Load]:
    subject.round(bench.seconds)
    return [subject.round(bench.seconds) for _ in range(bench.rounds)]


def _table(levels: dict[str, list[Load]]) -> Table:
    lines = tuple(
        (
            name,
            f"{rate(loads):,.0f}",
            f"{100 * median(cpu_share(load) for load in loads):.0f}",
            f"{median(load.cost for load in loads):,.0f}",
            f"{median(load.p50 for load in loads) / 1000:.2f}",
            f"{p99(loads):.2f}",
        )
        for name, loads in levels.items()
    )
    columns = ("load", "events/s", "CPU, % of a core", "CPU, µs/event", "p50, ms", "p99, ms")
    return Table("Medians of the rounds", columns, lines)


CASE = Case("levels", "Half and full load", run, tools=("taskset", "wrk"))
