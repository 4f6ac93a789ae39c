"""A MongoDB-compatible server for the cases, on the load's core: the one that the tests start."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .machine import ROOT
from .processes import LOAD_CORE, pinned, run

COMMAND = ROOT / "tests" / "services" / "mongodb"


@contextmanager
def running_mongodb(folder: Path) -> Iterator[str]:
    """The URI of a database of its own; its server syncs every write, and ends with the block.

    Raises BenchmarkError where it is not installed: `tests/services/mongodb install`.
    """
    data = ("--data", str(folder))
    what = "Starting the MongoDB-compatible server"
    said = run(pinned(LOAD_CORE, (str(COMMAND), "start", *data)), what=what)
    try:
        yield f"{said.split()[-1].rstrip('/')}/benchmark"
    finally:
        run((str(COMMAND), "stop", *data), what="Stopping it")
        shutil.rmtree(folder, ignore_errors=True)
