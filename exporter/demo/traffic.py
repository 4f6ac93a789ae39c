"""Sends the product's past and present to the service, at the pace that was asked for."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import Any

from . import calls
from .client import Client
from .live import lane
from .people import Population
from .sessions import Event

BATCH = 500
"""Events in one call; the service takes up to 1,000."""
CONNECTIONS = 4
"""Batches under way at once."""
LEAST_LANES, MOST_LANES = 4, 200
"""Sessions side by side; at 20 calls a second there are 20, and each makes one."""

Batch = tuple[str, list[dict[str, Any]]]
Advance = Callable[[int], object]


async def backfill(client: Client, days: Iterable[list[Event]], advance: Advance) -> None:
    """Post the events of each day, and `advance` by their number.

    Kinds without a key of their own cannot be recognised by the service. They, and ratings, are
    taken as posted where all the rest of their day is known already.
    """
    for day in days:
        keyed = [event for event in day if event.kind in calls.KEYED]
        others = [event for event in day if event.kind not in calls.KEYED]
        known = not await _post(client, keyed) and bool(keyed)
        if known:
            client.outcomes.duplicates += len(others)
        else:
            await _post(client, others)
            await _rate(client, keyed)
        advance(len(day))


async def live(
    client: Client,
    population: Population,
    now: Callable[[], int],
    *,
    rate: float,
    duration: float | None,
    advance: Advance,
) -> None:
    """Make `rate` calls a second for `duration` seconds, or until cancelled; `now` is in ms."""
    pace = Pace(rate, duration)
    start = now()

    async def run(number: int) -> None:
        for call in lane(population, start, number, now):
            if not await pace.turn():
                return
            await client.call(call)
            advance(1)

    lanes = min(max(round(rate), LEAST_LANES), MOST_LANES)
    async with asyncio.TaskGroup() as group:
        for number in range(lanes):
            group.create_task(run(number))


class Pace:
    """Gives out turns, `rate` a second for `duration` seconds.

    Turns that were missed are made up for a second at most: a service that was away is not
    flooded when it comes back.
    """

    def __init__(
        self, rate: float, duration: float | None, time: Callable[[], float] = monotonic
    ) -> None:
        self._interval = 1 / rate
        self._time = time
        self._next = time()
        self._end = float("inf") if duration is None else self._next + duration

    async def turn(self) -> bool:
        """Wait for the next turn; False when there is none any more."""
        mine = max(self._next, self._time() - 1)
        if mine >= self._end:
            return False
        self._next = mine + self._interval
        await asyncio.sleep(mine - self._time())
        return True


async def _post(client: Client, events: Sequence[Event]) -> int:
    """Post events in batches, a few at once; the number of those that were new."""
    batches = _batches(events)
    new = 0

    async def run() -> None:
        nonlocal new
        for user_agent, batch in batches:
            new += await client.batch(batch, user_agent)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(run())
    return new


def _batches(events: Sequence[Event]) -> Iterator[Batch]:
    """The events by user agent, since the service reads that from the call."""
    by_agent: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_agent[event.user_agent].append(event)
    for user_agent, its in by_agent.items():
        for first in range(0, len(its), BATCH):
            yield user_agent, [calls.past(event) for event in its[first : first + BATCH]]


async def _rate(client: Client, events: Sequence[Event]) -> None:
    """Post the ratings of AI requests, each a call of its own."""
    ratings = (rated for event in events if (rated := calls.feedback(event)) is not None)

    async def run() -> None:
        for rating in ratings:
            await client.call(rating)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(run())
