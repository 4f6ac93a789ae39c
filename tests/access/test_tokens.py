import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.access.principal import Principal, Role
from exporter.access.refusals import MESSAGES, Reason
from exporter.access.tokens import LEEWAY, LONGEST_TOKEN, TokenVerifier, issue
from exporter.errors import Unauthorized
from exporter.settings import Settings

from ..outside import START, Time, outcome
from .conftest import SECRET
from .tokens import HOUR, NOW, ec_key, forged, pem, rsa_key, token

HS256 = TokenVerifier(Settings(jwt_secret=SECRET), Time().clock)


async def refused(verifier: TokenVerifier, offered: str) -> str:
    """The reason for which a token is refused."""
    with pytest.raises(Unauthorized) as caught:
        await verifier.verify(offered)
    assert caught.value.message == MESSAGES[Reason(caught.value.reason)]
    return caught.value.reason


async def test_a_token_that_says_little_speaks_for_a_user_with_the_defaults() -> None:
    verified = await HS256.verify(token())
    assert verified.principal == Principal(Role.USER, "ada", "default", "free")
    assert verified.until == START + timedelta(seconds=HOUR) + LEEWAY


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"role": "admin"}, Principal(Role.ADMIN, "ada", "default", "free")),
        ({"role": "user", "plan": "pro"}, Principal(Role.USER, "ada", "default", "pro")),
        ({"tenant": "acme"}, Principal(Role.USER, "ada", "acme", "free")),
        ({"sub": None, "id": "bob"}, Principal(Role.USER, "bob", "default", "free")),
        ({"sub": "ada", "id": "bob"}, Principal(Role.USER, "ada", "default", "free")),
        ({"sub": 42}, Principal(Role.USER, "42", "default", "free")),
        ({"sub": 0}, Principal(Role.USER, "0", "default", "free")),
        ({"sub": "x" * 128}, Principal(Role.USER, "x" * 128, "default", "free")),
        ({"sub": "ádá 🦊"}, Principal(Role.USER, "ádá 🦊", "default", "free")),
        ({"aud": "web", "iss": 5, "jti": [1], "iat": "x", "scope": {}}, None),
        ({"exp": NOW + 0.5}, None),
        ({"exp": 1e300}, None),
        ({"exp": 10**17}, None),
        ({"nbf": NOW - 5}, None),
    ],
)
async def test_the_claims_say_who_is_calling(
    claims: dict[str, Any], expected: Principal | None
) -> None:
    verified = await HS256.verify(token(**claims))
    assert verified.principal == (expected or Principal(Role.USER, "ada", "default", "free"))


async def test_a_null_claim_counts_as_absent() -> None:
    claims = {"sub": "ada", "exp": NOW + 9, "id": None, "role": None, "plan": None, "nbf": None}
    verified = await HS256.verify(forged({"alg": "HS256"}, claims))
    assert verified.principal == Principal(Role.USER, "ada", "default", "free")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "soon"},
        {"exp": str(NOW + HOUR)},
        {"exp": True},
        {"exp": [NOW + HOUR]},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"nbf": "soon"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 129},
        {"sub": "a\nb"},
        {"sub": "a\x00"},
        {"sub": "a\n"},
        {"sub": "\ud800"},
        {"sub": 1.5},
        {"sub": True},
        {"sub": ["ada"]},
        {"sub": {"$ne": None}},
        {"sub": 10**128},
        {"sub": -(10**127)},
        {"role": "service"},
        {"role": "Admin"},
        {"role": "root"},
        {"role": ""},
        {"role": ["admin"]},
        {"role": 1},
        {"plan": 1},
        {"plan": ""},
        {"plan": "x" * 129},
        {"tenant": ""},
        {"tenant": "x" * 129},
        {"tenant": "a\tb"},
        {"tenant": ["a"]},
    ],
)
async def test_claims_that_are_not_as_they_should_be_are_refused(claims: dict[str, Any]) -> None:
    assert await refused(HS256, token(**claims)) == "bad_claims"


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"[]", b"null", b"{", b'"ada"', b"\xff\xfe"),
        b'{"exp":1' + b"0" * 5000 + b"}",
        b'{"sub":"ada","exp":9999999999,"x":' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
)
async def test_a_signed_payload_that_is_no_object_of_claims_is_refused(payload: bytes) -> None:
    assert await refused(HS256, forged({"alg": "HS256"}, payload)) == "bad_claims"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 10}, "expired"),
        ({"exp": 0}, "expired"),
        ({"exp": -1e300}, "expired"),
        ({"nbf": NOW + 11}, "not_yet_valid"),
        ({"nbf": 1e300}, "not_yet_valid"),
    ],
)
async def test_a_token_outside_its_time_is_refused(claims: dict[str, Any], reason: str) -> None:
    assert await refused(HS256, token(**claims)) == reason


async def test_a_clock_that_is_a_little_off_is_borne_with() -> None:
    assert await HS256.verify(token(exp=NOW - 9))
    assert await HS256.verify(token(nbf=NOW + 10))


async def test_a_token_that_is_signed_with_another_secret_is_refused() -> None:
    assert (
        await refused(HS256, token("another secret, and just as long as ours")) == "bad_signature"
    )


async def test_a_changed_token_is_refused() -> None:
    head, _, signature = token().split(".")
    payload = token(role="admin").split(".")[1]
    assert await refused(HS256, f"{head}.{payload}.{signature}") == "bad_signature"
    assert await refused(HS256, f"{head}.{payload}.") == "bad_signature"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS256", "", None])
async def test_the_token_does_not_choose_its_algorithm(algorithm: str | None) -> None:
    claims = {"sub": "ada", "exp": NOW + HOUR}
    assert await refused(HS256, forged({"alg": algorithm}, claims)) == "bad_algorithm"
    unsigned = forged({"alg": algorithm}, claims).rpartition(".")[0] + "."
    assert await refused(HS256, unsigned) == "bad_algorithm"


async def test_a_header_without_an_algorithm_is_refused() -> None:
    assert await refused(HS256, forged({}, {"sub": "ada", "exp": NOW + 9})) == "bad_algorithm"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "kid": 5},
        {"alg": "HS256", "kid": ["a"]},
        {"alg": "HS256", "crit": ["exp"]},
        {"alg": "HS256", "b64": False, "crit": ["b64"]},
        ["HS256"],
        b"null",
        b"[" * 5000,
        b"\xff",
    ],
)
async def test_a_header_that_asks_for_something_odd_is_refused(header: Any) -> None:
    assert await refused(HS256, forged(header, {"sub": "ada", "exp": NOW + 9})) == "malformed"


@pytest.mark.parametrize(
    "kid", ["../../dev/null", "/proc/sys/kernel/random/boot_id", "' OR 1=1 --", "http://evil", ""]
)
async def test_with_one_key_a_key_id_means_nothing(kid: str) -> None:
    header = {"alg": "HS256", "kid": kid, "jku": "http://evil/jwks", "jwk": {"kty": "oct"}}
    good = forged(header, {"sub": "ada", "exp": NOW + HOUR})
    assert (await HS256.verify(good)).principal.name == "ada"
    bad = forged(header, {"sub": "ada", "exp": NOW + HOUR}, secret=b"")
    assert await refused(HS256, bad) == "bad_signature"


@pytest.mark.parametrize("private", [rsa_key(), ec_key()], ids=["RS256", "ES256"])
async def test_a_public_key_is_no_secret(private: Any) -> None:
    verifier = TokenVerifier(Settings(jwt_public_key=pem(private)), Time().clock)
    for secret in (pem(private), pem(private).strip(), ""):
        forgery = forged({"alg": "HS256"}, {"sub": "a", "exp": NOW + 9}, secret.encode())
        assert await refused(verifier, forgery) == "bad_algorithm"


@pytest.mark.parametrize(
    ("algorithm", "private", "other"),
    [("RS256", rsa_key(), rsa_key(number=1)), ("ES256", ec_key(), ec_key(number=1))],
    ids=["RS256", "ES256"],
)
@pytest.mark.parametrize("escaped", [False, True])
async def test_a_public_key_verifies_its_own_tokens_only(
    algorithm: str, private: Any, other: Any, escaped: bool
) -> None:
    text = pem(private).replace("\n", "\\n") if escaped else pem(private)
    verifier = TokenVerifier(Settings(jwt_public_key=text), Time().clock)
    assert (await verifier.verify(token(private, algorithm))).principal.name == "ada"
    assert await refused(verifier, token(other, algorithm)) == "bad_signature"
    wrong = ("ES256", ec_key()) if algorithm == "RS256" else ("RS256", rsa_key())
    assert await refused(verifier, token(wrong[1], wrong[0])) == "bad_algorithm"


async def test_a_key_for_one_algorithm_is_not_used_for_a_sister() -> None:
    verifier = TokenVerifier(Settings(jwt_public_key=pem(rsa_key())), Time().clock)
    for algorithm in ("RS384", "RS512", "PS256"):
        assert await refused(verifier, token(rsa_key(), algorithm)) == "bad_algorithm"


async def test_a_huge_token_is_refused_before_it_is_read() -> None:
    assert await refused(HS256, "a" * (LONGEST_TOKEN + 1)) == "too_long"
    assert await refused(HS256, token(x="a" * LONGEST_TOKEN)) == "too_long"


@pytest.mark.parametrize(
    "offered", ["", ".", "..", "...", "a.b.c", "a.b", "é.é.é", "\udcff.a.b", "a b c", "🦊" * 40]
)
async def test_what_is_no_token_is_malformed(offered: str) -> None:
    assert await refused(HS256, offered) == "malformed"


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
async def test_any_text_is_refused_and_nothing_else(offered: str) -> None:
    await refused(HS256, offered)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), JSON),
    payload=st.dictionaries(st.sampled_from(["sub", "id", "exp", "nbf", "role", "plan"]), JSON),
)
@settings(max_examples=100, deadline=None)
async def test_any_header_and_claims_are_refused_or_verified(
    header: dict[str, Any], payload: dict[str, Any]
) -> None:
    for head in (header, {"alg": "HS256"}):
        result = await outcome(HS256.verify(forged(head, payload)))
        if isinstance(result, Unauthorized):
            assert result.reason in set(Reason)
        else:
            assert result.principal.role in {Role.USER, Role.ADMIN}


async def test_an_issued_token_is_accepted_until_it_expires(time: Time) -> None:
    verifier = TokenVerifier(Settings(jwt_secret=SECRET), time.clock)
    made = issue(
        SECRET, sub="ada", role="admin", plan="pro", tenant="acme", ttl_seconds=60, now=START
    )
    assert (await verifier.verify(made)).principal == Principal(Role.ADMIN, "ada", "acme", "pro")
    time.advance(60 + LEEWAY.total_seconds())
    assert await refused(verifier, made) == "expired"


async def test_a_short_secret_works_where_it_is_allowed() -> None:
    verifier = TokenVerifier(Settings(jwt_secret="dev"), Time().clock)
    made = issue("dev", sub="a", role="user", plan="p", tenant="t", ttl_seconds=9, now=START)
    assert (await verifier.verify(made)).principal.name == "a"
    claims = {"sub": "b", "exp": NOW + 9}
    assert (await verifier.verify(forged({"alg": "HS256"}, claims, b"dev"))).principal.name == "b"


@pytest.mark.parametrize(
    "wrong",
    [{"role": "service"}, {"sub": ""}, {"sub": "a\nb"}, {"tenant": "x" * 129}, {"plan": ""}],
)
def test_a_token_that_would_not_be_accepted_is_not_issued(wrong: dict[str, str]) -> None:
    claims = {"sub": "a", "role": "user", "plan": "p", "tenant": "t", **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        issue(SECRET, **claims, ttl_seconds=9, now=datetime.now(UTC))


def test_every_reason_has_its_sentence() -> None:
    assert set(MESSAGES) == set(Reason)
    assert json.dumps(list(MESSAGES.values())).count(".") == len(MESSAGES)
