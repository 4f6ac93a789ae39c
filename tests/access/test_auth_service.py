import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from exporter.access.auth_service import (
    CONCURRENT,
    FRESH,
    KEPT,
    LARGEST_ANSWER,
    RETRY_SECONDS,
    AuthService,
    open_session,
)
from exporter.access.cache import Confirmation, MemoryCache
from exporter.access.claims import Confirmed
from exporter.access.digest import digest
from exporter.access.principal import Principal, Role
from exporter.access.tokens import Verified
from exporter.errors import Unauthorized, Unavailable

from ..outside import START, Logged, Time, outcome, until
from .auth_server import AuthServer


def claimed(name: str = "ada", **more: Any) -> Verified:
    """What a token of `name` says, good for an hour from the start."""
    principal = Principal(Role.USER, name, "acme", "free")
    return Verified(principal, more.pop("until", START + timedelta(hours=1)))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """The session that the service uses."""
    async with open_session() as opened:
        yield opened


@pytest.fixture
def cache() -> MemoryCache:
    """Where confirmations are kept."""
    return MemoryCache()


@pytest.fixture
def service(
    auth_server: AuthServer, session: aiohttp.ClientSession, cache: MemoryCache, time: Time
) -> AuthService:
    """The auth service as the tests ask it."""
    return AuthService(auth_server.url, session, cache, clock=time.clock, monotonic=time.monotonic)


async def confirm(service: AuthService, token: str = "a-token", **more: Any) -> Verified:
    """What a token of `ada` comes to."""
    return await service.confirm(token, digest(token), claimed(**more))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"id": "ada"}, Principal(Role.USER, "ada", "acme", "free")),
        ({"id": "bob"}, Principal(Role.USER, "bob", "acme", "free")),
        ({"id": 42}, Principal(Role.USER, "42", "acme", "free")),
        ({"role": "admin"}, Principal(Role.ADMIN, "ada", "acme", "free")),
        ({"plan": "pro", "email": "a@b.c"}, Principal(Role.USER, "ada", "acme", "pro")),
        ({"id": None, "role": None, "plan": None}, Principal(Role.USER, "ada", "acme", "free")),
        ({"id": "ada", "tenant": "other"}, Principal(Role.USER, "ada", "acme", "free")),
    ],
)
async def test_its_answer_wins_over_the_claims(
    answer: Any, expected: Principal, service: AuthService, auth_server: AuthServer, time: Time
) -> None:
    auth_server.answer = answer
    confirmed = await confirm(service)
    assert confirmed == Verified(expected, time.clock() + FRESH)
    assert auth_server.tokens == ["a-token"]


async def test_it_is_asked_once_a_minute(
    service: AuthService, auth_server: AuthServer, time: Time
) -> None:
    first = await confirm(service)
    auth_server.answer = {"id": "bob"}
    time.advance(59)
    assert await confirm(service) == first
    time.advance(1)
    assert (await confirm(service)).principal.name == "bob"
    assert len(auth_server.tokens) == 2


async def test_a_confirmation_lasts_no_longer_than_the_token(
    service: AuthService, time: Time
) -> None:
    soon = time.clock() + timedelta(seconds=20)
    assert (await confirm(service, until=soon)).until == soon


async def test_the_word_of_a_replica_whose_clock_is_ahead_is_no_fresher(
    service: AuthService, cache: MemoryCache, time: Time
) -> None:
    ahead = Confirmation(Confirmed(id="ada"), time.clock() + timedelta(days=1))
    await cache.put(digest("a-token"), ahead)
    assert (await confirm(service)).until == time.clock() + FRESH


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_it_rejects_is_refused_and_forgotten(
    status: int, service: AuthService, auth_server: AuthServer, time: Time
) -> None:
    await confirm(service)
    auth_server.response = {"status": status}
    time.advance(60)
    with pytest.raises(Unauthorized) as caught:
        await confirm(service)
    assert caught.value.reason == "rejected"
    await auth_server.stop()
    with pytest.raises(Unavailable):
        await confirm(service)


@pytest.mark.parametrize(
    "answer",
    [
        {"id": ""},
        {"id": "a\nb"},
        {"id": "x" * 129},
        {"id": 10**128},
        {"id": ["ada"]},
        {"role": "service"},
        {"role": 1},
        {"plan": "x" * 129},
        {"plan": {}},
        [],
        "ada",
        None,
    ],
)
async def test_what_no_claim_may_say_its_answer_may_not_either(
    answer: Any, service: AuthService, auth_server: AuthServer
) -> None:
    auth_server.answer = answer
    with pytest.raises(Unauthorized) as caught:
        await confirm(service)
    assert caught.value.reason == "bad_claims"


FAILURES = [
    {"status": 500},
    {"status": 503, "text": '{"id": "eve"}'},
    {"status": 404},
    {"status": 204},
    {"status": 429},
    {"status": 302, "headers": {"Location": "/elsewhere"}},
    {"text": ""},
    {"text": "<html>"},
    {"body": b"\xff\xfe"},
    {"body": b'{"id": "\xff"}'},
    {"text": '{"id": "ada", "x": "' + "x" * LARGEST_ANSWER + '"}'},
]


@pytest.mark.parametrize("failure", FAILURES)
async def test_an_answer_that_tells_nothing_counts_as_being_down(
    failure: dict[str, Any], service: AuthService, auth_server: AuthServer, time: Time
) -> None:
    await confirm(service, "known")
    auth_server.response = failure
    time.advance(60)
    assert (await confirm(service, "known")).principal.name == "ada"
    with pytest.raises(Unavailable) as caught:
        await confirm(service, "unknown")
    assert caught.value.retry_after == RETRY_SECONDS


async def test_a_redirect_is_not_followed(service: AuthService, auth_server: AuthServer) -> None:
    auth_server.response = {"status": 307, "headers": {"Location": "/elsewhere"}}
    assert isinstance(await outcome(confirm(service)), Unavailable)
    assert auth_server.tokens == ["a-token"]


async def test_a_failing_answer_about_one_token_keeps_no_other_from_being_tried(
    service: AuthService, auth_server: AuthServer, logged: Logged
) -> None:
    auth_server.response = {"status": 500}
    assert isinstance(await outcome(confirm(service, "one")), Unavailable)
    assert isinstance(await outcome(confirm(service, "two")), Unavailable)
    auth_server.response = None
    assert (await confirm(service, "three")).principal.name == "ada"
    assert auth_server.tokens == ["one", "two", "three"]
    assert logged.events() == ["service_away", "service_back"]


async def test_while_it_is_down_confirmed_tokens_go_on_working_for_a_while(
    service: AuthService, auth_server: AuthServer, time: Time
) -> None:
    auth_server.answer = {"id": "ada", "role": "admin"}
    await confirm(service)
    await auth_server.stop()
    time.advance(60)
    expected = time.clock() + timedelta(seconds=RETRY_SECONDS)
    assert await confirm(service) == Verified(
        Principal(Role.ADMIN, "ada", "acme", "free"), expected
    )
    time.advance(KEPT.total_seconds() - 62)
    assert (await confirm(service)).until == time.clock() + timedelta(seconds=2)
    time.advance(2)
    with pytest.raises(Unavailable):
        await confirm(service)


async def test_it_is_tried_again_after_a_pause_and_found_back(
    service: AuthService, auth_server: AuthServer, time: Time, logged: Logged
) -> None:
    await auth_server.stop()
    for _ in range(3):
        assert isinstance(await outcome(confirm(service)), Unavailable)
    await auth_server.start()
    assert isinstance(await outcome(confirm(service)), Unavailable)
    assert auth_server.tokens == []
    time.advance(RETRY_SECONDS)
    assert (await confirm(service)).principal.name == "ada"
    assert logged.events() == ["service_away", "service_back"]


async def test_an_answer_that_takes_too_long_is_none(
    auth_server: AuthServer, session: aiohttp.ClientSession, cache: MemoryCache
) -> None:
    service = AuthService(auth_server.url, session, cache, limit_seconds=0.05)
    auth_server.go.clear()
    assert isinstance(await outcome(confirm(service)), Unavailable)


async def test_callers_with_one_token_share_one_call(
    service: AuthService, auth_server: AuthServer
) -> None:
    auth_server.go.clear()
    calls = [asyncio.create_task(confirm(service)) for _ in range(20)]
    await until(lambda: bool(auth_server.tokens))
    auth_server.go.set()
    assert len(set(await asyncio.gather(*calls))) == 1
    assert len(auth_server.tokens) == 1


async def test_it_is_asked_by_so_many_at_a_time_and_no_more(
    service: AuthService, auth_server: AuthServer
) -> None:
    auth_server.go.clear()
    many = 3 * CONCURRENT
    calls = [asyncio.create_task(confirm(service, f"token-{n}")) for n in range(many)]
    await until(lambda: auth_server.at_once == CONCURRENT)
    auth_server.go.set()
    assert len(await asyncio.gather(*calls)) == many
    assert auth_server.most_at_once == CONCURRENT


async def test_a_cookie_of_one_caller_does_not_travel_with_another(
    service: AuthService, auth_server: AuthServer
) -> None:
    await confirm(service, "one")
    await confirm(service, "two")
    assert auth_server.cookies == ["", ""]


async def test_a_session_that_keeps_cookies_is_not_taken(cache: MemoryCache) -> None:
    async with aiohttp.ClientSession() as keeps:
        with pytest.raises(TypeError, match="must not keep cookies"):
            AuthService("http://auth", keeps, cache)
