"""Running checks: within their time, one run at a time, and soon enough."""

import asyncio
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from exporter.health.check import Check, Finding, Level, Unhealthy
from exporter.health.checks.http import Http
from exporter.health.checks.tcp import Tcp
from exporter.health.lag import LagMeter
from exporter.health.runner import EARLY, Runner
from exporter.health.tools import OneThread, Tools
from exporter.health.track import Result, Track
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics

from ..conftest import MovingClock
from ..outside import until
from .certificates import Authority
from .conftest import MakeTools, Run, ready
from .dependency import Dependency

DAY = timedelta(days=1)


class Stubborn(Check, frozen=True, kw_only=True, tag="stubborn"):
    """A check that does not let itself be cancelled, until `go` is set."""

    go: Any = None
    begun: Any = None

    async def run(self, tools: Tools) -> Finding:
        self.begun["runs"] += 1
        while not self.go.is_set():
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                self.begun["cancelled"] += 1
        return Finding()


class Faulty(Check, frozen=True, kw_only=True, tag="faulty"):
    """A check that is itself at fault."""

    async def run(self, tools: Tools) -> Finding:
        raise KeyError("hunter2")


class Quitting(Check, frozen=True, kw_only=True, tag="quitting"):
    """A check that breaks itself off."""

    async def run(self, tools: Tools) -> Finding:
        raise asyncio.CancelledError


async def test_a_check_that_cannot_be_cancelled_keeps_failing_and_never_piles_up(
    run: Run,
) -> None:
    begun: Counter[str] = Counter()
    go = asyncio.Event()
    check = ready(Stubborn(go=go, begun=begun), timeout=0.05)
    said = [(await run(check)).finding for _ in range(4)]
    go.set()
    async with asyncio.timeout(10):
        while (await run(check)).level is not Level.HEALTHY:
            await asyncio.sleep(0)

    assert [one.level for one in said] == [Level.UNHEALTHY] * 4
    assert said[0].message == "No answer within 0.05 s."
    assert {one.message for one in said[1:]} == {"An earlier run has still not ended."}
    assert begun["runs"] == 2
    assert begun["cancelled"] == 2, "it was asked to end, and once more when it was given up"


async def test_a_check_at_fault_is_counted_and_says_nothing_of_its_error(
    tools: MakeTools, clock: MovingClock
) -> None:
    metrics = Metrics()
    runner = Runner((), tools(), lambda check, result: None, metrics, clock)
    result = await runner.run(ready(Faulty()))
    assert result.level is Level.UNHEALTHY
    assert result.finding.message == "The check itself failed (KeyError)."
    assert metrics.value(catalogue.BACKGROUND_TASK_FAILURES, ("health",)) == 1
    broken_off = await runner.run(ready(Quitting()))
    assert broken_off.finding.message == "The run was broken off."


async def test_a_listener_that_fails_ends_no_checks(
    tools: MakeTools, clock: MovingClock, dependency: Dependency
) -> None:
    heard: list[Result] = []

    def listen(check: Check, result: Result) -> None:
        heard.append(result)
        raise KeyError

    metrics = Metrics()
    check = ready(Tcp(host="localhost", port=dependency.port), interval=0.05)
    runner = Runner((check,), tools(), listen, metrics, clock)
    runner.start()
    await until(lambda: len(heard) > 2)
    await runner.close()
    failures = metrics.value(catalogue.BACKGROUND_TASK_FAILURES, ("health",))
    assert failures is not None
    assert failures >= 2


async def test_every_failure_is_known_within_two_intervals(
    authority: Authority, tools: MakeTools
) -> None:
    """All at once, against real servers, in real time: no check waits for another one."""
    interval = 2.0
    now = datetime.now(UTC)
    servers = {name: Dependency() for name in ("well", "dies", "hangs", "slow", "wrong")}
    servers["expires"] = Dependency()
    for name, server in servers.items():
        valid = authority.context(now - DAY, now + 90 * DAY) if name == "expires" else None
        await server.start(valid)
    checks = [
        Http(
            name=name,
            url=server.url,
            body="all is well",
            ca_file=str(authority.file),
            interval=interval,
            timeout=0.2,
            slow=0.1,
        )
        for name, server in servers.items()
    ]
    tracks = {check.name: Track(check, "a") for check in checks}
    begun: dict[str, list[float]] = {check.name: [] for check in checks}
    loop = asyncio.get_running_loop()

    def heard(check: Check, result: Result) -> None:
        tracks[check.name].add(result)
        begun[check.name].append(loop.time() - result.seconds)

    runner = Runner(
        checks, tools(), heard, Metrics(), lambda: datetime.now(UTC).replace(microsecond=0)
    )
    runner.start()
    await until(lambda: all(len(runs) == 1 for runs in begun.values()))
    assert {track.level for track in tracks.values()} == {Level.HEALTHY}

    broken = loop.time()
    await servers["dies"].stop()
    servers["hangs"].hanging = True
    servers["slow"].delay = 0.15
    servers["wrong"].body = b"all is lost"
    await servers["expires"].stop()
    await servers["expires"].start(authority.context(now - 2 * DAY, now - DAY))
    wanted = {
        "well": Level.HEALTHY,
        "dies": Level.UNHEALTHY,
        "hangs": Level.UNHEALTHY,
        "slow": Level.DEGRADED,
        "wrong": Level.UNHEALTHY,
        "expires": Level.UNHEALTHY,
    }
    await until(lambda: {name: one.level for name, one in tracks.items()} == wanted)
    took = loop.time() - broken
    await runner.close()
    for server in servers.values():
        await server.stop()

    assert took < 2 * interval
    assert servers["hangs"].most_at_once == 1
    for runs in begun.values():
        for before, after in pairwise(runs):
            assert EARLY[0] * interval <= after - before < interval


async def test_a_thread_that_hangs_is_not_joined_by_another() -> None:
    one, go, running = OneThread(), threading.Event(), Counter[str]()

    def block() -> str:
        running["now"] += 1
        go.wait(10)
        return "done"

    first = asyncio.create_task(one.run(block))
    await until(lambda: running["now"] == 1)
    first.cancel()
    for _ in range(3):
        with pytest.raises(Unhealthy, match="earlier call"):
            await one.run(block)
    assert running["now"] == 1
    go.set()

    async def answered() -> str:
        while True:
            try:
                return await one.run(block)
            except Unhealthy:
                await asyncio.sleep(0.001)

    assert await asyncio.wait_for(answered(), 10) == "done"


async def test_what_a_thread_raises_is_raised() -> None:
    def fail() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await OneThread().run(fail)


async def test_a_loop_that_was_kept_waiting_is_seen() -> None:
    meter = LagMeter()
    meter.start()
    await asyncio.sleep(0)
    blocked = threading.Event()
    blocked.wait(0.5)  # nothing else can run: that is what is measured
    await until(lambda: meter._longest > 0.3)
    assert 0.3 < meter.take() < 5
    assert meter.take() < 0.3
    meter.stop()
    meter.stop()
