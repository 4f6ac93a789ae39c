"""An answer that is there as a whole, and leaves with its head in one write."""

import re
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time

from aiohttp import HttpVersion10, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.hdrs import METH_HEAD
from multidict import CIMultiDict

from .route import JSON

STARTS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
"""For each status the first line of an answer, to callers of HTTP/1.0 as well (RFC 9110, 6.2)."""
EMPTY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
"""What is answered without a body, and without a word about one."""
LONG = 64 * 1024
"""A body that is longer is not copied behind its head, and follows in a write of its own."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Always:
    """The headers of every answer, where it does not say something else itself."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = CIMultiDict(headers)
        self._lines = _lines(self._headers)

    def beside(self, said: CIMultiDict[str]) -> str:
        """The lines of those that are not `said`."""
        if said.keys().isdisjoint(self._headers):  # as nearly always
            return self._lines
        return _lines({name: text for name, text in self._headers.items() if name not in said})


class WholeResponse(web.StreamResponse):
    """A response with its body; what it says is of the type `media`.

    `web.Response` also knows text, payloads, encodings, chunks and cookies, and asks after each of
    them; and its headers are put together one by one and written letter by letter. Both together
    took a sixth of a tracking call. Signals of `on_response_prepare` are not sent.

    headers: what few answers say.
    ready: lines of the head, each with its end, of values that cannot break a line.
    always: what every answer says, where this one does not say it otherwise in its headers.
    """

    def __init__(self, status: int, body: bytes = b"", media: str = JSON) -> None:
        super().__init__(status=status)
        self.body = body
        self.always: Always | None = None
        self.ready = ""
        self._media = media
        self._stays = True
        self._head = b""
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

    def force_close(self) -> None:
        """Have the connection end with this answer."""
        self._stays = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Make the head, which is sent together with the body.

        Raises ValueError for a header that would break its line.
        """
        said = self.headers
        head = f"{STARTS[self.status]}Date: {_date(int(time()))}\r\n{self.ready}"
        if self.status not in EMPTY:
            head += f"Content-Type: {self._media}\r\nContent-Length: {len(self.body)}\r\n"
        if said:
            head += _lines(said)
        if self.always is not None:
            head += self.always.beside(said)
        if not (self._stays and request.keep_alive):
            self._stays = False
            head += "Connection: close\r\n"
        elif request.version == HttpVersion10:
            head += "Connection: keep-alive\r\n"
        self._head = f"{head}\r\n".encode()
        self._body_follows = request.method != METH_HEAD
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send it; RuntimeError for one that was not prepared, or with further `data`."""
        writer = self._writer
        if writer is None or data:
            raise RuntimeError("A whole answer is prepared first, and has no more data than that.")
        body = self.body if self._body_follows else b""
        if len(body) <= LONG:
            await writer.write(self._head + body)
        else:
            await writer.write(self._head)
            await writer.write(body)
        await writer.drain()


def _lines(headers: Mapping[str, str]) -> str:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    for line in lines:
        if _CONTROL.search(line):
            raise ValueError(f"a header that would break its line: {line!r}")
    return "".join([f"{line}\r\n" for line in lines])


@lru_cache(1)
def _date(second: int) -> str:
    """A Unix time as the Date header has it."""
    return formatdate(second, usegmt=True)
