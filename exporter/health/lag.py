"""How late the event loop is: a timer that asks to be called, and sees when it is."""

import asyncio

STEP_SECONDS = 0.1


class LagMeter:
    """Remembers the longest delay of a timer since it was last asked."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure the running loop."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take(self) -> float:
        """The longest delay since the last call of this, in seconds."""
        longest, self._longest = self._longest, 0.0
        return longest

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + STEP_SECONDS
        self._timer = loop.call_at(self._due, self._called, loop)

    def _called(self, loop: asyncio.AbstractEventLoop) -> None:
        self._longest = max(self._longest, loop.time() - self._due)
        self._wait(loop)
