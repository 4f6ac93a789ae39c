"""Tasks that run again and again beside the service, each with its failures and its age on show."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from .clock import Clock
from .errors import Unavailable
from .metrics import catalogue
from .metrics.values import Metrics
from .storage.base import StoreUnavailable

log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[None]]


class Background:
    """Runs jobs, each at its own interval, until closed.

    A run that fails is logged and counted, and the next one comes at its time: nothing that the
    job does can end it.
    """

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, seconds: float, name: str, job: Job) -> None:
        """Run `job` now and then `seconds` after each run has ended."""
        self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, (name,), 0)
        self._metrics.set(catalogue.BACKGROUND_TASK_INTERVAL, (name,), seconds)
        self._tasks.append(asyncio.create_task(self._repeat(seconds, name, job), name=name))

    async def close(self) -> None:
        """Stop all jobs, in the middle of a run where one is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _repeat(self, seconds: float, name: str, job: Job) -> None:
        while True:
            try:
                await job()
            except (StoreUnavailable, Unavailable) as error:
                self._failed(name)
                log.warning("background_task_failed", task=name, reason=str(error))
            except Exception:  # the edge of the task
                self._failed(name)
                log.exception("background_task_failed", task=name)
            else:
                self._metrics.set(
                    catalogue.BACKGROUND_TASK_LAST_SUCCESS, (name,), self._clock().timestamp()
                )
            await asyncio.sleep(seconds)

    def _failed(self, name: str) -> None:
        self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, (name,))
