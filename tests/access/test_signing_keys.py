import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from exporter.access.signing_keys import KEPT_SECONDS, UNKNOWN_KID_SECONDS, configured
from exporter.access.tokens import TokenVerifier
from exporter.errors import Unauthorized, Unavailable
from exporter.settings import SettingError, Settings

from ..outside import Logged, Time, outcome, until
from .conftest import SECRET
from .tokens import HOUR, NOW, ec_key, forged, pem, private_pem, rsa_key, token

FRESH_SECONDS = 300


def published(kid: str | None, private: Any, **more: Any) -> dict[str, Any]:
    """A public key as a key server has it."""
    kind = RSAAlgorithm if hasattr(private, "private_numbers") and _is_rsa(private) else ECAlgorithm
    return {**kind.to_jwk(private.public_key(), as_dict=True), "kid": kid, **more}


def _is_rsa(private: Any) -> bool:
    return hasattr(private.public_key(), "encrypt")


class KeyServer:
    """A key server that a test can make slow, broken, or change the keys of."""

    def __init__(self) -> None:
        self.keys = [published("one", rsa_key()), published("two", ec_key())]
        self.answer: web.Response | None = None
        self.calls = 0
        self.go = asyncio.Event()
        self.go.set()
        self.server: TestServer | None = None
        self.port = 0

    async def start(self) -> None:
        """Start it, on the same port as before."""
        app = web.Application()
        app.router.add_get("/jwks", self._handle)
        self.server = TestServer(app, port=self.port)
        await self.server.start_server()
        self.port = self.server.port or 0

    async def stop(self) -> None:
        """Stop it, so that nothing answers any more."""
        if self.server is not None:
            await self.server.close()

    @property
    def url(self) -> str:
        """What JWT_JWKS_URL would be."""
        return f"http://127.0.0.1:{self.port}/jwks"

    async def _handle(self, request: web.Request) -> web.Response:
        self.calls += 1
        await self.go.wait()
        return self.answer or web.json_response({"keys": self.keys})


@pytest.fixture
async def server():
    """A running key server."""
    made = KeyServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def verifier(server: KeyServer, time: Time) -> TokenVerifier:
    """A verifier with the keys of that server."""
    return TokenVerifier(Settings(jwt_jwks_url=server.url), time.clock, time.monotonic)


def signed(kid: str | None, private: Any = None, **claims: Any) -> str:
    """A token that names its key; by default the server's first one."""
    algorithm = "RS256" if private is None or _is_rsa(private) else "ES256"
    header = {} if kid is None else {"kid": kid}
    return token(private or rsa_key(), algorithm, header, exp=NOW + 24 * HOUR, **claims)


async def refused(verifier: TokenVerifier, offered: str) -> str:
    """The reason for which a token is refused."""
    with pytest.raises(Unauthorized) as caught:
        await verifier.verify(offered)
    return caught.value.reason


async def test_tokens_of_published_keys_are_verified_with_one_fetch(
    server: KeyServer, verifier: TokenVerifier
) -> None:
    assert (await verifier.verify(signed("one"))).principal.name == "ada"
    assert (await verifier.verify(signed("two", ec_key()))).principal.name == "ada"
    assert server.calls == 1


async def test_a_verified_token_is_verified_again_when_the_key_set_is_old(
    verifier: TokenVerifier, time: Time
) -> None:
    verified = await verifier.verify(signed("one"))
    assert (verified.until - time.clock()).total_seconds() == FRESH_SECONDS


async def test_calls_at_the_same_time_share_one_fetch(
    server: KeyServer, verifier: TokenVerifier
) -> None:
    server.go.clear()
    calls = [asyncio.create_task(verifier.verify(signed("one"))) for _ in range(20)]
    await until(lambda: server.calls > 0)
    server.go.set()
    assert len(await asyncio.gather(*calls)) == 20
    assert server.calls == 1


async def test_a_key_signs_for_its_own_id_only(verifier: TokenVerifier) -> None:
    assert await refused(verifier, signed("one", rsa_key(number=1))) == "bad_signature"
    assert await refused(verifier, signed("two")) == "bad_algorithm"
    assert await refused(verifier, signed(None)) == "unknown_kid"


async def test_a_public_key_of_the_set_is_no_secret(verifier: TokenVerifier) -> None:
    claims = {"sub": "eve", "exp": NOW + HOUR}
    offered = forged({"alg": "HS256", "kid": "one"}, claims, pem(rsa_key()).encode())
    assert await refused(verifier, offered) == "bad_algorithm"


@pytest.mark.parametrize("header", [{"alg": "RS256", "kid": 5}, b"[" * 5000, b"{"])
async def test_a_header_that_cannot_be_read_is_refused_without_a_fetch(
    header: Any, server: KeyServer, verifier: TokenVerifier
) -> None:
    assert await refused(verifier, forged(header, {})) == "malformed"
    assert server.calls == 0


async def test_invented_key_ids_do_not_make_it_ask_again(
    server: KeyServer, verifier: TokenVerifier, time: Time
) -> None:
    for number in range(50):
        assert await refused(verifier, signed(f"invented-{number}")) == "unknown_kid"
    assert server.calls == 1
    time.advance(UNKNOWN_KID_SECONDS)
    for number in range(50):
        assert await refused(verifier, signed(f"invented-{number}")) == "unknown_kid"
    assert server.calls == 2


async def test_a_new_key_is_found_and_an_old_one_dropped(
    server: KeyServer, verifier: TokenVerifier, time: Time
) -> None:
    await verifier.verify(signed("one"))
    server.keys = [published("three", rsa_key(number=1))]
    time.advance(UNKNOWN_KID_SECONDS)
    assert await verifier.verify(signed("three", rsa_key(number=1)))
    assert await refused(verifier, signed("one")) == "unknown_kid"


async def test_a_dropped_key_is_noticed_when_the_set_is_old(
    server: KeyServer, verifier: TokenVerifier, time: Time
) -> None:
    await verifier.verify(signed("one"))
    server.keys = [published("two", ec_key())]
    await verifier.verify(signed("one"))
    time.advance(FRESH_SECONDS)
    assert await refused(verifier, signed("one")) == "unknown_kid"


async def test_without_the_key_server_the_token_is_not_to_blame(
    server: KeyServer, verifier: TokenVerifier, time: Time, logged: Logged
) -> None:
    await server.stop()
    for _ in range(3):
        with pytest.raises(Unavailable) as caught:
            await verifier.verify(signed("one"))
        assert caught.value.retry_after == 5
    assert logged.events() == ["service_away"]
    await server.start()
    with pytest.raises(Unavailable):
        await verifier.verify(signed("one"))  # it is left alone for a while
    time.advance(5)
    assert await verifier.verify(signed("one"))
    assert logged.events() == ["service_away", "service_back"]


async def test_known_keys_go_on_working_without_the_key_server_for_a_while(
    server: KeyServer, verifier: TokenVerifier, time: Time
) -> None:
    await verifier.verify(signed("one"))
    await server.stop()
    time.advance(KEPT_SECONDS - 1)
    assert await verifier.verify(signed("one"))
    with pytest.raises(Unavailable):
        await verifier.verify(signed("three"))
    time.advance(1)
    with pytest.raises(Unavailable):
        await verifier.verify(signed("one"))
    await server.start()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "/elsewhere"}},
        {"text": "not JSON"},
        {"body": b"\xff\xfe\xfd"},
        {"text": "[]"},
        {"text": "{}"},
        {"text": '{"keys": []}'},
        {"text": '{"keys": "none"}'},
        {"text": '{"keys": [5]}'},
        {"text": '{"keys": [{"kty": "RSA", "kid": "one", "alg": ["RS256"]}]}'},
        {"text": "[" * 100_000},
    ],
)
async def test_a_key_server_that_gives_no_keys_counts_as_down(
    answer: dict[str, Any], server: KeyServer, verifier: TokenVerifier
) -> None:
    server.answer = web.Response(**answer)
    assert isinstance(await outcome(verifier.verify(signed("one"))), Unavailable)


async def test_keys_of_no_use_here_are_passed_over(
    server: KeyServer, verifier: TokenVerifier
) -> None:
    shared = {"kty": "oct", "kid": "shared", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IDEyMzQ"}
    server.keys += [
        shared,
        published("other-algorithm", rsa_key(), alg="RS384"),
        published("other-curve", ec_key(ec.SECP384R1)),
        published("to-encrypt", rsa_key(), use="enc"),
        published("too-short", rsa_key(1024)),
        published(None, rsa_key()),
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "!"},
    ]
    assert await verifier.verify(signed("one"))
    for kid in ("other-algorithm", "other-curve", "to-encrypt", "too-short", "broken", "shared"):
        assert await refused(verifier, signed(kid)) == "unknown_kid"
    secret = b"secret secret secret secret 1234"
    for algorithm in ("HS256", "RS256"):
        offered = forged({"alg": algorithm, "kid": "shared"}, {"sub": "e", "exp": NOW + 9}, secret)
        assert await refused(verifier, offered) == "unknown_kid"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "No key to verify tokens with"),
        ({"jwt_secret": SECRET, "jwt_public_key": pem(rsa_key())}, "JWT_SECRET and JWT_PUBLIC_KEY"),
        ({"jwt_secret": SECRET, "jwt_jwks_url": "http://k"}, "JWT_SECRET and JWT_JWKS_URL"),
        (
            {"jwt_public_key": pem(rsa_key()), "jwt_jwks_url": "http://k"},
            "JWT_PUBLIC_KEY and JWT_JWKS_URL",
        ),
        ({"jwt_public_key": "no key"}, "does not hold a public key in PEM"),
        ({"jwt_public_key": pem(rsa_key())[:100]}, "does not hold a public key in PEM"),
        ({"jwt_public_key": private_pem(ec_key())}, "does not hold a public key in PEM"),
        ({"jwt_public_key": pem(rsa_key(1024))}, "is not a key for RS256"),
        ({"jwt_public_key": pem(ec_key(ec.SECP384R1))}, "is not a key for RS256"),
        ({"jwt_public_key": pem(ed25519.Ed25519PrivateKey.generate())}, "is not a key for RS256"),
    ],
)
def test_keys_that_cannot_be_used_stop_the_start(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        configured(Settings(**given))
    assert SECRET not in str(caught.value)
