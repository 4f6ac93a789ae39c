"""Who is calling, from the two headers that may say so."""

from collections import OrderedDict
from datetime import datetime

from .auth_service import AuthService
from .digest import digest
from .keys import ServiceKeys
from .principal import Principal
from .refusals import Reason, refuse
from .tokens import TokenVerifier, Verified

KNOWN_TOKENS = 20_000
SCHEME = "bearer"


class Authenticator:
    """Makes a Principal of a call's credential.

    What a token came to is kept by the digest of its header, never with the token, and for no
    longer than it holds: until the token expires, or the auth service's word or the key set is old.
    """

    def __init__(
        self, tokens: TokenVerifier, keys: ServiceKeys, confirm: AuthService | None
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._confirm = confirm
        # In the order of their verification. To keep them in the order of their last use would
        # take more of each call than it takes to verify one again that is still in use.
        self._known: OrderedDict[bytes, Verified] = OrderedDict()

    def cached(
        self, authorization: str | None, api_key: str | None, now: datetime
    ) -> Principal | None:
        """The caller, where that takes no waiting: a service key, or a token that was seen before
        and holds at `now`.

        None says nothing yet: `authenticate` finds out. This raises nothing.
        """
        if api_key:
            return None if _bearer(authorization) else self._keys.find(api_key)
        if not authorization:
            return None
        known = self._known.get(digest(authorization))
        return None if known is None or now >= known.until else known.principal

    async def authenticate(
        self, authorization: str | None, api_key: str | None, *, key_as_token: bool = False
    ) -> Principal:
        """The caller, from the headers Authorization and X-API-Key.

        With `key_as_token` a bearer token may also be a service key, for senders that cannot set
        a header of their own.

        A call that sends both a bearer token and a service key is refused: they are two different
        callers, and which of them is meant decides whose records are read. Another scheme in
        Authorization (a proxy's own, say) does not stand in a service key's way.

        Raises Unauthorized, with one of refusals.Reason, or Unavailable where the credential
        cannot be checked just now.
        """
        found = self.cached(authorization, api_key, self._tokens.clock())
        if found is not None:
            return found
        token = _bearer(authorization)
        if api_key:
            raise refuse(Reason.AMBIGUOUS if token else Reason.UNKNOWN_KEY)
        if not authorization:
            raise refuse(Reason.MISSING)
        if not token:
            raise refuse(Reason.MALFORMED)
        if key_as_token and (found := self._keys.find(token)) is not None:
            return found
        verified = await self._tokens.verify(token)
        if self._confirm is not None:
            verified = await self._confirm.confirm(token, digest(token), verified)
        self._known[digest(authorization)] = verified
        if len(self._known) > KNOWN_TOKENS:
            self._known.popitem(last=False)
        return verified.principal


def _bearer(authorization: str | None) -> str:
    """The token in an Authorization header, empty where there is none."""
    if not authorization:
        return ""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == SCHEME else ""
