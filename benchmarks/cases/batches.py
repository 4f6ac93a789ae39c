"""Batches of 500 events, durable and mirrored, beside the calls of a bare handler."""

from statistics import median

from ..case import Bench, Case, Result, ratio_row
from ..load import BATCH, Subject, batches, interleaved, prepare_users, rate, ratio, singles
from ..peers.declared import BARE
from ..service import service
from .loads import OURS, check_stored, compared

CONNECTIONS = 4
BARE_CONNECTIONS = 64


def run(bench: Bench) -> Result:
    """Three families mixed; the bare handler takes single events, as in the case `single`."""
    users = prepare_users(bench.scratch)
    with service(bench.scratch / "data") as ours, BARE.serving(bench.cache) as bare:
        subjects = {
            OURS: Subject(ours.url, ours.pid, batches(CONNECTIONS)),
            BARE.name: Subject(bare.url, bare.pid, singles(users, BARE_CONNECTIONS)),
        }
        loads = interleaved(subjects, bench.rounds, bench.seconds)
        check_stored(ours, loads[OURS], BATCH)
    mine, theirs = loads[OURS], loads[BARE.name]
    row = ratio_row(
        f"batches of {BATCH}, durable and mirrored, one core",
        f"{rate(mine) * BATCH:,.0f} events/s",
        f"{BARE.name} {rate(theirs):,.0f} req/s",
        ratio(mine, theirs) * BATCH,
        least=1.3,
    )
    costs = {"batch_us": median(load.cost for load in mine) / BATCH}
    return Result((row,), (compared(f"Calls: one of ours has {BATCH} events", loads),), costs=costs)


CASE = Case("batches", "Batches", run, tools=("taskset", "wrk"))
