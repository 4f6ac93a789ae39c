"""Runs checks in the background: each again and again, never two runs of one at a time.

A run begins a little before the interval is over, by chance, so that checks and replicas do not
all ask at once, and so that two runs, the timeout of the second included, fit into two intervals.
A run that does not end in time is cancelled; one that does not let itself be cancelled keeps its
check failing, and no other is begun beside it.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from time import perf_counter

import structlog

from ..clock import Clock
from ..metrics import catalogue
from ..metrics.values import Metrics
from .check import Check, Finding, Level, Unhealthy
from .tools import Tools
from .track import Result

EARLY = (0.8, 0.9)
"""The shares of the interval between which the next run begins."""
GRACE_SECONDS = 0.25
"""For a cancelled run to end."""
TASK = "health"

log = structlog.get_logger(__name__)

Heard = Callable[[Check, Result], None]


class Runner:
    """Runs `checks` until closed; `heard` is told of each run."""

    def __init__(
        self, checks: Sequence[Check], tools: Tools, heard: Heard, metrics: Metrics, clock: Clock
    ) -> None:
        self._checks = checks
        self._tools = tools
        self._heard = heard
        self._metrics = metrics
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._stuck: dict[str, asyncio.Task[Finding]] = {}

    def start(self) -> None:
        """Begin with a run of each check."""
        for check in self._checks:
            task = asyncio.create_task(self._repeat(check), name=f"{TASK}:{check.name}")
            self._tasks.append(task)

    async def close(self) -> None:
        """Stop, in the middle of a run where one is under way."""
        for task in (*self._tasks, *self._stuck.values()):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def run(self, check: Check) -> Result:
        """One run, within its time."""
        at, began = self._clock(), perf_counter()
        finding = await self._finding(check)
        seconds = perf_counter() - began
        if finding.level is Level.HEALTHY and seconds > check.slow:
            message = f"It took {seconds:.2f} s, more than {check.slow:g} s."
            finding = Finding(Level.DEGRADED, message, finding.expires)
        return Result(at, seconds, finding)

    async def _repeat(self, check: Check) -> None:
        while True:
            began = perf_counter()
            result = await self.run(check)
            try:
                self._heard(check, result)
            except Exception:
                log.exception("health_check_failed", check=check.name)  # the edge of the task
                self._count_failure()
            pause = check.every * random.uniform(*EARLY)  # noqa: S311  # no secret
            await asyncio.sleep(max(0.0, began + pause - perf_counter()))

    async def _finding(self, check: Check) -> Finding:
        stuck = self._stuck.get(check.name)
        if stuck is not None:
            if not stuck.done():
                return Finding(Level.UNHEALTHY, "An earlier run has still not ended.")
            del self._stuck[check.name]
        run = asyncio.create_task(check.run(self._tools))
        try:
            await asyncio.wait({run}, timeout=check.timeout)
            if not run.done():
                run.cancel()
                await asyncio.wait({run}, timeout=GRACE_SECONDS)
                if not run.done():
                    self._stuck[check.name] = run
                return Finding(Level.UNHEALTHY, f"No answer within {check.timeout:g} s.")
        finally:
            run.cancel()
        return self._outcome(check, run)

    def _outcome(self, check: Check, run: asyncio.Task[Finding]) -> Finding:
        try:
            return run.result()
        except Unhealthy as failure:
            return failure.finding
        except asyncio.CancelledError:
            return Finding(Level.UNHEALTHY, "The run was broken off.")
        except Exception as error:  # the edge of the task: a check that is itself at fault
            log.exception("health_check_failed", check=check.name)
            self._count_failure()
            return Finding(Level.UNHEALTHY, f"The check itself failed ({type(error).__name__}).")

    def _count_failure(self) -> None:
        self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, (TASK,))
