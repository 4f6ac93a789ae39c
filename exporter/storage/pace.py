"""Recording goes before reading: while events are being written, queries rest after each other.

What reads and the event loop take turns with Python's interpreter, so that somebody who reads all
the time would take half of what recording has. So each query is followed by a rest, in which no
other one begins: some times as long as the query used the processor, and for the share of the
time in which something is being written. Where nothing is written, nothing rests.
"""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

RESTS = 8.0
"""How much longer than a query the rest after it is, while something is written all the time."""
ON_THE_LOOP_SECONDS = 0.0005
"""What each query takes of the event loop, about: to be compiled, handed over and put together."""
LONGEST_SECONDS = 3.0
"""What all the rests that are due come to at most: so long does a query wait for its turn."""
WINDOW_SECONDS = 1.0
"""The time that the share is of, about: what is longer ago counts less and less."""

Answer = TypeVar("Answer")


class Timed(Generic[Answer]):
    """A query, and the processor time that it used in its thread."""

    seconds = 0.0

    def __init__(self, query: Callable[[sqlite3.Connection], Answer]) -> None:
        self._query = query

    def __call__(self, connection: sqlite3.Connection) -> Answer:
        """What the query gives."""
        began = time.thread_time()
        try:
            return self._query(connection)
        finally:
            self.seconds = time.thread_time() - began


class Pace:
    """The pace of the queries of one store, on its event loop.

    monotonic: the stopwatch, in s.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._writes = 0
        self._share = 0.0
        self._seen = self._rested = monotonic()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Something is being written for as long as the block takes."""
        self._look()
        self._writes += 1
        try:
            yield
        finally:
            self._look()
            self._writes -= 1

    def rest(self, seconds: float) -> None:
        """Have a rest after a query that used so much of the processor."""
        now = self._look()
        due = max(now, self._rested) + RESTS * self._share * seconds
        self._rested = min(due, now + LONGEST_SECONDS)

    @property
    def resting(self) -> float:
        """In how many seconds the next query may begin; 0 for now."""
        return max(0.0, self._rested - self._monotonic())

    async def turn(self) -> None:
        """Return when the next query may begin; those that wait begin one after the other."""
        while left := self.resting:  # noqa: ASYNC110  # the end moves while it waits
            await asyncio.sleep(left)
        self.rest(ON_THE_LOOP_SECONDS)

    def _look(self) -> float:
        """Bring the share up to now, which is given."""
        now = self._monotonic()
        fading = math.exp((self._seen - now) / WINDOW_SECONDS)
        self._share = self._share * fading + (self._writes > 0) * (1 - fading)
        self._seen = now
        return now
