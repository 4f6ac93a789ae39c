"""What the C library keeps of memory that was given back to it."""

import subprocess
import sys

import pytest

from exporter import heap

WORK = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from exporter import heap

if "bounded" in sys.argv:
    assert heap.bound()
together = Barrier(4)
kept = []

def work(_):
    for size in (1, 1, 2, 2, 3, 3):
        blocks = [b"x" * (size * 2**20) for _ in range(12 // size)]
        kept.append(b"x" * 10_000)
        together.wait(30)
        del blocks

with ThreadPoolExecutor(4) as threads:
    list(threads.map(work, range(4)))
    with open("/proc/self/smaps_rollup") as rollup:
        print(next(line for line in rollup if line.startswith("Rss")).split()[1])
"""
"""Four threads that take twelve MiB each, again and again, and keep little of it; then the resident
memory in KiB."""


def resident(*arguments: str) -> int:
    command = [sys.executable, "-c", WORK, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_pages_that_nothing_is_in_are_given_back() -> None:
    free = [bytes(100_000) + b"x" for _ in range(1_000)]
    last = bytes(1_000)
    del free
    assert heap.trim()
    assert len(last) == 1_000


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_threads_keep_less_of_what_they_gave_back() -> None:
    assert resident("bounded") < resident() - 16 * 1024


def test_nothing_is_done_where_the_library_is_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert heap.bound() == (sys.platform == "linux")
    heap.trim()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not heap.bound()
    assert not heap.trim()
