"""Channels over HTTP: one POST of JSON an announcement."""

from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp
import msgspec

from ..clock import Clock
from .announcement import Announcement
from .channel import NotNow, Refused

Payload = Callable[[Announcement], Mapping[str, Any]]

LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Statuses below 500 that say nothing against the call itself."""
SHOWN_BYTES = 200
"""Of the body of a refusal: services say there what is wrong."""


class HttpChannel:
    """A service that takes announcements at `url`, in the shape that `payload` gives them.

    The address may be a secret, so it is in no error and no log. Redirects are not followed, for
    the same reason.
    """

    def __init__(
        self,
        name: str,
        url: str,
        payload: Payload,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._url = url
        self._payload = payload
        self._clock = clock
        self._headers = {"Content-Type": "application/json", "User-Agent": "Meterhouse"}
        self._headers.update(headers or {})
        self._session: aiohttp.ClientSession | None = None

    async def send(self, announced: Announcement) -> None:
        """Post it; any status of success will do."""
        body = msgspec.json.encode(self._payload(announced))
        try:
            async with self._opened().post(self._url, data=body, allow_redirects=False) as response:
                said = await response.content.read(SHOWN_BYTES)
        except (aiohttp.ClientError, OSError) as error:
            raise NotNow(type(error).__name__) from error
        if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if response.status in LATER or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NotNow(f"status {response.status}", self._retry_after(response))
        words = " ".join(said.decode(errors="replace").split())
        raise Refused(f"status {response.status} {words}".rstrip())

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        """The session, which can be made only where a loop runs."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), headers=self._headers
            )
        return self._session

    def _retry_after(self, response: aiohttp.ClientResponse) -> float | None:
        """Seconds that the answer asks to wait, which it may say as a number or as a date."""
        text = response.headers.get("Retry-After", "")
        try:
            return max(0.0, float(text))
        except ValueError:
            pass
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        return max(0.0, (until - self._clock()).total_seconds())
