"""The auth service's word on a token, which wins over the token's own claims.

It is asked once a minute for each token in use. While it is down, what it said in the last
15 minutes goes on counting, and a token it has not confirmed gets 503 rather than 401: nobody has
found anything wrong with it.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

import aiohttp

from ..clock import EPOCH, Clock, now
from ..errors import Unavailable
from ..outage import Outage
from ..single_flight import SingleFlight
from .cache import KEPT_SECONDS, Confirmation, ConfirmationCache
from .claims import apply, read_confirmed
from .refusals import Reason, refuse
from .tokens import Verified

FRESH = timedelta(seconds=60)
KEPT = timedelta(seconds=KEPT_SECONDS)
LIMIT_SECONDS = 5.0
"""For a confirmation, waiting for its turn included."""
CONCURRENT = 16
RETRY_SECONDS = 5
LARGEST_ANSWER = 64 * 1024
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def open_session() -> aiohttp.ClientSession:
    """The session for AuthService; the caller closes it.

    It keeps no cookies: one that is set for one user must not travel with another's token.
    """
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())


class AuthService:
    """Confirms tokens with `GET {url}/auth/me`."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        cache: ConfirmationCache,
        *,
        clock: Clock = now,
        monotonic: Callable[[], float] = time.monotonic,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        """`session` is one that `open_session` made; TypeError for one that keeps cookies."""
        if not isinstance(session.cookie_jar, aiohttp.DummyCookieJar):
            raise TypeError("the auth service's session must not keep cookies: use open_session()")
        self._address = f"{url}/auth/me"
        self._session = session
        self._cache = cache
        self._clock = clock
        self._limit_seconds = limit_seconds
        self._unreachable = Outage("auth service", RETRY_SECONDS, monotonic)
        # An answer like 500 may be about one token only, so it keeps no other from being tried.
        self._failing = Outage("auth service's answers", 0.0, monotonic)
        self._calls: SingleFlight[bytes, Confirmation] = SingleFlight()
        self._turns = asyncio.Semaphore(CONCURRENT)

    async def confirm(self, token: str, digest: bytes, verified: Verified) -> Verified:
        """Whom a verified token speaks for, as the auth service has it; `digest` is digest.py's.

        Raises Unauthorized where it refuses the token, Unavailable where it cannot be asked and
        said nothing of the token lately.
        """
        kept = await self._cache.get(digest)
        # Another replica's clock may be ahead of this one, which makes its word no fresher.
        at = EPOCH if kept is None else min(kept.at, self._clock())
        if kept is not None and self._clock() < at + FRESH:
            return _together(verified, kept, at + FRESH)
        try:
            answer = await self._calls.run(digest, lambda: self._ask(token, digest))
        except Unavailable:
            moment = self._clock()
            if kept is None or moment >= at + KEPT:
                raise
            retry_at = moment + timedelta(seconds=RETRY_SECONDS)
            return _together(verified, kept, min(retry_at, at + KEPT))
        return _together(verified, answer, answer.at + FRESH)

    async def _ask(self, token: str, digest: bytes) -> Confirmation:
        status, body = await self._call(token)
        if status in REFUSED:
            await self._cache.forget(digest)
            raise refuse(Reason.REJECTED)
        if status != HTTPStatus.OK:
            self._failing.failed(f"status {status}")
            raise _unavailable()
        try:
            said = read_confirmed(body)
        except ValueError as error:
            self._failing.failed("not JSON")
            raise _unavailable() from error
        self._failing.succeeded()
        confirmation = Confirmation(said, self._clock())
        await self._cache.put(digest, confirmation)
        return confirmation

    async def _call(self, token: str) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        if not self._unreachable.attempt():
            raise _unavailable()
        try:
            async with (
                asyncio.timeout(self._limit_seconds),
                self._turns,
                self._session.get(
                    self._address,
                    headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
                    allow_redirects=False,  # a token goes to the configured service only
                ) as response,
            ):
                status, body = response.status, await _read(response)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            self._unreachable.failed(type(error).__name__)
            raise _unavailable() from error
        self._unreachable.succeeded()
        return status, body


async def _read(response: aiohttp.ClientResponse) -> bytes:
    try:
        await response.content.readexactly(LARGEST_ANSWER + 1)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    return b""  # too large to be what was asked for, and read as no JSON


def _together(verified: Verified, confirmation: Confirmation, until: datetime) -> Verified:
    principal = apply(confirmation.said, verified.principal)
    return Verified(principal, min(verified.until, until))


def _unavailable() -> Unavailable:
    return Unavailable("The token cannot be confirmed just now.", RETRY_SECONDS)
