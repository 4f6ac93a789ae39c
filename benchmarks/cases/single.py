"""One event a call, durable and with a token, beside handlers that store nothing."""

from contextlib import ExitStack

from ..case import Bench, Case, Result, ratio_row
from ..load import Subject, interleaved, p99, prepare_users, rate, ratio, singles
from ..peers.declared import BARE, EXPRESS, RECORDING
from ..service import service
from .loads import OURS, check_stored, compared

CONNECTIONS = 64


def run(bench: Bench) -> Result:
    """Three families in turn, 20,000 users at random, on one core."""
    caller = singles(prepare_users(bench.scratch), CONNECTIONS)
    with ExitStack() as running:
        ours = running.enter_context(service(bench.scratch / "data"))
        servers = {one.name: running.enter_context(one.serving(bench.cache)) for one in RECORDING}
        subjects = {name: Subject(one.url, one.pid, caller) for name, one in servers.items()}
        subjects[OURS] = Subject(ours.url, ours.pid, caller)
        loads = interleaved(subjects, bench.rounds, bench.seconds)
        check_stored(ours, loads[OURS])
    mine, bare, express = loads[OURS], loads[BARE.name], loads[EXPRESS.name]
    rows = (
        ratio_row(
            f"single durable events, {CONNECTIONS} connections, one core",
            f"{rate(mine):,.0f} events/s",
            f"{BARE.name} {rate(bare):,.0f} req/s",
            ratio(mine, bare),
            least=0.40,
        ),
        ratio_row(
            "p99 of the same",
            f"{p99(mine):.1f} ms",
            f"{BARE.name} {p99(bare):.1f} ms",
            ratio(mine, bare, lambda load: load.p99),
            most=4,
        ),
        ratio_row(
            "the same against Express",
            f"{rate(mine):,.0f} events/s",
            f"{EXPRESS.name} {rate(express):,.0f} req/s",
            ratio(mine, express),
            least=1.7,
        ),
    )
    return Result(rows, (compared("Medians of the rounds", loads),))


CASE = Case(
    "single",
    "Single durable events",
    run,
    tools=("taskset", "wrk", "node", "npm"),
)
