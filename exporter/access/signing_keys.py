"""The keys that tokens are signed with: one from the settings, or a key set (JWKS) fetched.

A key goes with the one algorithm that it may be used for. What a token says of its algorithm is
only ever compared with that, so a public key can never be taken for the secret of an HS256 token.
"""

import asyncio
import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ..errors import Unavailable
from ..outage import Outage
from ..settings import SettingError, Settings
from ..single_flight import SingleFlight
from .refusals import Reason, refuse

FRESH_SECONDS = 300.0
"""A key set older than this is fetched again before it is used."""
KEPT_SECONDS = 900.0
"""While the key server is down, known keys go on working until their set is this old."""
UNKNOWN_KID_SECONDS = 30.0
"""A key id that a younger set does not know is refused without another fetch."""
FETCH_SECONDS = 5.0
LEAST_RSA_BITS = 2048
HMAC_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key to verify with, and the only algorithm that it is used for."""

    key: Any = field(repr=False)
    algorithm: str


class SigningKeys(Protocol):
    """Where a token's key comes from."""

    @property
    def trusted_for(self) -> timedelta | None:
        """How long a token stays verified before its key is looked up again; None: for good."""

    async def find(self, token: str) -> SigningKey:
        """The key that a token is to be verified with.

        Raises Unauthorized without such a key, Unavailable where that cannot be known just now.
        """


class OneKey:
    """The one key of the settings, whatever a token says of its key."""

    trusted_for = None

    def __init__(self, key: SigningKey) -> None:
        self.key = key

    async def find(self, token: str) -> SigningKey:
        """The key."""
        return self.key


class KeySet:
    """The RS256 and ES256 keys that a key server publishes, by their `kid`.

    Neither a flood of invented key ids nor a key server that is down makes this ask it more than
    once in `UNKNOWN_KID_SECONDS` or in the pause of an outage.
    """

    trusted_for = timedelta(seconds=FRESH_SECONDS)

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_SECONDS)
        self._monotonic = monotonic
        self._outage = Outage("key server", monotonic=monotonic)
        self._fetches: SingleFlight[str, None] = SingleFlight()
        self._keys: dict[str, SigningKey] = {}
        self._fetched = float("-inf")

    async def find(self, token: str) -> SigningKey:
        """The published key that the token's header names; see SigningKeys."""
        kid = _kid(token)
        key = self._keys.get(kid)
        age = self._monotonic() - self._fetched
        if key is not None and age < FRESH_SECONDS:
            return key
        if key is None and age < UNKNOWN_KID_SECONDS:
            raise refuse(Reason.UNKNOWN_KID)
        try:
            await self._fetches.run("keys", self._fetch)
        except Unavailable:
            if key is not None and age < KEPT_SECONDS:
                return key
            raise
        key = self._keys.get(kid)
        if key is None:
            raise refuse(Reason.UNKNOWN_KID)
        return key

    async def _fetch(self) -> None:
        message = "The keys that tokens are signed with cannot be had just now."
        retry_after = int(self._outage.pause_seconds)
        if not self._outage.attempt():
            raise Unavailable(message, retry_after)
        try:
            # PyJWT's limit is for each step on the way; a server that drips is cut off here.
            async with asyncio.timeout(2 * FETCH_SECONDS):
                published = await asyncio.to_thread(self._client.get_signing_keys)
        except (
            jwt.PyJWTError,
            http.client.HTTPException,
            OSError,
            ValueError,
            TypeError,
            RecursionError,
        ) as error:
            self._outage.failed(type(error).__name__)
            raise Unavailable(message, retry_after) from error
        self._outage.succeeded()
        self._keys = {
            str(part.key_id): SigningKey(part.key, part.algorithm_name)
            for part in published
            if algorithm_for(part.key) == part.algorithm_name
        }
        self._fetched = self._monotonic()


def _kid(token: str) -> str:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise refuse(Reason.MALFORMED) from error
    if kid is None:
        raise refuse(Reason.UNKNOWN_KID)
    return str(kid)


def algorithm_for(key: object) -> str | None:
    """The algorithm that goes with a public key, None where it is of no kind accepted here."""
    if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return "RS256"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "ES256"
    return None


def hmac_key(secret: str) -> SigningKey:
    """The HS256 key of a secret.

    It is filled up with zero bytes, as HMAC itself does with a short key: the signatures are the
    same, and PyJWT has nothing to warn of on every call. Whether a secret is strong enough is
    decided once, at the start (development.py).
    """
    return SigningKey(secret.encode(errors="surrogateescape").ljust(HMAC_BYTES, b"\0"), "HS256")


def public_key(pem: str) -> SigningKey:
    """The key of JWT_PUBLIC_KEY; line ends may be written as `\\n`, as in many .env files.

    Raises SettingError for anything but a public RSA key of 2048 bits or more, or a P-256 key.
    """
    try:
        key = load_pem_public_key(pem.replace("\\n", "\n").encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingError("JWT_PUBLIC_KEY does not hold a public key in PEM.") from error
    algorithm = algorithm_for(key)
    if algorithm is None:
        raise SettingError(
            "JWT_PUBLIC_KEY is not a key for RS256 (RSA, 2048 bits or more) or ES256 (P-256)."
        )
    return SigningKey(key, algorithm)


def configured(settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> SigningKeys:
    """The keys that the settings name; SettingError if none, or more than one source, is given."""
    sources = {
        "JWT_SECRET": settings.jwt_secret,
        "JWT_PUBLIC_KEY": settings.jwt_public_key,
        "JWT_JWKS_URL": settings.jwt_jwks_url,
    }
    given = [name for name, value in sources.items() if value]
    if len(given) > 1:
        raise SettingError(
            f"{' and '.join(given)} are set: which of them verifies a token is ambiguous; keep one."
        )
    if settings.jwt_secret:
        return OneKey(hmac_key(settings.jwt_secret))
    if settings.jwt_public_key:
        return OneKey(public_key(settings.jwt_public_key))
    if settings.jwt_jwks_url:
        return KeySet(settings.jwt_jwks_url, monotonic)
    raise SettingError(
        "No key to verify tokens with: set JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL."
    )
