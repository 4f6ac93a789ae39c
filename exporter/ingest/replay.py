"""The detour through the spool: what the store cannot take waits there, and is replayed in order.

While anything waits, everything that comes queues behind it, so that a change never overtakes the
event it changes. Replaying takes what waits in waves: of each record its oldest entry, all of them
in one write. A wave is written, mirrored, and only then removed from the spool; a process that is
killed in between does it again, and the store recognises what it did.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import msgspec
import structlog

from ..clock import Clock
from ..errors import MeterhouseError
from ..family import Price
from ..ids import new_id
from ..metrics import catalogue
from ..metrics.values import Metrics
from ..storage.base import Outcome, Store, StoreUnavailable
from ..storage.spool import Spool
from .changes import take
from .spooled import Entry, Packing
from .step import Command, Identity, Step

WAVE = 500
"""Entries that are looked at in one go."""
READS = 16
"""Records that are read at once, for the changes of a wave."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
LOOK_AGAIN_SECONDS = 5.0
"""How often an idle spool is looked into: `meterhouse spool retry` may have put something there."""

log = structlog.get_logger(__name__)

Mirror = Callable[[Sequence[Step], Sequence[Outcome], float], None]


@dataclass(slots=True)
class _Wave:
    """What is to become of the entries of a wave, by their numbers in the spool."""

    steps: dict[int, Step] = field(default_factory=dict)
    commands: dict[int, Command] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    dead: list[tuple[int, str]] = field(default_factory=list)


class SpoolDetour:
    """Implements `detour.Detour` with a spool, and replays it."""

    def __init__(
        self,
        spool: Spool,
        packing: Packing,
        *,
        store: Store,
        price: Price,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._spool = spool
        self._packing = packing
        self._store = store
        self._price = price
        self._metrics = metrics
        self._clock = clock
        self._life = new_id()
        self._inherited = 0
        self._known: dict[int, Entry] = {}
        self._written: set[int] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def engaged(self) -> bool:
        """Whether anything waits."""
        return self._spool.fill.waiting > 0

    @property
    def has_room(self) -> bool:
        """Whether it can take more."""
        return self._spool.has_room

    async def keep(self, entries: Sequence[Entry]) -> None:
        """Keep all entries, durably; raises StoreUnavailable, SpoolFull where there is no room."""
        await self._spool.append([self._packing.pack(entry) for entry in entries])
        self._show()
        self._wake.set()

    async def start(self, mirror: Mirror) -> None:
        """Open the spool and begin to replay; `mirror` is told what was stored."""
        await self._spool.open()
        self._inherited = await self._spool.last()
        self._show()
        self._task = asyncio.create_task(self._run(mirror), name="replay")

    async def close(self) -> None:
        """Stop replaying; what waits is replayed after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._spool.close()

    async def _run(self, mirror: Mirror) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._spool.count()
                while self.engaged:
                    await self._replay(mirror)
                    pause = FIRST_PAUSE
                self._show()
                await self._idle()
            except StoreUnavailable as error:
                log.info("replay_waits", reason=str(error), waiting=self._spool.fill.waiting)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
                pause = min(LONGEST_PAUSE, pause * 2)
            except Exception:  # the edge of the task: it must go on
                log.exception("replay_failed")
                self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, ("replay",))
                await asyncio.sleep(LONGEST_PAUSE)

    async def _idle(self) -> None:
        self._wake.clear()
        if self.engaged:
            return
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _replay(self, mirror: Mirror) -> None:
        """One wave; raises StoreUnavailable while the store is away, and then nothing is lost."""
        wave = self._choose(await self._spool.first(WAVE))
        await self._resolve(wave)
        if wave.steps:
            await self._write(wave, mirror)
        for _, reason in wave.dead:
            self._metrics.inc(catalogue.DEAD_LETTERS, (reason,))
        await self._spool.settle(wave.done, wave.dead, self._clock())
        self._written.difference_update(wave.done)
        for seq in (*wave.done, *(seq for seq, _ in wave.dead)):
            self._known.pop(seq, None)
        self._show()

    def _choose(self, entries: Sequence[tuple[int, bytes]]) -> _Wave:
        """Of each record its oldest entry; what cannot be read is dead."""
        wave = _Wave()
        seen: set[Identity] = set()
        for seq, data in entries:
            if seq in self._written:  # but could not be removed
                wave.done.append(seq)
                continue
            try:
                entry = self._known.get(seq) or self._packing.unpack(data)
            except (ValueError, KeyError) as error:
                # No traceback: its text may quote the entry.
                log.error("spool_entry_unreadable", seq=seq, reason=type(error).__name__)  # noqa: TRY400
                wave.dead.append((seq, "unreadable"))
                continue
            if entry.identity in seen:
                continue
            seen.add(entry.identity)
            if isinstance(entry, Command):
                wave.commands[seq] = entry
            else:
                wave.steps[seq] = self._own(seq, entry)
        return wave

    def _own(self, seq: int, step: Step) -> Step:
        """The step as this process does it.

        What another process may have done is not to be recognised as ours: it was not counted
        here.
        """
        if seq > self._inherited:
            return step
        return msgspec.structs.replace(step, id=f"{self._life}-{seq}")

    async def _resolve(self, wave: _Wave) -> None:
        """Make steps of the calls for changes, by what the records are now."""
        turns = asyncio.Semaphore(READS)

        async def resolve(seq: int, command: Command) -> None:
            async with turns:
                try:
                    step = await take(self._store, command, self._price)
                except MeterhouseError as error:
                    log.warning("spooled_change_refused", seq=seq, reason=error.code)
                    wave.dead.append((seq, error.code))
                    return
            if step.after is step.before:
                wave.done.append(seq)
            else:
                # Should nobody learn whether it was written, the same step is tried again.
                wave.steps[seq] = self._known[seq] = step

        await asyncio.gather(*(resolve(*item) for item in wave.commands.items()))

    async def _write(self, wave: _Wave, mirror: Mirror) -> None:
        steps = list(wave.steps.values())
        began = perf_counter()
        outcomes = await self._store.write([step.operation for step in steps])
        mirror(steps, outcomes, perf_counter() - began)
        for (seq, step), outcome in zip(wave.steps.items(), outcomes, strict=True):
            if outcome is Outcome.STALE and step.command is not None:
                self._known[seq] = step.command  # others were quicker: look at it again
            elif outcome is Outcome.FAILED:
                wave.dead.append((seq, "refused"))
            else:
                wave.done.append(seq)
                self._written.add(seq)

    def _show(self) -> None:
        fill = self._spool.fill
        self._metrics.set(catalogue.SPOOL_EVENTS, (), fill.waiting)
        self._metrics.set(catalogue.SPOOL_BYTES, (), fill.waiting_bytes)
        self._metrics.set(catalogue.SPOOL_LIMIT, (), self._spool.max_bytes)
        self._metrics.set(catalogue.DEAD_LETTERS_WAITING, (), fill.dead)
