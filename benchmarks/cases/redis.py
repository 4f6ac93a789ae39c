"""What sharing the limits costs: single events with Redis and without."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from ..case import Bench, Case, Result, Table, ratio_row
from ..load import Load, Subject, cpu_seconds, interleaved, prepare_users, rate, ratio, singles
from ..processes import LOAD_CORE, START_SECONDS, BenchmarkError, free_port, running
from ..service import service
from .loads import OURS, check_stored, compared

CONNECTIONS = 64
SHARED = f"{OURS} with Redis"
_POLL_SECONDS = 0.01


def run(bench: Bench) -> Result:
    """In turn; Redis shares the load's core."""
    caller = singles(prepare_users(bench.scratch), CONNECTIONS)
    with (
        running_redis(bench.scratch) as (url, pid),
        service(bench.scratch / "data") as alone,
        service(bench.scratch / "shared", REDIS_URL=url) as shared,
    ):
        subjects = {
            OURS: Subject(alone.url, alone.pid, caller),
            SHARED: Subject(shared.url, shared.pid, caller),
        }
        before = cpu_seconds(pid)
        loads = interleaved(subjects, bench.rounds, bench.seconds)
        used = cpu_seconds(pid) - before
        stored = shared.stored()
        check_stored(shared, loads[SHARED])
    redis_us = used / stored * 1e6
    more_us = median(map(_cost, loads[SHARED])) - median(map(_cost, loads[OURS]))
    row = ratio_row(
        "single events with limits shared in Redis",
        f"{rate(loads[SHARED]):,.0f} events/s",
        f"without {rate(loads[OURS]):,.0f} events/s",
        ratio(loads[SHARED], loads[OURS]),
    )
    lines = (
        ("the service, more than without", f"{more_us:.1f}"),
        ("Redis", f"{redis_us:.1f}"),
    )
    tables = (
        compared("Medians of the rounds", loads),
        Table("What Redis costs", ("", "CPU, µs/event"), lines),
    )
    return Result((row,), tables, costs={"redis_us": redis_us, "redis_more_us": more_us})


def _cost(load: Load) -> float:
    return load.cost


@contextmanager
def running_redis(folder: Path) -> Iterator[tuple[str, int]]:
    """The URL and the process of a Redis that keeps nothing, while the block runs."""
    port = free_port()
    command = (
        *("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
        *("--save", "", "--appendonly", "no"),
    )
    log = folder / "redis.log"
    with running(command, None, core=LOAD_CORE, log=log) as process:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"Redis did not start:\n{log.read_text()[-2000:]}")
            time.sleep(_POLL_SECONDS)
        yield f"redis://127.0.0.1:{port}/0", process.pid


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


CASE = Case("redis", "Limits in Redis", run, tools=("taskset", "wrk", "redis-server"))
