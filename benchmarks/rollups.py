"""Waiting for the rollups of a service to hold all that was recorded."""

import time

from .processes import BenchmarkError
from .service import Service

LAST_SUCCESS = 'exporter_background_task_last_success_timestamp_seconds{task="rollups"}'
SETTLED_SECONDS = 30.0
"""The age at which events that came late are surely rolled up."""
LONGEST_SECONDS = 1_800.0
RUNS = 2
_POLL_SECONDS = 1.0


def wait_until_rolled_up(service: Service) -> None:
    """Return when a run of the rollups ended that saw all that was stored before this call.

    The first run that ends late enough may have begun too early: it is the next one that counts.
    """
    settled = time.time() + SETTLED_SECONDS
    deadline = time.monotonic() + LONGEST_SECONDS
    ends: set[float] = set()
    while len(ends) < RUNS:
        if time.monotonic() > deadline:
            raise BenchmarkError("The rollups are not ready in time.")
        time.sleep(_POLL_SECONDS)
        if (ended := service.metrics().get(LAST_SUCCESS, 0.0)) > settled:
            ends.add(ended)
