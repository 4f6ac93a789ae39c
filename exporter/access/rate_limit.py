"""How often a caller may call: every address, and every service key, has its own limit.

A limit counts in fixed windows. Where a caller's window begins follows from its name and the
clock, so that replicas agree without asking, and callers do not all begin anew at one moment.
"""

import zlib
from dataclasses import dataclass, field

from ..clock import Clock, epoch_ms, now
from ..errors import RateLimited
from ..settings import Settings
from ..shared_redis import SharedRedis
from .client_address import subscriber
from .counters import MemoryCounter, RedisCounter
from .principal import Principal, Role

SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a call: `remaining` of `limit`, until `reset` seconds are over."""

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class _Limit:
    """One kind of limit, and the calls that this process has counted under it."""

    kind: str
    calls: int
    window_ms: int
    counter: MemoryCounter = field(default_factory=MemoryCounter)


class RateLimits:
    """The limits of the settings: RATE_LIMIT_MAX_REQUESTS, RATE_LIMIT_SERVICE_PER_SECOND.

    With `redis` the calls to all replicas are counted together. While it is away each counts its
    own, which it does anyway: a caller who is over the limit here already is not asked about.
    """

    def __init__(
        self,
        settings: Settings,
        redis: SharedRedis | None = None,
        *,
        clock: Clock = now,
    ) -> None:
        self._clock = clock
        self._address = _Limit(
            "address", settings.rate_limit_max_requests, settings.rate_limit_window_ms
        )
        self._service = _Limit("service", settings.rate_limit_service_per_second, SECOND_MS)
        self._shared = None if redis is None else RedisCounter(redis)

    async def take(self, principal: Principal | None, address: str) -> Allowance | None:
        """Count one call of a caller; what is left, or None where there is no limit.

        A service counts by its key, everyone else by the address (client_address.subscriber).
        Raises RateLimited, with its `kind`, when nothing is left.
        """
        if principal is not None and principal.role is Role.SERVICE:
            limit, caller = self._service, principal.name
        else:
            limit, caller = self._address, address
        if not limit.calls:
            return None
        if limit is self._address:
            caller = subscriber(caller)
        return await self._count(limit, f"{limit.kind}:{caller}")

    async def _count(self, limit: _Limit, caller: str) -> Allowance:
        moment = epoch_ms(self._clock())
        offset = zlib.crc32(caller.encode(errors="surrogatepass")) % limit.window_ms
        window, elapsed = divmod(moment + offset, limit.window_ms)
        left_ms = limit.window_ms - elapsed
        reset = -(-left_ms // SECOND_MS)
        count = limit.counter.add(caller, window, moment + left_ms, moment)
        if self._shared is not None and count <= limit.calls:
            shared = await self._shared.add(caller, window, reset)
            count = max(count, shared or 0)
        if count > limit.calls:
            raise RateLimited(
                f"Too many calls; try again in {reset} s.", limit.calls, reset, limit.kind
            )
        return Allowance(limit.calls, limit.calls - count, reset)
