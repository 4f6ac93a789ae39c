from typing import Any

import pytest
from redis.asyncio import Redis

from exporter.access.principal import Principal, Role
from exporter.access.rate_limit import Allowance, RateLimits
from exporter.errors import RateLimited
from exporter.settings import Settings
from exporter.shared_redis import SharedRedis
from tests.services.redis import RedisServer

from ..outside import Replica, Time

WINDOW_SECONDS = 60
ADDRESS = "192.0.2.7"
USER = Principal(Role.USER, "ada", "acme")
ADMIN = Principal(Role.ADMIN, "root", "acme")
WEB = Principal(Role.SERVICE, "web", None)
APP = Principal(Role.SERVICE, "app", None)


def limits(redis: SharedRedis | None = None, **given: Any) -> RateLimits:
    """Limits of 3 calls a minute from an address and 2 a second with a key."""
    chosen = {
        "rate_limit_window_ms": WINDOW_SECONDS * 1000,
        "rate_limit_max_requests": 3,
        "rate_limit_service_per_second": 2,
        **given,
    }
    return RateLimits(Settings(**chosen), redis)


async def refused(
    taken: RateLimits,
    time: Time,
    principal: Principal | None = None,
    address: str = ADDRESS,
) -> RateLimited:
    """The refusal of one more call."""
    with pytest.raises(RateLimited) as caught:
        await taken.take(principal, address, time.clock())
    return caught.value


async def test_an_address_has_so_many_calls_in_a_window(time: Time) -> None:
    taken = limits()
    left = [await taken.take(None, ADDRESS, time.clock()) for _ in range(3)]
    assert [one and (one.limit, one.remaining) for one in left] == [(3, 2), (3, 1), (3, 0)]
    error = await refused(taken, time)
    assert (error.kind, error.limit) == ("address", 3)
    assert 0 < error.reset <= WINDOW_SECONDS
    assert str(error.reset) in error.message


async def test_after_the_reset_an_address_may_call_again(time: Time) -> None:
    taken = limits()
    first = await taken.take(None, ADDRESS, time.clock())
    assert first is not None
    for _ in range(2):
        await taken.take(None, ADDRESS, time.clock())
    time.advance(first.reset - 1)
    assert (await refused(taken, time)).reset == 1
    time.advance(1)
    assert await taken.take(None, ADDRESS, time.clock()) == Allowance(3, 2, WINDOW_SECONDS)


async def test_users_admins_and_strangers_at_one_address_share_its_calls(time: Time) -> None:
    taken = limits()
    for principal in (None, USER, ADMIN):
        await taken.take(principal, ADDRESS, time.clock())
    for principal in (None, USER, ADMIN):
        assert (await refused(taken, time, principal)).kind == "address"


async def test_addresses_do_not_share(time: Time) -> None:
    taken = limits(rate_limit_max_requests=1)
    await taken.take(None, ADDRESS, time.clock())
    assert await taken.take(None, "192.0.2.8", time.clock())


async def test_the_addresses_of_one_ipv6_network_share(time: Time) -> None:
    taken = limits()
    for number in range(3):
        await taken.take(None, f"2001:db8::{number}", time.clock())
    await refused(taken, time, None, "2001:db8::ffff")
    assert await taken.take(None, "2001:db8:0:1::1", time.clock())


async def test_a_service_counts_by_its_key_whatever_the_address(time: Time) -> None:
    taken = limits(rate_limit_max_requests=1)
    for number in range(2):
        assert await taken.take(WEB, f"192.0.2.{number}", time.clock())
    error = await refused(taken, time, WEB)
    assert (error.kind, error.limit, error.reset) == ("service", 2, 1)
    assert await taken.take(APP, ADDRESS, time.clock())
    time.advance(1)
    assert await taken.take(WEB, ADDRESS, time.clock())


async def test_a_service_and_an_address_of_one_name_do_not_share(time: Time) -> None:
    taken = limits(rate_limit_max_requests=1, rate_limit_service_per_second=1)
    assert await taken.take(Principal(Role.SERVICE, ADDRESS, None), "192.0.2.8", time.clock())
    assert await taken.take(None, ADDRESS, time.clock())


async def test_windows_do_not_all_begin_at_one_moment(time: Time) -> None:
    taken = limits()
    resets = {
        allowance.reset
        for number in range(50)
        if (allowance := await taken.take(None, f"192.0.2.{number}", time.clock()))
    }
    assert len(resets) > 10


async def test_zero_is_no_limit(time: Time) -> None:
    taken = limits(rate_limit_max_requests=0, rate_limit_service_per_second=0)
    assert [await taken.take(one, ADDRESS, time.clock()) for one in (None, USER, WEB) * 5] == [
        None
    ] * 15


async def test_any_text_may_stand_for_an_address(time: Time) -> None:
    taken = limits()
    for address in ("unknown", "", "\udcff", "a:b:c"):
        assert await taken.take(None, address, time.clock())


async def test_replicas_share_a_limit_in_redis(replica: Replica, time: Time) -> None:
    one, two = limits(replica()), limits(replica())
    left = [await taken.take(None, ADDRESS, time.clock()) for taken in (one, two, one)]
    assert [allowance.remaining for allowance in left if allowance] == [2, 1, 0]
    await refused(two, time)
    await refused(one, time)
    time.advance(WINDOW_SECONDS)
    assert await two.take(None, ADDRESS, time.clock()) == Allowance(
        3, 2, left[0].reset if left[0] else 0
    )


async def test_a_caller_over_the_limit_costs_redis_nothing(
    redis: Redis, replica: Replica, time: Time
) -> None:
    taken = limits(replica())
    for _ in range(3):
        await taken.take(None, ADDRESS, time.clock())
    for _ in range(5):
        await refused(taken, time)
    (key,) = await redis.keys()
    assert await redis.get(key) == b"3"


async def test_without_redis_the_count_goes_on_where_it_was(
    redis_server: RedisServer, redis: Redis, replica: Replica, time: Time
) -> None:
    taken = limits(replica())
    await taken.take(None, ADDRESS, time.clock())
    redis_server.stop()
    left = [await taken.take(None, ADDRESS, time.clock()) for _ in range(2)]
    assert [allowance.remaining for allowance in left if allowance] == [1, 0]
    await refused(taken, time)
    redis_server.start()
    time.advance(5)
    assert await taken.take(None, "192.0.2.8", time.clock())
    assert len(await redis.keys()) == 1
