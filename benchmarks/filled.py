"""Databases with events of the last 90 days, made once by `meterhouse demo` and kept in the cache.

They grow old: what was the last day of the events is not that of the questions any more, and what
is past its retention goes. So one is made anew when it is two days old.
"""

import shutil
import sys
import time
from pathlib import Path

from .processes import BenchmarkError, free_port, running
from .rollups import wait_until_rolled_up
from .service import environment_of, service

DAYS = 90
MILLION = 1_000_000
LONGEST_SECONDS = 3_600.0
FRESH_SECONDS = 2 * 86_400.0
_POLL_SECONDS = 1.0


def database(cache: Path, events: int) -> Path:
    """The data folder of a service that has stored and rolled up so many events.

    It is made where it is missing. Raises BenchmarkError where that fails.
    """
    folder = cache / f"events-{events}"
    made, rolled_up = folder.with_suffix(".made"), folder.with_suffix(".rolled-up")
    if not made.is_file() or time.time() - made.stat().st_mtime > FRESH_SECONDS:
        made.unlink(missing_ok=True)
        rolled_up.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        _make(folder, events)
        made.touch()
    if not rolled_up.is_file():
        with service(folder, ROLLUP_SHARE="1") as one:
            wait_until_rolled_up(one)
        rolled_up.touch()
    return folder


def _make(folder: Path, events: int) -> None:
    folder.mkdir(parents=True)
    command = (
        *(sys.executable, "-m", "exporter", "demo", "--serve"),
        *("--backfill", str(DAYS), "--events", str(events)),
    )
    log = folder.with_suffix(".log")
    environment = environment_of(free_port(), folder)
    with running(command, None, environment=environment, log=log) as process:
        deadline = time.monotonic() + LONGEST_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if process.poll() != 0:
            raise BenchmarkError(f"The events were not made:\n{log.read_text()[-2000:]}")


def copied(folder: Path, scratch: Path) -> Path:
    """A copy for a case that records into it."""
    return Path(shutil.copytree(folder, scratch / folder.name))
