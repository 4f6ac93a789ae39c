"""JSON answers on the wire, to callers of each version of HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from exporter.web.json_response import JsonResponse

from ..conftest import Service

ALIVE = b'{"status":"ok"}'


class Wire:
    """A connection to the service, over which HTTP is spoken letter by letter."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *lines: str) -> None:
        """Send the lines of one or more calls."""
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

    async def head(self) -> tuple[str, dict[str, str]]:
        """The status line and the headers of the next answer."""
        text = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = text.strip().split("\r\n")
        return status, dict(line.split(": ", 1) for line in lines)

    async def body(self, headers: dict[str, str]) -> bytes:
        """The body that belongs to those headers."""
        return await self._reader.readexactly(int(headers["Content-Length"]))

    async def rest(self) -> bytes:
        """What comes until the service closes the connection."""
        return await self._reader.read()


@asynccontextmanager
async def wire(service: Service) -> AsyncIterator[Wire]:
    """A connection to the service."""
    url = service.client.make_url("/")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


async def test_a_connection_stays_for_the_next_call(service: Service) -> None:
    async with wire(service) as line:
        for _ in range(3):
            await line.say("GET /-/healthy HTTP/1.1", "Host: x", "")
            status, headers = await line.head()
            assert status == "HTTP/1.1 200 OK"
            assert headers["Content-Type"] == "application/json"
            assert "Connection" not in headers
            assert parsedate_to_datetime(headers["Date"]).tzinfo is not None
            assert await line.body(headers) == ALIVE


async def test_calls_that_come_together_are_answered_in_turn(service: Service) -> None:
    async with wire(service) as line:
        call = ("GET /-/healthy HTTP/1.1", "Host: x", "X-Request-Id: {}", "")
        await line.say(*(part.format(name) for name in "abc" for part in call))
        for name in "abc":
            _, headers = await line.head()
            assert headers["X-Request-Id"] == name
            assert await line.body(headers) == ALIVE


@pytest.mark.parametrize(
    ("version", "said", "told"),
    [
        ("1.1", "close", "close"),
        ("1.0", "keep-alive", "keep-alive"),
        ("1.0", "close", "close"),
        ("1.0", None, "close"),
    ],
)
async def test_who_asks_for_it_is_told_whether_the_connection_stays(
    service: Service, version: str, said: str | None, told: str | None
) -> None:
    async with wire(service) as line:
        asked = () if said is None else (f"Connection: {said}",)
        await line.say(f"GET /-/healthy HTTP/{version}", "Host: x", *asked, "")
        status, headers = await line.head()
        assert status == "HTTP/1.1 200 OK"
        assert headers.get("Connection") == told
        assert await line.body(headers) == ALIVE
        if told == "keep-alive":
            await line.say("GET /-/healthy HTTP/1.0", "Host: x", "")
            _, headers = await line.head()
            assert await line.body(headers) == ALIVE
        assert await line.rest() == b""


async def test_a_head_has_the_length_and_not_the_body(service: Service) -> None:
    async with wire(service) as line:
        await line.say("HEAD /-/healthy HTTP/1.1", "Host: x", "")
        _, headers = await line.head()
        assert headers["Content-Length"] == str(len(ALIVE))
        await line.say("GET /-/healthy HTTP/1.1", "Host: x", "")
        status, headers = await line.head()
        assert status == "HTTP/1.1 200 OK"
        assert await line.body(headers) == ALIVE


async def test_an_answer_can_ask_for_the_end_of_its_connection() -> None:
    async def last(_: web.Request) -> JsonResponse:
        response = JsonResponse(200, ALIVE)
        response.force_close()
        return response

    app = web.Application()
    app.router.add_get("/", last)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/")
        assert response.headers["Connection"] == "close"
        assert await response.read() == ALIVE


async def test_an_answer_is_prepared_before_it_is_sent_and_has_one_body() -> None:
    async def careless(request: web.Request) -> JsonResponse:
        response = JsonResponse(200, ALIVE)
        assert not response.prepared
        with pytest.raises(RuntimeError):
            await response.write_eof()
        await response.prepare(request)
        assert response.prepared
        with pytest.raises(RuntimeError):
            await response.write_eof(b"more")
        return response

    app = web.Application()
    app.router.add_get("/", careless)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/")
        assert (response.status, await response.read()) == (200, ALIVE)
