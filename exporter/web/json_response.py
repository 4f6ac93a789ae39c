"""A JSON answer that is there as a whole, and leaves in one write."""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import Final

from aiohttp import HttpVersion10, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from .route import JSON

PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


class JsonResponse(web.StreamResponse):
    """A response with a JSON body.

    `web.Response` also knows text, payloads, encodings, chunks and cookies, and asks after each of
    them: an eighth of a tracking call's time. Signals of `on_response_prepare` are not sent.
    """

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status=status, reason=PHRASES[status])
        self.body = body
        self._stays = True
        self._body_follows = True
        self._writer: AbstractStreamWriter | None = None

    @property
    def prepared(self) -> bool:
        """Whether its head is made, and nothing of it can change any more."""
        return self._writer is not None

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays for another call."""
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Make the head, which is sent together with the body."""
        headers, version = self.headers, request.version
        headers[hdrs.CONTENT_TYPE] = JSON
        headers[hdrs.CONTENT_LENGTH] = str(len(self.body))
        headers[hdrs.DATE] = _date(int(time()))
        self._stays = request.keep_alive and super().keep_alive is not False  # force_close
        if not self._stays:
            headers[hdrs.CONNECTION] = "close"
        elif version == HttpVersion10:
            headers[hdrs.CONNECTION] = "keep-alive"
        self._body_follows = request.method != hdrs.METH_HEAD
        self._writer = writer = request.writer
        line = f"HTTP/{version.major}.{version.minor} {self.status} {self.reason}"
        await writer.write_headers(line, headers)
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send it; RuntimeError for one that was not prepared, or with further `data`."""
        if self._writer is None or data:
            raise RuntimeError("A whole answer is prepared first, and has no more data than that.")
        await self._writer.write_eof(self.body if self._body_follows else b"")


@lru_cache(1)
def _date(second: int) -> str:
    """A Unix time as the Date header has it."""
    return formatdate(second, usegmt=True)
