"""The command: where it posts, with which key, what it says, and with which code it ends."""

import asyncio
import os
import re
import signal
import sys

import pytest
from aiohttp import web

from exporter.demo.command import Options, post, run
from exporter.settings import ServiceKey, Settings

from .conftest import KEY, Recorder

SETTINGS = Settings(api_key=KEY)


async def test_a_backfill_ends_when_it_is_done(recorder: Recorder, capsys):
    options = Options(url=recorder.url, backfill=2, events=300, users=20)
    assert await post(SETTINGS, options) == 0
    assert len(recorder.events) == 300
    assert re.search(r"^300 accepted, \d+ updates, 0 duplicates, 0 rejected$", said(capsys), re.M)


async def test_without_a_number_of_events_there_are_two_thousand_a_day(recorder: Recorder):
    assert await post(SETTINGS, Options(url=recorder.url, backfill=1, users=20)) == 0
    assert len(recorder.events) == 2_000


async def test_without_a_backfill_it_is_live(recorder: Recorder):
    assert await post(SETTINGS, Options(url=recorder.url, rate=200, duration=0.5)) == 0
    assert "POST /api/events/batch" not in recorder.calls
    assert len(recorder.calls) == pytest.approx(100, abs=2)


async def test_live_follows_a_backfill_where_it_is_asked_for(recorder: Recorder):
    options = Options(url=recorder.url, backfill=1, events=10, live=True, rate=100, duration=0.2)
    assert await post(SETTINGS, options) == 0
    assert "POST /api/events/batch" in recorder.calls
    assert any(call.endswith("/engagement/track") for call in recorder.calls)


async def test_a_rejected_event_is_shown_and_makes_the_code_one(recorder: Recorder, capsys):
    recorder.busy.append(web.json_response({"error": "validation_error"}, status=400))
    assert await post(SETTINGS, Options(url=recorder.url, backfill=1, events=10)) == 1
    out, err = capsys.readouterr()
    assert "validation_error" in err
    assert re.search(r"[1-9]\d* rejected$", out, re.M)


async def test_the_times_it_had_to_ask_again_are_told(recorder: Recorder, capsys):
    recorder.busy.append(web.Response(status=503, headers={"Retry-After": "0"}))
    assert await post(SETTINGS, Options(url=recorder.url, backfill=1, events=10)) == 0
    assert "; asked again 1 times" in said(capsys)


async def test_the_address_is_that_of_the_settings(recorder: Recorder):
    port = int(recorder.url.rpartition(":")[2])
    settings = Settings(port=port, host="0.0.0.0", api_keys=(ServiceKey("demo", KEY),))
    assert await post(settings, Options(backfill=1, events=10)) == 0
    assert recorder.calls


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(), "set API_KEY"),
        (Settings(port=0, api_key=KEY), "PORT=0"),
    ],
)
def test_what_is_missing_is_said_and_nothing_else(settings, message, capsys):
    assert run(settings, Options(backfill=1)) == 1
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""


async def test_a_refused_key_is_said(recorder: Recorder, capsys):
    assert await post(Settings(api_key="x"), Options(url=recorder.url, backfill=1)) == 1
    assert "refuses the service key" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_with_its_counts(recorder: Recorder, number):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "exporter", "demo", "--url", recorder.url, "--rate", "200"),
        env={"PATH": os.environ["PATH"], "API_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        await recorder.many_calls.wait()
        process.send_signal(number)
        out, err = await process.communicate()
    assert process.returncode == 0
    assert re.search(rb"^[1-9]\d* accepted, .* 0 rejected", out, re.M)
    assert b"Traceback" not in err


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out
