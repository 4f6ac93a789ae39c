"""The service that the demo starts: ready before it is used, ended after, and its failures told."""

import re
import signal
from dataclasses import replace
from itertools import islice

import aiohttp
import pytest

from exporter.clock import epoch_ms
from exporter.demo import service, traffic
from exporter.demo.client import Client, DemoError
from exporter.demo.command import Options, history, post
from exporter.demo.live import lane
from exporter.demo.people import Population
from exporter.demo.service import running
from exporter.settings import Settings

from ..conftest import Start


@pytest.fixture
def process_settings(tmp_path, monkeypatch, unused_tcp_port):
    """Settings that the service reads as well, from the environment."""
    environment = {"PORT": str(unused_tcp_port), "DATA_DIR": str(tmp_path / "data")}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment(environment)


async def test_the_demo_brings_its_service_and_a_key_for_it(process_settings: Settings, capsys):
    options = Options(serve=True, backfill=2, events=500, users=20, live=True, duration=0.5)
    assert await post(process_settings, options) == 0
    out = capsys.readouterr().out
    assert " 0 rejected" in out
    accepted = re.search(r"^(\d+) accepted", out, re.M)
    assert accepted is not None
    assert int(accepted[1]) >= 500
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):  # it has ended
            await session.get(f"http://127.0.0.1:{process_settings.port}/-/healthy")


async def test_a_second_backfill_of_the_service_gives_duplicates_only(start: Start):
    service = await start()
    now = epoch_ms(service.clock())
    async with aiohttp.ClientSession() as session:
        for accepted, duplicates in ((800, 0), (0, 800)):
            client = Client(session, str(service.client.make_url("")).rstrip("/"), "open-key")
            days = history(service.settings, Population(1, 20), 3, 800, now).days()
            await traffic.backfill(client, days, id)
            assert client.outcomes.problems == []
            assert (client.outcomes.accepted, client.outcomes.duplicates) == (accepted, duplicates)


async def test_the_service_accepts_every_call_of_live_sessions(start: Start):
    service = await start()
    async with aiohttp.ClientSession() as session:
        client = Client(session, str(service.client.make_url("")).rstrip("/"), "open-key")
        now = epoch_ms(service.clock())
        for call in islice(lane(Population(1, 50), now, 0, lambda: now), 400):
            await client.call(call)
    assert client.outcomes.problems == []
    assert client.outcomes.accepted + client.outcomes.updates == 400
    assert client.outcomes.updates > 50


async def test_a_service_that_does_not_start_is_told(process_settings: Settings, monkeypatch):
    monkeypatch.setenv("APP_ENV", "production")  # and no secret
    with pytest.raises(DemoError, match="ended with exit code 2"):
        async with running(process_settings, f"http://127.0.0.1:{process_settings.port}", {}):
            pytest.fail("it is not there")


async def test_a_service_that_is_never_ready_is_told(
    process_settings, monkeypatch, unused_tcp_port_factory
):
    monkeypatch.setattr(service, "START_SECONDS", 0.3)
    with pytest.raises(DemoError, match="was not ready within"):
        async with running(process_settings, f"http://127.0.0.1:{unused_tcp_port_factory()}", {}):
            pytest.fail("it is not there")


async def test_a_service_that_does_not_end_is_ended_by_force(process_settings, monkeypatch):
    monkeypatch.setattr(service, "STOP_SECONDS", 0.1)
    hasty = replace(process_settings, shutdown_seconds=0.1)
    async with running(hasty, f"http://127.0.0.1:{process_settings.port}", {}) as process:
        process.send_signal(signal.SIGSTOP)
    assert process.returncode == -signal.SIGKILL
