"""Group commit: what arrives while a write is under way becomes the next write, together with what
is on its way then.

There is no timer. One write is in flight at a time; each caller learns what became of its own
steps, and only when they are durable and counted.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import structlog

from ..errors import Unavailable
from ..metrics import catalogue
from ..metrics.tally import Tally
from ..metrics.values import Metrics
from ..storage.base import Outcome, Store, StoreUnavailable
from .detour import Detour
from .step import Step

MAX_COMMIT = 5_000
"""Steps in one write at most, so that a full queue does not make one long write."""
TURNS = 5
"""Turns of the event loop that a write waits for calls that have come: so many it takes from the
bytes at a socket to a step in the queue. A write by itself takes as much of the processor as some
twenty of its steps, so that under load two of half the size would take a fifth more."""
QUICK_SECONDS = 0.005
"""Where the last write took longer, the next waits for nobody: there is time for all that comes
while it is under way, and none should pass in which nothing is."""

log = structlog.get_logger(__name__)

Listener = Callable[[Step], None]
"""Is told of each step that was stored, after it is durable."""


@dataclass(slots=True)
class _Submission:
    steps: Sequence[Step]
    size: int
    done: asyncio.Future[list[Outcome]]


class Writer:
    """The queue in front of the store, bounded in events and in bytes.

    With a `detour`, what the store cannot take goes there.
    """

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        *,
        max_events: int,
        max_bytes: int,
        listeners: Sequence[Listener] = (),
        detour: Detour | None = None,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._listeners = tuple(listeners)
        self._detour = detour
        self._waiting: deque[_Submission] = deque()
        self._events = 0
        self._bytes = 0
        self._took = 0.0
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write what is submitted."""
        self._task = asyncio.create_task(self._run(), name="writer")

    async def close(self) -> None:
        """Take nothing more, and return when all that was taken is written and answered."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    @property
    def waiting(self) -> int:
        """Events that were taken and are not written yet."""
        return self._events

    def submit(
        self,
        steps: Sequence[Step],
        size: int,
        done: asyncio.Future[list[Outcome]] | None = None,
    ) -> asyncio.Future[list[Outcome]]:
        """Write all `steps` (together `size` bytes, as they came); the outcome of each, in time.

        It is told by `done`, where that is given: somebody waits for it already.
        Raises Unavailable at once when the queue is full, and later, for who waits, when nothing
        can be written; then nothing of it was acknowledged. A caller that goes away does not stop
        its steps.
        """
        if self._closing or self._task is None:
            raise Unavailable("The service is stopping.")
        if self._events + len(steps) > self._max_events or self._bytes + size > self._max_bytes:
            raise Unavailable("Too many events are waiting to be written.")
        if done is None:
            done = self._task.get_loop().create_future()
        self._waiting.append(_Submission(steps, size, done))
        self._events += len(steps)
        self._bytes += size
        self._wake.set()
        return done

    def mirror(self, steps: Sequence[Step], outcomes: Sequence[Outcome], seconds: float) -> None:
        """Move the metrics, once, by all that one write of `seconds` stored."""
        tally = Tally()
        sizes: Counter[str] = Counter()
        became: defaultdict[str, list[Outcome]] = defaultdict(list)
        for step, outcome in zip(steps, outcomes, strict=True):
            kind = step.family.kind
            sizes[kind] += 1
            if step.before is None:
                became[kind].append(outcome)
            if outcome is Outcome.STORED:
                self._tell(step, tally)
        for kind, told in became.items():
            for outcome in Outcome:
                if events := told.count(outcome):
                    tally.inc(catalogue.EVENTS, (kind, outcome.value), events)
        for kind, size in sizes.items():
            tally.observe(catalogue.WRITE_BATCH_SIZE, (kind,), size)
            tally.observe(catalogue.WRITE_DURATION, (kind,), seconds)
        try:
            self._metrics.apply(tally)
        except Exception:  # stored is stored: it must be acknowledged
            log.exception("mirror_failed")
            self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, ("mirror",))

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            if self._waiting:
                await self._gather()
                await self._commit(self._take())
            elif self._closing:
                return
            else:
                self._wake.clear()

    async def _gather(self) -> None:
        """Let those join that are on their way: where nobody is, that takes no time to speak of."""
        for _ in range(TURNS):
            if self._events >= MAX_COMMIT or self._took > QUICK_SECONDS:
                return
            await asyncio.sleep(0)

    def _take(self) -> Sequence[_Submission]:
        waiting = self._waiting
        if self._events <= MAX_COMMIT:  # nothing is being written: they are all that wait
            self._waiting = deque()
            return waiting
        taken = [waiting.popleft()]
        events = len(taken[0].steps)
        while waiting and events + len(waiting[0].steps) <= MAX_COMMIT:
            taken.append(waiting.popleft())
            events += len(taken[-1].steps)
        return taken

    async def _commit(self, submissions: Sequence[_Submission]) -> None:
        steps = [step for submission in submissions for step in submission.steps]
        began = perf_counter()
        try:
            outcomes = await self._write(steps)
        except Exception as error:  # noqa: BLE001  # the edge of the task: told, and gone on from
            self._refuse(submissions, steps, error)
        else:
            self.mirror(steps, outcomes, perf_counter() - began)
            position = 0
            for submission in submissions:
                end = position + len(submission.steps)
                if not submission.done.cancelled():
                    submission.done.set_result(outcomes[position:end])
                position = end
        finally:
            self._took = perf_counter() - began
            self._events -= len(steps)
            self._bytes -= sum(submission.size for submission in submissions)

    async def _write(self, steps: list[Step]) -> list[Outcome]:
        detour = self._detour
        if detour is None or not detour.engaged:
            try:
                return await self._store.write([step.operation for step in steps])
            except StoreUnavailable as error:
                if detour is None:
                    raise
                log.warning("write_failed", events=len(steps), reason=str(error))
        await detour.keep(steps)
        return [Outcome.SPOOLED] * len(steps)

    def _refuse(
        self, submissions: Sequence[_Submission], steps: list[Step], error: Exception
    ) -> None:
        if isinstance(error, StoreUnavailable):
            log.warning("write_refused", events=len(steps), reason=str(error))
        else:
            log.error("write_refused", events=len(steps), exc_info=error)
            self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, ("writer",))
        new = Counter(step.family.kind for step in steps if step.before is None)
        for kind, count in new.items():
            self._metrics.inc(catalogue.EVENTS, (kind, "failed"), count)
        for submission in submissions:
            if not submission.done.cancelled():
                submission.done.set_exception(
                    Unavailable("The store cannot record events just now.")
                )
                submission.done.exception()  # known here, also when its caller has gone away

    def _tell(self, step: Step, tally: Tally) -> None:
        try:
            step.family.mirror(step.before, step.after, tally)
            for listener in self._listeners:
                listener(step)
        except Exception:  # stored is stored: it must be acknowledged
            log.exception("mirror_failed", family=step.family.kind)
            tally.inc(catalogue.BACKGROUND_TASK_FAILURES, ("mirror",))
