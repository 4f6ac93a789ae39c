"""Rare series that show 0 before their first value, so that Prometheus sees their first increase.

`rate()` and `increase()` compare samples. What a counter holds when it is first scraped has no
sample before it, so the first refund of a plan, or the first failure of a model, would not be seen.
A series that its metric declares as rare (`Counter.zero_first`) therefore shows 0 from its first
scrape on, for a little longer than the time between two scrapes: each of several Prometheus servers
finds the 0 before the value. After that it shows what it counted, and never 0 again.

Busy series do without: after each start of the service they would stand still for that time.
"""

import re
from collections.abc import Callable, Iterator

from .metric import Counter
from .tally import Labels


class ZeroFirst:
    """Which series of a counter show 0 still; it holds the new ones only.

    seconds: for how long after its first scrape a rare series shows 0.
    monotonic: a time in seconds that no change of the clock moves: a series that went back to 0
    would count twice.
    """

    def __init__(self, counter: Counter, seconds: float, monotonic: Callable[[], float]) -> None:
        self._labels = counter.labels
        self._rare = counter.zero_first if seconds else None
        self._seconds = seconds
        self._monotonic = monotonic
        self._until: dict[int, float | None] = {}

    def begin(self, labels: Labels, at: int) -> None:
        """Know of a new series and its position; it shows 0 first if it is rare."""
        if self._rare is None:
            return
        named = dict(zip(self._labels, labels, strict=True))
        if all(re.fullmatch(pattern, named[label]) for label, pattern in self._rare.items()):
            self._until[at] = None

    def among(self, start: int, stop: int) -> Iterator[int]:
        """The positions from `start` to `stop` that show 0 in the scrape that asks for them."""
        if not self._until:
            return
        now = self._monotonic()
        for at, until in list(self._until.items()):
            if at < start:
                continue
            if at >= stop:  # the rest as well: positions only grow
                return
            if until is None:
                self._until[at] = now + self._seconds
            elif until <= now:
                del self._until[at]
                continue
            yield at
