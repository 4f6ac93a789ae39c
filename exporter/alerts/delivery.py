"""Delivery: announcements wait in a file of their channel, and are tried until they are taken.

What is asked for here is never waited for. Each channel has its own file and its own task, so that
one that hangs holds up no other, and keeps the order of its announcements. One that is given up is
set aside in the file as a dead letter, for a person to try again. A process that is killed in the
middle of an attempt makes it again: who is told, is told at least once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
import structlog

from ..clock import Clock
from ..metrics import alerts as alert_metrics
from ..metrics import catalogue
from ..metrics.values import Metrics
from ..storage.base import StoreUnavailable
from ..storage.spool import Spool, SpoolFull
from .announcement import Announcement
from .channel import Channel, NotNow, Refused
from .policy import Policy, Turns

LOOK_AGAIN_SECONDS = 10.0
"""How often the file is looked into: `meterhouse dead-letters` may have put something there."""
UNKEPT = 100
"""Announcements that wait in memory where the file cannot be written."""

log = structlog.get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]


class Letter(msgspec.Struct, frozen=True):
    """An announcement, and when it was given to be delivered."""

    announced: Announcement
    at: datetime


class Delivery:
    """Delivers to one channel; `outbox` is its file, which it opens and closes."""

    def __init__(
        self,
        channel: Channel,
        outbox: Spool,
        metrics: Metrics,
        clock: Clock,
        *,
        policy: Policy | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name = channel.name
        self._channel = channel
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._policy = policy or Policy()
        self._sleep = sleep
        self._turns = Turns(self._policy.per_minute)
        self._unkept: deque[Letter] = deque()
        self._ended: tuple[int, str | None] | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what waits, and begin; raises StoreUnavailable where the file cannot be had."""
        await self._outbox.open()
        for outcome in ("sent", "retried", "dead", "dropped"):
            self._count(outcome, 0)
        self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, ("delivery",), 0)
        self._show()
        self._task = asyncio.create_task(self._run(), name=f"delivery-{self.name}")

    async def close(self) -> None:
        """Stop; what waits in the file is delivered after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._channel.close()
        await self._outbox.close()

    async def tell(self, announced: Announcement) -> None:
        """Keep an announcement to be delivered; it is dropped, and counted, where there is no room.

        While the file cannot be written, some are kept in memory: a full disk is what people have
        to be told of.
        """
        letter = Letter(announced, self._clock())
        try:
            await self._outbox.append([msgspec.msgpack.encode(letter)])
        except SpoolFull:
            self._drop(announced)
        except StoreUnavailable:
            if len(self._unkept) < UNKEPT:
                self._unkept.append(letter)
            else:
                self._drop(announced)
        self._show()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                self._wake.clear()
                await self._drain()
                await self._idle()
            except StoreUnavailable as error:
                log.warning("delivery_waits", channel=self.name, reason=str(error))
                await self._sleep(LOOK_AGAIN_SECONDS)
            except Exception:  # the edge of the task: it must go on
                log.exception("delivery_failed", channel=self.name)
                self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, ("delivery",))
                await self._sleep(LOOK_AGAIN_SECONDS)

    async def _drain(self) -> None:
        while self._unkept:
            await self._deliver(self._unkept[0])
            self._unkept.popleft()
            self._show()
        while await self._first():
            pass

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            await self._outbox.count()
            self._show()

    async def _first(self) -> bool:
        """Deliver the oldest letter of the file and put it away; false where there is none."""
        letters = await self._outbox.first(1)
        if not letters:
            return False
        [(seq, data)] = letters
        if self._ended is None or self._ended[0] != seq:  # else it could not be put away
            self._ended = seq, await self._end_of(data)
        reason = self._ended[1]
        if reason is None:
            await self._outbox.settle([seq], [], self._clock())
        else:
            await self._outbox.settle([], [(seq, reason)], self._clock())
            await self._make_room()
        self._ended = None
        self._show()
        return True

    async def _end_of(self, data: bytes) -> str | None:
        try:
            letter = msgspec.msgpack.decode(data, type=Letter)
        except msgspec.DecodeError:
            self._count("dead")
            return "unreadable"
        return await self._deliver(letter)

    async def _deliver(self, letter: Letter) -> str | None:
        """Try until it is taken or given up; why it was given up, else None."""
        attempt = 0
        while (failure := await self._attempt(letter.announced)) is not None:
            pause = self._pause(letter, failure, attempt)
            if pause is None:
                self._count("dead")
                log.error("announcement_given_up", channel=self.name, reason=str(failure))
                return str(failure)
            self._count("retried")
            log.info("announcement_waits", channel=self.name, reason=str(failure), seconds=pause)
            await self._sleep(pause)
            attempt += 1
        self._count("sent")
        return None

    def _pause(self, letter: Letter, failure: Refused | NotNow, attempt: int) -> float | None:
        """Seconds until it is tried again; None where it is given up."""
        if isinstance(failure, Refused):
            return None
        pause = self._policy.pause(attempt, failure.retry_after)
        again = self._clock() + timedelta(seconds=pause)
        return pause if again <= letter.at + self._policy.patience else None

    async def _attempt(self, announced: Announcement) -> Refused | NotNow | None:
        """Why it failed; None where it did not."""
        while wait := self._turns.wait(self._clock()):
            await self._sleep(wait)
        self._turns.take(self._clock())
        try:
            async with asyncio.timeout(self._policy.timeout):
                await self._channel.send(announced)
        except (Refused, NotNow) as failure:
            return failure
        except TimeoutError:
            return NotNow("timeout")
        except Exception as error:  # else this one would be tried for ever, and no other
            log.exception("delivery_failed", channel=self.name)
            self._metrics.inc(catalogue.BACKGROUND_TASK_FAILURES, ("delivery",))
            return Refused(type(error).__name__)
        return None

    async def _make_room(self) -> None:
        excess = self._outbox.fill.dead - self._policy.dead
        if excess > 0:
            await self._outbox.drop([letter.seq for letter in await self._outbox.dead(excess)])
            await self._outbox.count()

    def _drop(self, announced: Announcement) -> None:
        self._count("dropped")
        log.error("announcement_dropped", channel=self.name, alert=announced.name)

    def _count(self, outcome: str, times: int = 1) -> None:
        self._metrics.inc(alert_metrics.ALERT_DELIVERIES, (self.name, outcome), times)

    def _show(self) -> None:
        fill = self._outbox.fill
        waiting = fill.waiting + len(self._unkept)
        self._metrics.set(alert_metrics.ALERT_DELIVERIES_WAITING, (self.name,), waiting)
        self._metrics.set(alert_metrics.ALERT_DEAD_LETTERS, (self.name,), fill.dead)
