"""Counts of calls in windows of time, in memory (shared_counter.py has them in Redis).

`limits` has a memory storage too, but it goes over all its keys every 10 ms and drops none before
its time: at 200,000 addresses that takes 70 % of a core, and nothing bounds the next million. This
one costs under a microsecond and stays within `CALLERS`.
"""

import zlib
from collections import OrderedDict

import msgspec

CALLERS = 100_000
"""Callers that are counted at a time; past it, whoever was counted first is counted anew."""
SWEPT = 2
"""Entries looked at for every one that is added: enough to keep up, and never a pause."""


class Window(msgspec.Struct):
    """A window of a caller: its number, when it ends (ms), and the calls that were made in it."""

    number: int
    ends: int
    calls: int = 0


class MemoryCounter:
    """Counts for callers whose windows all are of `window_ms`.

    Where a caller's window begins follows from its name and the clock, so that replicas agree
    without asking, and callers do not all begin anew at one moment.
    """

    def __init__(self, window_ms: int, callers: int = CALLERS) -> None:
        self._window_ms = window_ms
        self._callers = callers
        # Not a dict, which takes ever longer to find its first entry while entries are dropped
        # there.
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def add(self, caller: str, moment: int) -> Window:
        """Count a call at `moment` (ms); the window of `caller` then, with this call in it."""
        window = self._windows.get(caller)
        if window is None or not 0 < window.ends - moment <= self._window_ms:
            window = self._begin(caller, moment)
        window.calls += 1
        return window

    def _begin(self, caller: str, moment: int) -> Window:
        offset = zlib.crc32(caller.encode(errors="surrogatepass")) % self._window_ms
        number, elapsed = divmod(moment + offset, self._window_ms)
        self._windows.pop(caller, None)  # to come back at the end: the order is by age
        window = Window(number, moment + self._window_ms - elapsed)
        self._windows[caller] = window
        self._sweep(moment)
        return window

    def _sweep(self, moment: int) -> None:
        """Drop the oldest entries, while they are over or too many."""
        windows = self._windows
        for _ in range(SWEPT):
            oldest = next(iter(windows))
            if len(windows) <= self._callers and windows[oldest].ends > moment:
                return
            del windows[oldest]
