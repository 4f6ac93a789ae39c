"""Rates at which the running service records events, next to a bare aiohttp handler's.

Both run as processes of their own and are asked in turns, so that a noisy machine disturbs both;
the ratio is what is comparable between machines. The client is one process too, and on a machine
with few cores it is part of what limits both.

    python benchmarks/run.py [SECONDS]      seconds of each of the rounds, 2 by default
"""

import asyncio
import secrets
import socket
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from time import perf_counter

import aiohttp
import msgspec

from exporter import clock
from exporter.demo import calls
from exporter.demo.command import history
from exporter.demo.people import Population
from exporter.demo.service import program, running
from exporter.settings import Settings

KEY = "key-of-the-benchmark"
ROUNDS = 3
BATCH = 500
EVENTS = 400_000
SAMPLE = 20


@dataclass(frozen=True)
class Case:
    """A call, with the bodies that it is made with and the events that each of them holds.

    Each of `bodies` is for one use, and `sample` are some to be used again and again.
    """

    name: str
    path: str
    bodies: Iterator[bytes]
    sample: Sequence[bytes]
    events: int
    connections: int


def cases() -> list[Case]:
    """What is measured; no event occurs twice, so that none is a duplicate."""
    days = history(Settings(), Population(1, 2_000), 25, EVENTS, clock.epoch_ms(clock.now())).days()
    singles: defaultdict[str, list[bytes]] = defaultdict(list)
    batches: list[bytes] = []
    for number, day in enumerate(days):
        events = [calls.past(event) for event in day]
        if number % 3:  # a third of the days for single calls, the others for batches
            batches += [
                msgspec.json.encode({"events": events[first : first + BATCH]})
                for first in range(0, len(events) - BATCH + 1, BATCH)
            ]
            continue
        for event in events:
            singles[event.pop("kind")].append(msgspec.json.encode(event))
    single = [
        made(f"one {kind} a call", calls.TRACK_PATHS[kind], singles[kind], 1, 64)
        for kind in ("ai_request", "engagement")
    ]
    return [*single, made(f"{BATCH} mixed a call", calls.BATCH_PATH, batches, BATCH, 4)]


def made(name: str, path: str, bodies: list[bytes], events: int, connections: int) -> Case:
    """A case of which the first few bodies are the sample."""
    return Case(name, path, iter(bodies[SAMPLE:]), bodies[:SAMPLE], events, connections)


async def rate(
    session: aiohttp.ClientSession,
    url: str,
    case: Case,
    bodies: Iterator[bytes],
    seconds: float,
) -> float:
    """Events a second that `url` answers for, over so many seconds or until `bodies` end."""
    done = 0
    began = perf_counter()

    async def post() -> None:
        nonlocal done
        for body in bodies:
            async with session.post(url + case.path, data=body) as response:
                answer = await response.read()
                if not response.ok:
                    raise SystemExit(f"{url}{case.path}: {response.status} {answer[:300]!r}")
            done += case.events
            if perf_counter() - began > seconds:
                return

    async with asyncio.TaskGroup() as group:
        for _ in range(case.connections):
            group.create_task(post())
    return done / (perf_counter() - began)


async def main(seconds: float) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = (f"http://127.0.0.1:{port}" for port in free_ports(2))
        environment = {
            "PORT": ours.rpartition(":")[2],
            "DATA_DIR": folder,
            "API_KEY": KEY,
            "APP_ENV": "production",  # without the greeting
            "JWT_SECRET": secrets.token_urlsafe(48),
            "LOG_LEVEL": "warning",
        }
        yardstick = (
            sys.executable,
            str(Path(__file__).parent / "bare.py"),
            bare.rpartition(":")[2],
        )
        headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
        async with (
            running(Settings(), ours, environment),
            program(yardstick, bare, {}, 5.0),
            aiohttp.ClientSession(headers=headers) as session,
        ):
            print(f"{'events a second':28}{'meterhouse':>12}{'bare':>12}{'ratio':>8}")
            for case in cases():
                bodies = {ours: case.bodies, bare: cycle(case.sample)}
                rates = [
                    [await rate(session, url, case, bodies[url], seconds) for url in (ours, bare)]
                    for _ in range(ROUNDS)
                ]
                service, handler = map(statistics.median, zip(*rates, strict=True))
                print(f"{case.name:28}{service:12,.0f}{handler:12,.0f}{service / handler:8.2f}")


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
