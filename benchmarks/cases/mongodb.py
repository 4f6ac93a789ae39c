"""Batches into MongoDB, beside a bare loop of `insert_many` into the same server."""

from statistics import median

from ..case import Bench, Case, Result, Row, Table, ratio_row
from ..load import BATCH, Subject, batches
from ..mongodb import running_mongodb
from ..peers.motor_loop import Inserted
from ..probes import ask
from ..service import service
from .loads import OURS, check_stored

CONNECTIONS = 4
KIND = "ai_request"
LOOPS = {"bare": "bare insert_many", "indexed": "insert_many with our indexes"}


def run(bench: Bench) -> Result:
    """The service, and the loop without and with the service's indexes, in turn."""
    rates: dict[str, list[float]] = {OURS: [], **{name: [] for name in LOOPS.values()}}
    with (
        running_mongodb(bench.scratch / "mongodb") as uri,
        service(bench.scratch / "data", MONGODB_URI=uri) as ours,
    ):
        subject = Subject(ours.url, ours.pid, batches(CONNECTIONS, KIND))
        loads = [subject.round(bench.seconds)]
        for _ in range(bench.rounds):
            loads.append(subject.round(bench.seconds))
            rates[OURS].append(loads[-1].rate * BATCH)
            for kind, name in LOOPS.items():
                arguments = (uri, kind, str(BATCH), str(bench.seconds))
                inserted = ask("peers.motor_loop", arguments, Inserted)
                rates[name].append(inserted.documents / inserted.seconds)
        check_stored(ours, loads, BATCH)
    rows = tuple(_row(rates, name) for name in LOOPS.values())
    lines = tuple((name, f"{median(some):,.0f}") for name, some in rates.items())
    costs = {
        "mongo_us": median(load.cost for load in loads[1:]) / BATCH,
        "mongo_rate": median(rates[LOOPS["indexed"]]),
    }
    table = Table("Medians of the rounds", ("", "documents/s"), lines)
    return Result(rows, (table,), NOTES, costs)


def _row(rates: dict[str, list[float]], loop: str) -> Row:
    mine, theirs = rates[OURS], rates[loop]
    return ratio_row(
        f"batches of {BATCH} into MongoDB",
        f"{median(mine):,.0f} events/s",
        f"{loop} {median(theirs):,.0f} documents/s",
        median(one / other for one, other in zip(mine, theirs, strict=True)),
        least=0.8,
    )


NOTES = (
    "The server is the MongoDB-compatible one of the tests (FerretDB on PostgreSQL), which is much"
    " slower than MongoDB and sets the pace of all three. It shares the load's core; the service"
    " and the loops have the other. All wait for the majority and the journal.",
)


CASE = Case("mongodb", "MongoDB", run, tools=("taskset", "wrk"))
