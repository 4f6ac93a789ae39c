"""`meterhouse dead-letters`: what nobody could be told is shown, tried again, or dropped."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exporter import cli
from exporter.alerts.announcer import outbox
from exporter.alerts.delivery import Letter
from exporter.storage.spool import Spool

from ..conftest import NOW
from .announcements import announcement, resolved


async def give_up(folder: Path, channel: str, *entries: bytes) -> Spool:
    """A channel's file with these dead letters; numbers are from 1 on."""
    spool = Spool(outbox(folder, channel), 10_000)
    await spool.open()
    await spool.append(entries)
    waiting = await spool.first(10)
    await spool.settle([], [(seq, "status 404") for seq, _ in waiting], NOW)
    return spool


def letters() -> list[bytes]:
    """A beginning, an end, and nonsense."""
    told = (announcement(), resolved())
    return [*(msgspec.msgpack.encode(Letter(one, NOW)) for one in told), b"nonsense"]


async def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The command's exit code; it runs a loop of its own."""
    monkeypatch.setenv("DATA_DIR", str(folder))
    return await asyncio.to_thread(cli.main, ["dead-letters", *arguments])


async def test_they_are_listed_by_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    spools = [
        await give_up(tmp_path, "slack", *letters()),
        await give_up(tmp_path, "email"),
    ]
    assert await run(tmp_path, monkeypatch, "list") == 0
    at = "2026-03-15T12:00:00.000Z  status 404 "
    assert capsys.readouterr().out.splitlines() == [
        "email: 0 waiting, 0 given up",
        "slack: 0 waiting, 3 given up",
        f"1  {at} [FIRING] The disk is nearly full.",
        f"2  {at} [RESOLVED] The disk is nearly full.",
        f"3  {at} 8 bytes",
    ]
    for spool in spools:
        await spool.close()


async def test_some_are_retried_and_the_rest_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    slack = await give_up(tmp_path, "slack", *letters())
    webhook = await give_up(tmp_path, "webhook", *letters())
    assert await run(tmp_path, monkeypatch, "retry", "slack", "1", "2") == 0
    assert await run(tmp_path, monkeypatch, "drop") == 0
    assert capsys.readouterr().out.splitlines() == [
        "slack: 2 wait again",
        "slack: 1 dropped",
        "webhook: 3 dropped",
    ]
    fill = await slack.count()
    assert (fill.waiting, fill.dead) == (2, 0)
    assert (await webhook.count()).dead == 0
    await slack.close()
    await webhook.close()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["drop", "slack", "1", "99"], "not given up: 99"),
        (["drop", "1"], "nothing was ever sent by 1"),
        (["list", "discord"], "nothing was ever sent by discord"),
    ],
)
async def test_what_makes_no_sense_is_said_and_nothing_is_done(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    arguments: list[str],
    problem: str,
) -> None:
    slack = await give_up(tmp_path, "slack", *letters())
    assert await run(tmp_path, monkeypatch, *arguments) == 1
    assert problem in capsys.readouterr().err
    assert (await slack.count()).dead == 3
    await slack.close()


async def test_without_any_channel_there_is_nothing_to_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert await run(tmp_path, monkeypatch, "list") == 0
    assert capsys.readouterr().out == ""


async def test_a_file_that_is_none_of_ours_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    path = outbox(tmp_path, "slack")
    path.parent.mkdir()
    path.write_bytes(b"this is not a database, but long enough for one" * 9)
    assert await run(tmp_path, monkeypatch, "list") == 1
    assert "slack" in capsys.readouterr().err
