"""Whether something outside answers, so that its absence is logged once and costs little."""

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)


class RedisAway(Exception):
    """Redis cannot be asked just now; do without it."""


class Outage:
    """The state of one thing that may go away and comes back by itself.

    While it is away, one caller in `pause_seconds` tries it and the others do without at once,
    instead of all waiting for a timeout. Only the first failure and the return are logged, and of
    a failure only its kind: the text of a library's error may quote an address with a password.
    """

    def __init__(
        self,
        service: str,
        pause_seconds: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self.pause_seconds = pause_seconds
        self._monotonic = monotonic
        self._away = False
        self._next_attempt = 0.0

    def attempt(self) -> bool:
        """Whether the caller should try now; true for one caller a pause while it is away."""
        if not self._away:
            return True
        moment = self._monotonic()
        if moment < self._next_attempt:
            return False
        self._next_attempt = moment + self.pause_seconds
        return True

    def failed(self, cause: str) -> None:
        """Note a failed try; `cause` is what is logged of it."""
        if not self._away:
            _log.warning("service_away", service=self.service, cause=cause)
        self._away = True
        self._next_attempt = self._monotonic() + self.pause_seconds

    def succeeded(self) -> None:
        """Note that it answered."""
        if self._away:
            _log.info("service_back", service=self.service)
        self._away = False
