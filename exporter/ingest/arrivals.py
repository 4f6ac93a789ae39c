"""Events that come one by one: read, checked and queued, those of a turn of the loop together."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from ..family import Family, Tracked
from ..storage.base import Outcome
from ..turn import Turn
from ..validation import BodyDecoder
from .intake import Caller, Intake
from .step import Step
from .writer import Writer


class Arrival(msgspec.Struct, eq=False):
    """An event as it came. Its `document` is there once it was read and found good."""

    family: Family
    decoder: BodyDecoder[Tracked]
    raw: bytes
    caller: Callable[[], Caller]
    document: Any = None


class Arrivals:
    """Takes in events, each of which came in a call of its own."""

    def __init__(self, intake: Intake, writer: Writer) -> None:
        self._intake = intake
        self._writer = writer
        self._turn: Turn[tuple[Arrival, asyncio.Future[list[Outcome]]]] = Turn(self._take_in)

    def take(self, arrival: Arrival) -> asyncio.Future[list[Outcome]]:
        """What became of an event, in time: see Writer.submit.

        Invalid or Forbidden, at the loop's next turn, say what is wrong with it.
        """
        done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._turn.add((arrival, done))
        return done

    def _take_in(self, arrived: list[tuple[Arrival, asyncio.Future[list[Outcome]]]]) -> None:
        # Step by step, and not event by event: each step's code is in the processor's caches then.
        for step in (self._read, self._queue):
            for arrival, done in arrived:
                try:
                    step(arrival, done)
                except Exception as error:  # noqa: BLE001  # its caller's: raised there
                    if not done.cancelled():
                        done.set_exception(error)

    def _read(self, arrival: Arrival, _: asyncio.Future[list[Outcome]]) -> None:
        body = arrival.decoder.decode(arrival.raw)
        arrival.document = self._intake.document(arrival.family, body, arrival.caller())

    def _queue(self, arrival: Arrival, done: asyncio.Future[list[Outcome]]) -> None:
        if arrival.document is None:  # what is wrong with it was told
            return
        step = Step(arrival.family, None, arrival.document)
        self._writer.submit([step], len(arrival.raw), done)
