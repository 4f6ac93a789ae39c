"""Sixty seconds in which everything fails that can: what was acknowledged is in the database once.

Four writers post, change and repeat AI requests. Meanwhile the database is stopped, killed, cut
off, frozen and slowed, and the service itself is killed twice.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from .services.mongodb import connected
from .services.mongodb_server import MongoServer, mongodb_server
from .services.proxy import Proxy
from .services.service import KEY, Process, running

WRITERS = 4
SECONDS = 60.0
KILLS_AT = (10.0, 22.0)
"""The service dies when the database is well, so that what it leaves can be counted."""


@dataclass
class Story:
    """What the writers did, and what they were told, until the time is up."""

    until: float

    offered: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    spooled: int = 0
    url: str = ""


async def write(name: str, story: Story) -> None:
    """Track requests and end them; whatever fails is tried again until it is acknowledged."""
    rng = random.Random(name)
    timeout = aiohttp.ClientTimeout(total=15)
    number = 0
    async with aiohttp.ClientSession(headers={"X-API-Key": KEY}, timeout=timeout) as session:
        while time.monotonic() < story.until:
            number += 1
            keys = [f"{name}-{number}-{n}" for n in range(rng.choice([1, 1, 1, 20]))]
            story.offered.update(keys)
            if len(keys) == 1:
                await insist(session, story, "POST", "track", keys[0])
            else:
                await insist_on_batch(session, story, keys)
            if rng.random() < 0.3 and keys[0] in story.acknowledged:
                await insist(session, story, "PUT", f"update/{keys[0]}", keys[0])
            if rng.random() < 0.1 and story.acknowledged:
                again = rng.choice(sorted(story.acknowledged)[-100:])
                await insist(session, story, "POST", "track", again)
            await asyncio.sleep(0.01)


async def call(session: aiohttp.ClientSession, method: str, url: str, body: Any) -> tuple[int, Any]:
    """The answer, or 0 where there is none."""
    try:
        async with session.request(method, url, json=body) as response:
            return response.status, await response.json()
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0, None


async def insist(
    session: aiohttp.ClientSession, story: Story, method: str, path: str, key: str
) -> None:
    """One call, until it is acknowledged or time is up."""
    body: dict[str, Any] = {"requestId": key, "model": "m"}
    if method == "PUT":
        body = {"status": "completed", "tokens": {"input": 3, "output": 2}}
    while time.monotonic() < story.until + 20:
        url = f"{story.url}/api/ai-tracking/{path}"
        status, answer = await call(session, method, url, body)
        assert status in {0, 200, 201, 202, 409, 503}, (status, answer)
        if status in {200, 201, 202, 409}:
            (story.ended if method == "PUT" else story.acknowledged).add(key)
            story.spooled += status == 202
            return
        await asyncio.sleep(0.05)


async def insist_on_batch(session: aiohttp.ClientSession, story: Story, keys: list[str]) -> None:
    """One batch, until it is acknowledged or time is up."""
    events = [{"kind": "ai_request", "requestId": key, "model": "m"} for key in keys]
    while time.monotonic() < story.until + 20:
        status, answer = await call(
            session, "POST", f"{story.url}/api/events/batch", {"events": events}
        )
        assert status in {0, 200, 202, 503}, (status, answer)
        if status in {200, 202}:
            assert answer["rejected"] == []
            story.acknowledged.update(keys)
            return
        await asyncio.sleep(0.05)


async def freeze(proxy: Proxy, seconds: float) -> None:
    proxy.frozen = True
    await asyncio.sleep(seconds)
    proxy.frozen = False


async def cut(proxy: Proxy, seconds: float) -> None:
    proxy.cut = True
    proxy.drop()
    await asyncio.sleep(seconds)
    proxy.cut = False


async def slow(proxy: Proxy, seconds: float) -> None:
    proxy.delay = 0.05
    await asyncio.sleep(seconds)
    proxy.delay = 0.0


async def outage(server: MongoServer, seconds: float, *, kill: bool) -> None:
    await asyncio.to_thread(server.stop, kill=kill)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.start)


async def settled_count(collection: Any) -> int:
    """How many documents there are, once nothing more arrives."""
    before = -1
    while (count := await asyncio.to_thread(collection.count_documents, {})) != before:
        before = count
        await asyncio.sleep(0.5)
    return count


async def until_at(begin: float, seconds: float) -> None:
    await asyncio.sleep(max(0.0, begin + seconds - time.monotonic()))


async def test_what_was_acknowledged_outlives_everything(tmp_path: Path) -> None:
    with mongodb_server(tmp_path / "mongodb") as server, ExitStack() as lives:
        story = Story(time.monotonic() + SECONDS)
        proxy = Proxy(server.port)
        await proxy.start()
        settings = {
            "MONGODB_URI": f"mongodb://127.0.0.1:{proxy.port}/chaos",
            "MONGODB_WRITE_TIMEOUT_MS": "2000",
        }
        client = lives.enter_context(connected(server.uri))
        collection: Any = client["chaos"]["ai_requests"]
        data_dir = tmp_path / "data"

        async def live() -> Process:
            process = await asyncio.to_thread(lives.enter_context, running(data_dir, **settings))
            story.url = process.url
            return process

        begin = story.until - SECONDS
        process = await live()
        writers = [asyncio.create_task(write(str(number), story)) for number in range(WRITERS)]
        await until_at(begin, 3)
        await cut(proxy, 1.5)
        inherited = 0
        for at, harm in (
            (KILLS_AT[0], lambda: outage(server, 2, kill=True)),
            (KILLS_AT[1], lambda: freeze(proxy, 4)),
        ):
            await until_at(begin, at)
            await asyncio.to_thread(process.kill)
            inherited = await settled_count(collection)
            process = await live()
            await until_at(begin, at + 4)
            await harm()
        harms: tuple[tuple[float, Callable[[], Awaitable[None]]], ...] = (
            (32, lambda: outage(server, 2, kill=False)),
            (40, lambda: slow(proxy, 4)),
            (46, lambda: cut(proxy, 2)),
            (52, lambda: outage(server, 3, kill=True)),
        )
        for at, do in harms:
            await until_at(begin, at)
            await do()
        await asyncio.gather(*writers)
        await drained(process)
        kept = await asyncio.to_thread(lambda: list(collection.find({}, projection=PARTS)))
        stored = await asyncio.to_thread(
            process.sample, 'exporter_events_total{family="ai_request",outcome="stored"}'
        )
        assert await asyncio.to_thread(process.terminate) == 0
        await proxy.close()
    check(story, kept)
    assert stored == len(kept) - inherited


PARTS = {"requestId": 1, "status": 1}


async def drained(process: Process) -> None:
    """Return when nothing waits in the spool."""
    async with asyncio.timeout(60):
        while await asyncio.to_thread(process.sample, "exporter_spool_events"):
            await asyncio.sleep(0.1)


def check(story: Story, kept: list[dict[str, Any]]) -> None:
    """What was acknowledged is there once, ended where that was acknowledged, and nothing else."""
    ids = [document["requestId"] for document in kept]
    assert len(ids) == len(set(ids))
    assert story.acknowledged <= set(ids)
    assert set(ids) <= story.offered
    ended = {document["requestId"] for document in kept if document["status"] == "completed"}
    assert story.ended <= ended
    assert story.spooled > 0
    assert len(ids) > 500
