from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from exporter.access.auth_service import AuthService, open_session
from exporter.access.authenticator import Authenticator
from exporter.access.cache import MemoryCache
from exporter.access.keys import ServiceKeys
from exporter.access.principal import Principal, Role
from exporter.access.tokens import LEEWAY, TokenVerifier
from exporter.errors import Unauthorized, Unavailable
from exporter.settings import ServiceKey, Settings

from ..outside import START, Logged, Time, outcome
from .auth_server import AuthServer
from .conftest import SECRET
from .tokens import HOUR, forged, pem, rsa_key, token

KEY = "q8Zs-key-of-the-web-shop"
SETTINGS = Settings(jwt_secret=SECRET, api_keys=(ServiceKey("web", KEY, "acme"),))
ADA = Principal(Role.USER, "ada", "default", "free")
WEB = Principal(Role.SERVICE, "web", "acme")


@pytest.fixture
def authenticator(time: Time) -> Authenticator:
    """One without an auth service."""
    return Authenticator(TokenVerifier(SETTINGS, time.clock), ServiceKeys(SETTINGS), None)


@pytest.fixture
async def confirming(time: Time, auth_server: AuthServer) -> AsyncIterator[Authenticator]:
    """One with an auth service."""
    async with open_session() as session:
        confirm = AuthService(
            auth_server.url,
            session,
            MemoryCache(),
            clock=time.clock,
            monotonic=time.monotonic,
        )
        yield Authenticator(TokenVerifier(SETTINGS, time.clock), ServiceKeys(SETTINGS), confirm)


async def refused(
    authenticator: Authenticator,
    authorization: str | None,
    api_key: str | None = None,
    now: datetime = START,
) -> str:
    """The reason for which a call is refused."""
    assert authenticator.cached(authorization, api_key, now) is None
    with pytest.raises(Unauthorized) as caught:
        await authenticator.authenticate(authorization, api_key)
    return caught.value.reason


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
async def test_a_bearer_token_tells_the_caller(scheme: str, authenticator: Authenticator) -> None:
    assert await authenticator.authenticate(scheme + token(), None) == ADA
    assert await authenticator.authenticate(scheme + token(), "") == ADA


async def test_a_key_may_come_as_a_token_only_where_that_is_said(
    authenticator: Authenticator,
) -> None:
    offered = f"Bearer {KEY}"
    assert await authenticator.authenticate(offered, None, key_as_token=True) == WEB
    assert await refused(authenticator, offered) == "malformed"
    assert await authenticator.authenticate("Bearer " + token(), None, key_as_token=True) == ADA


async def test_a_service_key_tells_the_caller(authenticator: Authenticator) -> None:
    assert authenticator.cached(None, KEY, START) == WEB
    assert await authenticator.authenticate(None, KEY) == WEB
    assert await authenticator.authenticate("", KEY) == WEB


@pytest.mark.parametrize(
    ("authorization", "api_key", "reason"),
    [
        (None, None, "missing"),
        ("", "", "missing"),
        ("Basic YWRhOnB3", None, "malformed"),
        ("Bearer", None, "malformed"),
        ("Bearer ", None, "malformed"),
        ("Bearer  ", None, "malformed"),
        (token(), None, "malformed"),
        ("Bearer no-token", None, "malformed"),
        ("Bearer \udcff", None, "malformed"),
        ("Bearer " + "x" * 9000, None, "too_long"),
        ("Bearer " + token(SECRET[::-1]), None, "bad_signature"),
        ("Bearer " + token(role="root"), None, "bad_claims"),
        (None, "no-key-of-ours", "unknown_key"),
        (None, "\udcff", "unknown_key"),
        ("Bearer " + token(), KEY, "ambiguous"),
        ("Bearer no-token", KEY, "ambiguous"),
        ("Bearer " + token(), "no-key-of-ours", "ambiguous"),
    ],
)
async def test_a_call_without_a_good_credential_is_refused(
    authorization: str | None, api_key: str | None, reason: str, authenticator: Authenticator
) -> None:
    assert await refused(authenticator, authorization, api_key) == reason


async def test_both_at_once_are_refused_also_for_a_known_token(
    authenticator: Authenticator,
) -> None:
    await authenticator.authenticate("Bearer " + token(), None)
    assert await refused(authenticator, "Bearer " + token(), KEY) == "ambiguous"


async def test_a_proxys_own_scheme_does_not_stand_in_a_keys_way(
    authenticator: Authenticator,
) -> None:
    assert await authenticator.authenticate("Basic YWRhOnB3", KEY) == WEB


async def test_a_known_token_takes_no_waiting_until_it_expires(
    authenticator: Authenticator, time: Time
) -> None:
    offered = "Bearer " + token()
    assert authenticator.cached(offered, None, time.clock()) is None
    known = await authenticator.authenticate(offered, None)
    assert authenticator.cached(offered, None, time.clock()) is known
    time.advance(HOUR + LEEWAY.total_seconds() - 1)
    assert authenticator.cached(offered, None, time.clock()) is known
    time.advance(1)
    assert await refused(authenticator, offered, now=time.clock()) == "expired"


async def test_a_refused_token_is_not_known_the_next_time(authenticator: Authenticator) -> None:
    offered = "Bearer " + token(SECRET[::-1])
    for _ in range(2):
        assert await refused(authenticator, offered) == "bad_signature"


async def test_known_tokens_do_not_pass_for_one_another(authenticator: Authenticator) -> None:
    for name in ("ada", "bob"):
        offered = "Bearer " + token(sub=name)
        for _ in range(2):
            assert (await authenticator.authenticate(offered, None)).name == name


async def test_the_auth_service_confirms_once_a_minute(
    confirming: Authenticator, auth_server: AuthServer, time: Time
) -> None:
    auth_server.answer = {"id": "ada", "role": "admin", "plan": "pro"}
    offered = "Bearer " + token()
    expected = Principal(Role.ADMIN, "ada", "default", "pro")
    for _ in range(3):
        assert await confirming.authenticate(offered, None) == expected
    assert confirming.cached(offered, None, time.clock()) == expected
    assert auth_server.tokens == [token()]
    time.advance(60)
    assert confirming.cached(offered, None, time.clock()) is None
    auth_server.response = {"status": 401}
    assert await refused(confirming, offered, now=time.clock()) == "rejected"


async def test_the_auth_service_never_sees_a_token_that_does_not_hold(
    confirming: Authenticator, auth_server: AuthServer
) -> None:
    for offered in (token(SECRET[::-1]), token(exp=1), "no-token"):
        await refused(confirming, "Bearer " + offered)
    assert await confirming.authenticate(None, KEY) == WEB
    assert auth_server.tokens == []


async def test_an_auth_service_that_is_down_is_not_the_tokens_fault(
    confirming: Authenticator, auth_server: AuthServer, time: Time
) -> None:
    offered = "Bearer " + token()
    await confirming.authenticate(offered, None)
    await auth_server.stop()
    time.advance(60)
    assert await confirming.authenticate(offered, None) == ADA
    assert confirming.cached(offered, None, time.clock()) == ADA
    with pytest.raises(Unavailable):
        await confirming.authenticate("Bearer " + token(sub="bob"), None)


async def test_no_credential_is_ever_shown_or_logged(
    authenticator: Authenticator,
    confirming: Authenticator,
    auth_server: AuthServer,
    logged: Logged,
    capfd: pytest.CaptureFixture[str],
) -> None:
    wrong_key = "7hTq-a-key-that-is-not-ours"
    confirmed = token(sub="confirmed")
    offered = [
        *(token(SECRET[::-1]), token(exp=1), token(nbf=10**11), token(role="root")),
        *(token("", "none"), forged({"alg": "HS512"}, {"sub": "eve"}), token()[:-9], "x" * 9000),
        *(forged({"alg": "HS256", "kid": 7}, {}), token(sub="1"), token(sub="2"), confirmed),
    ]
    errors: list[Any] = []
    responses = [{"status": 401}, {"status": 500}, {"text": "<html>"}, None]
    for response in responses:
        auth_server.response = response
        for asked in (authenticator, confirming):
            errors += [await outcome(asked.authenticate(f"Bearer {one}", None)) for one in offered]
            errors.append(await outcome(asked.authenticate(f"Bearer {token()}", KEY)))
            errors.append(await outcome(asked.authenticate(None, wrong_key)))
    await auth_server.stop()
    errors += [await outcome(confirming.authenticate(f"Bearer {one}", None)) for one in offered]
    secrets = [SECRET, KEY, wrong_key, *offered]
    shown = logged.text() + "".join(capfd.readouterr()) + "".join(map(_everything, errors))
    assert sum(isinstance(error, Unavailable) for error in errors) > 5
    assert sum(isinstance(error, Unauthorized) for error in errors) > 50
    assert "service_away" in shown
    assert [secret for secret in secrets if secret in shown] == []


def _everything(error: object) -> str:
    """What an error and its causes say of themselves."""
    said = ""
    while isinstance(error, BaseException):
        said += f"{error!r} {error} {error.args}"
        error = error.__cause__
    return said


async def test_tokens_of_a_public_key_are_known_too(time: Time) -> None:
    settings = Settings(jwt_public_key=pem(rsa_key()))
    authenticator = Authenticator(TokenVerifier(settings, time.clock), ServiceKeys(settings), None)
    offered = "Bearer " + token(rsa_key(), "RS256")
    assert await authenticator.authenticate(offered, None) == ADA
    assert authenticator.cached(offered, None, time.clock()) == ADA


async def test_so_many_tokens_are_known_and_those_first_verified_are_forgotten(
    authenticator: Authenticator, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.access.authenticator.KNOWN_TOKENS", 2)
    offered = [f"Bearer {token(sub=name)}" for name in ("ada", "bob", "cleo")]
    for one in offered:
        await authenticator.authenticate(one, None)
    known = [authenticator.cached(one, None, time.clock()) for one in offered]
    assert [caller and caller.name for caller in known] == [None, "bob", "cleo"]
