"""How often a caller may call: every address, and every service key, has its own limit.

A limit counts in fixed windows (memory_counter.py, shared_counter.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ..clock import epoch_ms
from ..errors import RateLimited
from ..settings import Settings
from .client_address import subscriber
from .memory_counter import MemoryCounter, Window
from .principal import Principal, Role

if TYPE_CHECKING:
    from ..shared_redis import SharedRedis
    from .shared_counter import RedisCounter

SECOND_MS = 1000


class Allowance(msgspec.Struct, frozen=True):
    """What is left after a call: `remaining` of `limit`, until `reset` seconds are over."""

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class _Limit:
    """One kind of limit, and the calls that this process has counted under it."""

    kind: str
    calls: int
    counter: MemoryCounter


class RateLimits:
    """The limits of the settings: RATE_LIMIT_MAX_REQUESTS, RATE_LIMIT_SERVICE_PER_SECOND.

    With `redis` the calls to all replicas are counted together. While it is away each counts its
    own, which it does anyway: a caller who is over the limit here already is not asked about.
    """

    def __init__(self, settings: Settings, redis: "SharedRedis | None" = None) -> None:
        self._address = _Limit(
            "address",
            settings.rate_limit_max_requests,
            MemoryCounter(settings.rate_limit_window_ms),
        )
        self._service = _Limit(
            "service", settings.rate_limit_service_per_second, MemoryCounter(SECOND_MS)
        )
        self._shared = None if redis is None else _shared_counter(redis)

    @property
    def are_shared(self) -> bool:
        """Whether replicas count together."""
        return self._shared is not None

    async def take(
        self, principal: Principal | None, address: str, now: datetime
    ) -> Allowance | None:
        """Count a caller's call at `now`; what is left, or None where there is no limit.

        A service counts by its key, everyone else by the address (client_address.subscriber).
        Raises RateLimited, with its `kind`, when nothing is left.
        """
        counted = self._count(principal, address, now)
        if counted is None:
            return None
        limit, caller, window, reset = counted
        calls = window.calls
        if self._shared is not None and calls <= limit.calls:
            shared = await self._shared.add(f"{limit.kind}:{caller}", window.number, reset)
            calls = max(calls, shared or 0)
        return _left(limit, calls, reset)

    def take_here(
        self, principal: Principal | None, address: str, now: datetime
    ) -> Allowance | None:
        """The same, counted in this process alone, which takes no waiting and so no coroutine."""
        counted = self._count(principal, address, now)
        if counted is None:
            return None
        limit, _, window, reset = counted
        return _left(limit, window.calls, reset)

    def _count(
        self, principal: Principal | None, address: str, now: datetime
    ) -> tuple[_Limit, str, Window, int] | None:
        """The limit of a caller, its name, its window with this call in it, and when that ends."""
        limit, caller = self._address, address
        if principal is not None and principal.role is Role.SERVICE:
            limit, caller = self._service, principal.name
        elif ":" in address:
            caller = subscriber(address)
        if not limit.calls:
            return None
        moment = epoch_ms(now)
        window = limit.counter.add(caller, moment)
        return limit, caller, window, -((moment - window.ends) // SECOND_MS)


def _left(limit: _Limit, calls: int, reset: int) -> Allowance:
    if calls > limit.calls:
        raise RateLimited(
            f"Too many calls; try again in {reset} s.", limit.calls, reset, limit.kind
        )
    return Allowance(limit.calls, limit.calls - calls, reset)


def _shared_counter(redis: "SharedRedis") -> "RedisCounter":
    from .shared_counter import RedisCounter

    return RedisCounter(redis)
