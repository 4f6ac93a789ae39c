"""A disk whose every fsync takes 5 ms longer: what group commit is for."""

import os
from pathlib import Path
from statistics import median
from time import perf_counter

from ..case import Bench, Case, Result, ratio_row
from ..load import Load, Subject, interleaved, prepare_users, rate, ratio, singles
from ..processes import BenchmarkError
from ..processes import run as run_command
from ..service import service
from .loads import OURS, check_stored, compared

SOURCE = Path(__file__).parent.parent / "slow_fsync.c"
ADDED_US = 5_000
CONNECTIONS = 256
SYNCS = 500
SLOW = f"{OURS}, fsync + {ADDED_US // 1000} ms"


def run(bench: Bench) -> Result:
    """Single events from many connections, on both disks in turn."""
    library = bench.scratch / "slow_fsync.so"
    compile_ = ("cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE))
    run_command(compile_, what="compiling slow_fsync.c")
    slowed = {"LD_PRELOAD": str(library), "SLOW_FSYNC_US": str(ADDED_US)}
    users = prepare_users(bench.scratch)
    with (
        service(bench.scratch / "data") as ordinary,
        service(bench.scratch / "slow", **slowed) as slow,
    ):
        _check_slow(singles(users, 1).run(slow.url, 1))
        caller = singles(users, CONNECTIONS)
        subjects = {
            OURS: Subject(ordinary.url, ordinary.pid, caller),
            SLOW: Subject(slow.url, slow.pid, caller),
        }
        loads = interleaved(subjects, bench.rounds, bench.seconds)
        check_stored(slow, loads[SLOW])
    row = ratio_row(
        f"single events with {ADDED_US // 1000} ms added to every fsync, {CONNECTIONS} connections",
        f"{rate(loads[SLOW]):,.0f} events/s",
        f"without {rate(loads[OURS]):,.0f} events/s",
        ratio(loads[SLOW], loads[OURS]),
        least=0.8,
    )
    costs = {"fsync_us": fsync_us(bench.scratch / "synced")}
    return Result((row,), (compared("Medians of the rounds", loads),), costs=costs)


def fsync_us(path: Path) -> float:
    """How long this disk takes to sync 4 KiB at the end of a file: the median of many."""
    took: list[float] = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            began = perf_counter()
            os.fdatasync(file.fileno())
            took.append(perf_counter() - began)
    return median(took) * 1e6


def _check_slow(alone: Load) -> None:
    """One connection cannot share a commit: each of its calls waits for an fsync of its own."""
    if alone.p50 < ADDED_US:
        raise BenchmarkError(f"The slow disk is not slow: {alone.p50} µs a call.")


CASE = Case("slow-disk", "A slow disk", run, tools=("taskset", "wrk", "cc"))
