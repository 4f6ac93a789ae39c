"""What was acknowledged is there, once, whatever happens to the process; and what is counted is
what is there."""

import asyncio
import random
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from .services.service import KEY, Process, running

WRITERS = 8
KILLS = 5
SECONDS = 2.0
"""Of load in each of the runs that end in a kill: ten in all."""


@dataclass
class Sent:
    """What the writers sent, and what they were told."""

    acknowledged: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)
    duplicates: int = 0
    refused: int = 0


def event(key: str) -> dict[str, Any]:
    """An AI request that has ended."""
    return {
        "kind": "ai_request",
        "requestId": key,
        "model": "m",
        "status": "completed",
        "tokens": {"input": 3, "output": 2},
    }


async def write(url: str, name: str, until: float, sent: Sent) -> None:
    """Post single events and batches, some of them again and some of them bad."""
    rng = random.Random(name)
    headers = {"X-API-Key": KEY}
    number = 0
    async with aiohttp.ClientSession(url, headers=headers) as session:
        while time.monotonic() < until:
            number += 1
            key = f"{name}-{number}"
            again = rng.choice(sorted(sent.acknowledged)[-50:] or [key])
            try:
                if number % 3:
                    await post_one(session, again if number % 7 == 0 else key, sent)
                else:
                    await post_batch(session, [f"{key}-{n}" for n in range(20)], again, sent)
            except (aiohttp.ClientError, OSError):
                return  # killed: what was under way was not acknowledged


async def post_one(session: aiohttp.ClientSession, key: str, sent: Sent) -> None:
    body = event(key)
    del body["kind"]
    sent.offered.add(key)
    async with session.post("/api/ai-tracking/track", json=body) as response:
        assert response.status in {201, 409}, await response.text()
        if response.status == 409:
            sent.duplicates += 1
    sent.acknowledged.add(key)


async def post_batch(
    session: aiohttp.ClientSession, keys: list[str], again: str, sent: Sent
) -> None:
    events = [*map(event, keys), event(again), {"kind": "ai_request", "requestId": "bad"}]
    sent.offered.update(keys)
    async with session.post("/api/events/batch", json={"events": events}) as response:
        assert response.status == 200, await response.text()
        answer = await response.json()
    sent.acknowledged.update(keys)
    sent.duplicates += answer["duplicates"]
    sent.refused += len(answer["rejected"])


def stored(data_dir: Path) -> list[str]:
    """The request ids in the store, read past the service."""
    with sqlite3.connect(data_dir / "meterhouse.sqlite") as connection:
        rows = connection.execute('SELECT "requestId" FROM ai_requests').fetchall()
    return [row[0] for row in rows]


async def load(process: Process, life: int, seconds: float, sent: Sent, *, kill: bool) -> None:
    """Eight writers at work, and the kill in the middle of it."""
    until = time.monotonic() + seconds + (10 if kill else 0)
    writers = [
        asyncio.create_task(write(process.url, f"{life}-{number}", until, sent))
        for number in range(WRITERS)
    ]
    if kill:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(process.kill)
    await asyncio.gather(*writers)


async def test_a_killed_service_keeps_what_it_acknowledged_and_keeps_it_once(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    sent = Sent()
    for life in range(KILLS):
        with running(data_dir) as process:
            before = len(sent.acknowledged)
            await load(process, life, SECONDS, sent, kill=True)
            assert len(sent.acknowledged) > before
    with running(data_dir) as process:
        assert process.terminate() == 0
    kept = stored(data_dir)
    assert len(kept) == len(set(kept))
    assert sent.acknowledged <= set(kept)
    assert set(kept) <= sent.offered


async def test_what_is_counted_is_what_is_stored(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    sent = Sent()
    with running(data_dir) as process:
        await load(process, 0, SECONDS, sent, kill=False)
        outcomes = {
            outcome: process.sample(
                f'exporter_events_total{{family="ai_request",outcome="{outcome}"}}'
            )
            for outcome in ("stored", "duplicate", "invalid", "failed")
        }
        tokens = process.sample('ai_request_tokens_total{model="m",type="input",user_plan=""}')
        assert process.terminate() == 0
    kept = stored(data_dir)
    assert outcomes == {
        "stored": len(kept),
        "duplicate": sent.duplicates,
        "invalid": sent.refused,
        "failed": 0,
    }
    assert tokens == 3 * len(kept)
    assert set(kept) == sent.acknowledged
