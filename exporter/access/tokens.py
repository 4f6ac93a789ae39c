"""Bearer tokens (JWT): verified against the configured key, and issued for the command line."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
import msgspec

from ..clock import EPOCH, Clock, now
from ..settings import Settings
from .claims import Claims, principal_of, read_claims
from .principal import Principal
from .refusals import Reason, refuse
from .signing_keys import SigningKey, configured, hmac_key

LONGEST_TOKEN = 8192
"""Characters; a longer one is refused before any work is done on it."""
LEEWAY = timedelta(seconds=10)
"""By how much `exp` and `nbf` may be off, for clocks that are not quite together."""

_JWS = jwt.PyJWS(algorithms=["HS256", "RS256", "ES256"])
_LATEST_SECONDS = (datetime.max.replace(tzinfo=UTC) - EPOCH).total_seconds() - 86_400


@dataclass(frozen=True, slots=True)
class Verified:
    """Who a token speaks for, and the moment from which it is to be verified anew."""

    principal: Principal
    until: datetime


class TokenVerifier:
    """Verifies tokens with the one kind of key that the settings name.

    The result is not kept here: the Authenticator keeps it, together with what the auth service
    said, so that a known token costs one look-up.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises SettingError where the settings name no key, two, or one that is unfit."""
        self.clock = clock
        self._keys = configured(settings, monotonic)

    async def verify(self, token: str) -> Verified:
        """Whom a token speaks for.

        Raises Unauthorized, with one of refusals.Reason, for a token that does not hold, and
        Unavailable where its key cannot be had just now.
        """
        if len(token) > LONGEST_TOKEN:
            raise refuse(Reason.TOO_LONG)
        if not token.isascii():
            raise refuse(Reason.MALFORMED)
        verified = verify(token, await self._keys.find(token), self.clock())
        if self._keys.trusted_for is None:
            return verified
        trusted_until = self.clock() + self._keys.trusted_for
        return Verified(verified.principal, min(verified.until, trusted_until))


def verify(token: str, key: SigningKey, moment: datetime) -> Verified:
    """Whom a token speaks for at `moment`; Unauthorized if it does not hold under `key`."""
    try:
        payload = _JWS.decode(token, key.key, algorithms=[key.algorithm])
    except jwt.InvalidSignatureError as error:
        raise refuse(Reason.BAD_SIGNATURE) from error
    except jwt.InvalidAlgorithmError as error:
        raise refuse(Reason.BAD_ALGORITHM) from error
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise refuse(Reason.MALFORMED) from error
    claims = read_claims(payload)
    until = _moment(claims.exp) + LEEWAY
    if moment >= until:
        raise refuse(Reason.EXPIRED)
    if claims.nbf is not None and moment < _moment(claims.nbf) - LEEWAY:
        raise refuse(Reason.NOT_YET_VALID)
    return Verified(principal_of(claims), until)


def issue(
    secret: str,
    *,
    sub: str,
    role: str,
    plan: str,
    tenant: str,
    ttl_seconds: int,
    now: datetime,
) -> str:
    """An HS256 token for these claims that expires `ttl_seconds` after `now`.

    Raises ValueError for claims that would not be accepted back.
    """
    issued = int((now - EPOCH).total_seconds())
    claims = {
        "sub": sub,
        "role": role,
        "plan": plan,
        "tenant": tenant,
        "iat": issued,
        "exp": issued + ttl_seconds,
    }
    try:
        msgspec.convert(claims, Claims)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    key = hmac_key(secret)
    return _JWS.encode(msgspec.json.encode(claims), key.key, key.algorithm)


def _moment(seconds: float) -> datetime:
    # Held within what a datetime can say: a token may well be good for ever.
    return EPOCH + timedelta(seconds=min(max(seconds, 0), _LATEST_SECONDS))
