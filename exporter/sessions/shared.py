"""Sessions that replicas follow together, in Redis.

Every replica sends what it saw, about once a second, to one script that works like memory.py
(shared.lua). The script runs alone, so each session that ends is told to one replica, and that one
observes it. Nothing of this is on the way of a write.

Beside that every replica follows what it saw itself, silently. While Redis is away it observes
that, as it would without Redis: a session with events on two replicas is then two. When Redis is
back it is told the sessions that are open, and what ended there meanwhile is left unobserved,
since it was observed here. A Redis that comes back empty has no epoch, or another one than the
replicas told their sessions to, so that all of them tell theirs again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis

from ..background import Job
from ..clock import EPOCH, Clock, epoch_ms
from ..ids import new_id
from ..ingest.step import Step
from ..metrics import catalogue
from ..metrics.values import Metrics
from ..outage import RedisAway
from ..records.engagement import IDLE
from ..shared_redis import SharedRedis
from ..storage.base import Store
from .base import LOOK_BACK, Sighting, sighting
from .memory import MemorySessions
from .stored import Session

log = structlog.get_logger(__name__)

SESSIONS = "meterhouse:sessions"
TIMES = "meterhouse:sessions:times"
SAID = "meterhouse:sessions:said:"
EPOCH_FIELD = ""
_MILLISECOND = timedelta(milliseconds=1)

SEND_SECONDS = 1.0
LATE = timedelta(seconds=5)
"""What replicas may be late in sending what they saw: a session is over for Redis that much after
its 30 idle minutes. Its length is not affected."""
MOST_SHARED = 200_000
"""Sessions that all replicas follow at once, in some 60 MB of Redis."""
MOST_WAITING = 100_000
"""Events that may wait to be sent; those past it are not seen."""
SENT = 500
"""Events or sessions in one call, and sessions that one call ends: Redis does nothing else while
it runs, for some 3 ms."""
LOGOUT, SETTLED = 1, 2
"""How a stretch of events ended, for the script: by a logout, by one that was observed here."""

Stretch = tuple[str, int, int, str, int]
"""A session's key, the times of its first and last event in ms, its plan, and how it ended."""


class _Told(msgspec.Struct, array_like=True, frozen=True):
    """What the script answers."""

    no_room: int
    more: bool
    ended: list[tuple[str, int]]


class _Emptied(Exception):
    """Redis does not hold what this replica told it."""


class SharedSessions:
    """Implements `base.Sessions` for replicas with one Redis."""

    sweep_seconds = SEND_SECONDS

    def __init__(
        self,
        metrics: Metrics,
        redis: SharedRedis,
        *,
        most_followed: int = MOST_SHARED,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._metrics = metrics
        self._redis = redis
        self._most_followed = most_followed
        self._most_waiting = most_waiting
        self._script = redis.client.register_script(
            files(__package__).joinpath("shared.lua").read_text("utf-8")
        )
        self._decoder = msgspec.msgpack.Decoder(_Told)
        self._replica = new_id()
        self._own = MemorySessions(metrics)
        self._waiting: list[Sighting] = []
        self._not_followed = 0
        self._now = EPOCH
        self._epoch: str | None = None
        self._was_away = False

    def listen(self, step: Step) -> None:
        """See Sessions."""
        seen = sighting(step)
        if seen is None or self._now - seen.moment > LOOK_BACK:
            return
        if len(self._waiting) >= self._most_waiting:
            self._not_followed += 1
            return
        self._waiting.append(seen)

    def sweeper(self, clock: Clock) -> Job:
        """See Sessions: also sends what was seen since."""

        async def run() -> None:
            await self.send(clock())

        return run

    async def load(self, store: Store, now: datetime) -> None:
        """See Sessions: Redis knows them, unless it is away or was emptied; then the store does."""
        self._now = now
        self._own.sweep(now)
        try:
            epoch = await self._redis.ask(lambda redis: redis.hget(SESSIONS, EPOCH_FIELD))
        except RedisAway:
            epoch = None
        if epoch is None:
            await self._own.load(store, now)

    async def close(self) -> None:
        """See Sessions: sends what was seen last."""
        await self.send(self._now)

    async def send(self, now: datetime) -> None:
        """Tell Redis what was seen, and observe the sessions that it says are over at `now`."""
        self._now = now
        try:
            if self._epoch is None:
                self._epoch = await self._join(now)
            await self._send_waiting(self._epoch, now)
        except RedisAway:
            self._go_on_alone()
        except _Emptied:
            self._epoch = None
        self._own.sweep(now)
        if self._not_followed:
            log.warning(
                "sessions_not_followed", events=self._not_followed, most=self._most_followed
            )
            self._not_followed = 0

    async def _join(self, now: datetime) -> str:
        """The epoch, once Redis knows the sessions that are open here."""
        epoch = await self._redis.ask(_current_epoch)
        more = self._was_away
        while more:  # what ended meanwhile was observed by the replicas themselves
            more = (await self._call(epoch, (), now)).more
        open_here = list(self._own)
        for start in range(0, len(open_here), SENT):
            some = [_as_stretch(*item) for item in open_here[start : start + SENT]]
            self._observe(await self._call(epoch, some, now))
        self._own.silent = True
        self._was_away = False
        return epoch

    async def _send_waiting(self, epoch: str, now: datetime) -> None:
        more = True
        while more:
            # What is sent is let go only after it was taken: it may have to be sent again.
            batch = self._waiting[:SENT]
            told = await self._call(epoch, [_event_as_stretch(seen) for seen in batch], now)
            self._observe(told)
            self._follow(len(batch))
            more = told.more or bool(self._waiting)

    def _go_on_alone(self) -> None:
        self._epoch = None
        self._was_away = True
        self._own.silent = False
        self._follow(len(self._waiting))

    def _follow(self, count: int) -> None:
        """Follow the first of what waits here, too."""
        for seen in self._waiting[:count]:
            self._own.saw(seen)
        del self._waiting[:count]

    async def _call(self, epoch: str, stretches: Sequence[Stretch], now: datetime) -> _Told:
        """Run the script; raises RedisAway, and _Emptied where Redis has another epoch."""
        keys = (SESSIONS, TIMES, SAID + self._replica)
        times = [epoch_ms(now), *(part // _MILLISECOND for part in (IDLE, LATE))]
        arguments: list[Any] = [new_id(), epoch, *times, self._most_followed, SENT]
        arguments.append(msgspec.msgpack.encode(stretches))
        answer = await self._redis.ask(lambda redis: self._script(keys, arguments, redis))
        if answer is None:
            raise _Emptied
        return self._decoder.decode(answer)

    def _observe(self, told: _Told) -> None:
        self._not_followed += told.no_room
        for plan, length_ms in told.ended:
            self._metrics.observe(catalogue.USER_SESSION_DURATION, (plan,), length_ms / 1000)


async def _current_epoch(redis: Redis) -> str:
    """The epoch, a new one where Redis has none."""
    both = redis.pipeline(transaction=False)
    both.hsetnx(SESSIONS, EPOCH_FIELD, new_id())
    both.hget(SESSIONS, EPOCH_FIELD)
    _, epoch = await both.execute()
    return str(epoch.decode())


def _as_stretch(key: tuple[str, str], session: Session) -> Stretch:
    ended = SETTLED if session.over else 0
    return _name(*key), epoch_ms(session.first), epoch_ms(session.last), session.plan, ended


def _event_as_stretch(seen: Sighting) -> Stretch:
    moment = epoch_ms(seen.moment)
    return _name(seen.tenant, seen.session), moment, moment, seen.plan, LOGOUT * seen.logout


def _name(tenant: str, session: str) -> str:
    """A session's key in Redis; neither part has control characters."""
    return f"{tenant}\0{session}"
