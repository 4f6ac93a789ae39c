"""Answers on the wire, to callers of each version of HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from exporter.web.whole_response import LONG, Always, WholeResponse

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


Handler = Callable[[web.Request], Awaitable[WholeResponse]]


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """A client of a service with one address."""
    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(TestServer(app)) as client:
        yield client


def always(response: WholeResponse) -> Handler:
    """Gives one answer."""

    async def handle(_: web.Request) -> WholeResponse:
        return response

    return handle


async def test_an_answer_can_ask_for_the_end_of_its_connection() -> None:
    response = WholeResponse(200, ALIVE)
    response.force_close()
    async with answering(always(response)) as client:
        answer = await client.get("/")
        assert answer.headers["Connection"] == "close"
        assert await answer.read() == ALIVE


async def test_an_answer_is_prepared_before_it_is_sent_and_has_one_body() -> None:
    async def careless(request: web.Request) -> WholeResponse:
        response = WholeResponse(200, ALIVE)
        assert not response.prepared
        with pytest.raises(RuntimeError):
            await response.write_eof()
        await response.prepare(request)
        assert response.prepared
        with pytest.raises(RuntimeError):
            await response.write_eof(b"more")
        return response

    async with answering(careless) as client:
        answer = await client.get("/")
        assert (answer.status, await answer.read()) == (200, ALIVE)


async def test_what_an_answer_says_itself_stands_in_the_place_of_what_all_say() -> None:
    response = WholeResponse(200, ALIVE)
    response.always = Always({"Cache-Control": "no-store", "Server": "meterhouse"})
    response.headers["cache-control"] = "max-age=300"
    async with answering(always(response)) as client:
        answer = await client.get("/")
        assert answer.headers.getall("Cache-Control") == ["max-age=300"]
        assert answer.headers.getall("Server") == ["meterhouse"]


async def test_an_answer_may_say_a_header_more_than_once() -> None:
    response = WholeResponse(200, ALIVE)
    response.headers.extend([("Vary", "Accept"), ("Vary", "Origin")])
    async with answering(always(response)) as client:
        answer = await client.get("/")
        assert answer.headers.getall("Vary") == ["Accept", "Origin"]


async def test_a_long_body_comes_whole() -> None:
    body = bytes(range(256)) * 4 * LONG
    async with answering(always(WholeResponse(200, body, "application/octet-stream"))) as client:
        answer = await client.get("/")
        assert answer.content_type == "application/octet-stream"
        assert await answer.read() == body


@pytest.mark.parametrize("status", [204, 304])
async def test_what_has_no_body_says_nothing_of_one(status: int) -> None:
    async with answering(always(WholeResponse(status))) as client:
        answer = await client.get("/")
        assert answer.status == status
        assert not {"Content-Type", "Content-Length"} & answer.headers.keys()
        assert await answer.read() == b""


@pytest.mark.parametrize("header", [("X-Name", "a\r\nX-Other: b"), ("X-Na\nme", "a")])
async def test_a_header_that_would_break_its_line_is_never_sent(header: tuple[str, str]) -> None:
    async def careless(request: web.Request) -> WholeResponse:
        response = WholeResponse(200, ALIVE)
        response.headers[header[0]] = header[1]
        with pytest.raises(ValueError, match="break its line"):
            await response.prepare(request)
        assert not response.prepared
        return WholeResponse(200, ALIVE)

    async with answering(careless) as client:
        answer = await client.get("/")
        assert (answer.status, await answer.read()) == (200, ALIVE)
