"""Two replicas on one database, beside one: where does the time go?"""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from ..case import Bench, Case, Result, Table, ratio_row
from ..load import BATCH, Load, Subject, batches
from ..mongodb import running_mongodb
from ..processes import BOTH_CORES
from ..service import Service, service

CONNECTIONS = 2
REPLICAS = 2


def run(bench: Bench) -> Result:
    """Batches to one replica and to two, in turn; all share the machine with the database."""
    with ExitStack() as running:
        uri = running.enter_context(running_mongodb(bench.scratch / "mongodb"))
        replicas = [
            running.enter_context(
                service(bench.scratch / f"replica-{number}", core=BOTH_CORES, MONGODB_URI=uri)
            )
            for number in range(REPLICAS)
        ]
        together(replicas, bench.seconds)
        one: list[list[Load]] = []
        two: list[list[Load]] = []
        for _ in range(bench.rounds):
            one.append(together(replicas[:1], bench.seconds))
            two.append(together(replicas, bench.seconds))
    rates = {"one replica": _rates(one), "two replicas": _rates(two)}
    (_, first), (_, both) = rates.items()
    row = ratio_row(
        "batches into one database by two replicas",
        f"{median(both):,.0f} events/s",
        f"by one {median(first):,.0f} events/s",
        median(more / less for more, less in zip(both, first, strict=True)),
    )
    costs = {"one replica": _costs(one), "two replicas": _costs(two)}
    lines = tuple(
        (name, f"{median(rates[name]):,.0f}", f"{median(costs[name]):,.1f}") for name in rates
    )
    columns = ("", "events/s", "CPU of the replicas, µs/event")
    kept = {
        "replica_us": median(costs["one replica"]),
        "replicas_us": median(costs["two replicas"]),
        "replicas_ratio": row.figure,
    }
    return Result((row,), (Table("Medians of the rounds", columns, lines),), NOTES, kept)


def together(services: Sequence[Service], seconds: float) -> list[Load]:
    """One round of load on each of some services at the same time."""
    loads: list[Load] = []

    def measure(one: Service) -> None:
        loads.append(Subject(one.url, one.pid, batches(CONNECTIONS)).round(seconds))

    threads = [threading.Thread(target=measure, args=(one,)) for one in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return loads


def _rates(rounds: Sequence[Sequence[Load]]) -> list[float]:
    return [sum(load.rate for load in loads) * BATCH for loads in rounds]


def _costs(rounds: Sequence[Sequence[Load]]) -> list[float]:
    return [
        sum(load.cpu for load in loads) / sum(load.requests for load in loads) / BATCH * 1e6
        for loads in rounds
    ]


NOTES = (
    "On this machine the database, the load and the replicas share two cores, so the database's"
    " pace is the end of it: the figure shows whether a second replica costs anything by itself.",
)

CASE = Case("replicas", "Two replicas", run, tools=("taskset", "wrk"))
