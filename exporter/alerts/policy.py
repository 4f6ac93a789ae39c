"""How much trouble is taken over an announcement, and how little is made for who takes it."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The limits of one channel.

    timeout: seconds that one attempt may take.
    first_pause, longest_pause: seconds between attempts, doubled each time up to the longest; a
        service that asks for more with Retry-After gets up to `patience` of it.
    patience: an announcement that is older than this and fails is given up.
    per_minute: attempts in a minute at most.
    waiting_bytes: announcements that may wait, in bytes of the file.
    dead: announcements that are kept of those given up; the oldest make room.
    """

    timeout: float = 10.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    patience: timedelta = timedelta(minutes=30)
    per_minute: int = 20
    waiting_bytes: int = 1024 * 1024
    dead: int = 500

    def pause(
        self,
        attempt: int,
        retry_after: float | None,
        spread: Callable[[float, float], float] = random.uniform,
    ) -> float:
        """Seconds to wait after the failed `attempt`, the first being 0; spread, so that replicas
        do not come back in step."""
        backoff = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt, 30))
        asked = min(retry_after or 0.0, self.patience.total_seconds())
        return max(asked, spread(backoff / 2, backoff))


class Turns:
    """Counts attempts, so that there are no more than some in any minute."""

    def __init__(self, per_minute: int) -> None:
        self._taken: deque[datetime] = deque(maxlen=per_minute)

    def wait(self, now: datetime) -> float:
        """Seconds until the next attempt may be made."""
        if len(self._taken) < (self._taken.maxlen or 0):
            return 0.0
        # A clock that was set back must not hold anything up for longer than the minute.
        return min(60.0, max(0.0, (self._taken[0] + MINUTE - now).total_seconds()))

    def take(self, now: datetime) -> None:
        """An attempt is made now."""
        self._taken.append(now)
