"""A channel over HTTP, against a server on this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from exporter.alerts.channel import NotNow, Refused
from exporter.alerts.http_channel import HttpChannel

from ..conftest import NOW, MovingClock
from ..outside import Logged
from .announcements import announcement
from .receivers import HANG, Answer, Receiver, receiving

Open = Callable[..., Awaitable[tuple[HttpChannel, Receiver]]]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens a channel to a receiver that gives these answers."""
    ends: list[Any] = []

    async def open_(*answers: Answer, **options: Any) -> tuple[HttpChannel, Receiver]:
        context = receiving(*answers)
        receiver = await context.__aenter__()
        channel = HttpChannel(
            "test", receiver.url, lambda one: {"said": one.title}, MovingClock(NOW), **options
        )
        ends.extend((channel.close(), context.__aexit__(None, None, None)))
        return channel, receiver

    yield open_
    for end in ends:
        await end


async def test_an_announcement_is_one_post_of_json(opened: Open) -> None:
    channel, receiver = await opened(headers={"Authorization": "Bearer t0ken"})
    await channel.send(announcement())
    assert receiver.bodies == [{"said": "The disk is nearly full."}]
    [headers] = receiver.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_status_of_success_will_do(opened: Open, status: int) -> None:
    channel, receiver = await opened(Answer(status))
    await channel.send(announcement())
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "Sun, 15 Mar 2026 12:02:00 GMT"}, 120.0),
        ({"Retry-After": "Sun, 15 Mar 2026 12:02:00 -0000"}, 120.0),
        ({"Retry-After": "Sun, 15 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
    ],
)
async def test_what_may_succeed_later_says_when(
    opened: Open, headers: dict[str, str], seconds: float | None
) -> None:
    channel, _ = await opened(Answer(429, headers))
    with pytest.raises(NotNow, match="status 429") as failure:
        await channel.send(announcement())
    assert failure.value.retry_after == seconds


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
async def test_a_fault_of_the_server_is_for_later(opened: Open, status: int) -> None:
    channel, _ = await opened(Answer(status))
    with pytest.raises(NotNow, match=f"status {status}"):
        await channel.send(announcement())


async def test_a_refusal_is_for_good_and_quotes_the_beginning_of_the_answer(opened: Open) -> None:
    channel, _ = await opened(Answer(404, text="no\n service " + "x" * 300))
    with pytest.raises(Refused) as failure:
        await channel.send(announcement())
    text = str(failure.value)
    assert text.startswith("status 404 no service xxx")
    assert len(text) < 220


async def test_a_redirect_is_not_followed(opened: Open) -> None:
    channel, receiver = await opened(Answer(302, {"Location": "/elsewhere"}, text=""))
    with pytest.raises(Refused, match=r"^status 302$"):
        await channel.send(announcement())
    assert len(receiver.bodies) == 1


async def test_a_server_that_is_not_there_is_for_later_and_its_address_stays_a_secret(
    logged: Logged,
) -> None:
    nowhere = HttpChannel("test", "http://127.0.0.1:1/s3cr3t", lambda _: {}, MovingClock(NOW))
    with pytest.raises(NotNow) as failure:
        await nowhere.send(announcement())
    await nowhere.close()
    assert "s3cr3t" not in str(failure.value) + logged.text()


async def test_a_server_that_hangs_can_be_given_up(opened: Open) -> None:
    channel, receiver = await opened(Answer(HANG))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await channel.send(announcement())
    assert len(receiver.bodies) == 1
    await channel.send(announcement())
    assert len(receiver.bodies) == 2
