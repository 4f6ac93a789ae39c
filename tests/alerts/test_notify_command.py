"""`meterhouse notify-test`: each configured channel is told once, and what it said is printed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from exporter import cli
from exporter.alerts import notify_command

from .receivers import HANG, Answer, receiving

Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command with variables of the environment, beside the receivers' loop."""

    async def command(*names: str, **environment: str) -> int:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return await asyncio.to_thread(cli.main, ["notify-test", *names])

    return command


async def test_every_channel_is_told_of_a_beginning_and_an_end(run: Run, capsys: Any) -> None:
    async with receiving() as slack, receiving(Answer(404, text="Unknown Webhook")) as discord:
        status = await run(SLACK_WEBHOOK_URL=slack.url, DISCORD_WEBHOOK_URL=discord.url)
    assert status == 1
    assert [body["text"] for body in slack.bodies] == [
        "[FIRING] This is a test.",
        "[RESOLVED] This is a test.",
    ]
    assert len(discord.bodies) == 1
    assert capsys.readouterr().out.splitlines() == [
        "slack      told",
        "discord    refused: status 404 Unknown Webhook",
    ]


async def test_those_that_are_named_are_told_alone(run: Run, capsys: Any) -> None:
    async with receiving() as slack, receiving() as webhook:
        urls = {"SLACK_WEBHOOK_URL": slack.url, "ALERT_WEBHOOK_URL": webhook.url}
        assert await run("webhook", **urls) == 0
        assert await run("pagerduty", "slack", **urls) == 1
    assert (len(slack.bodies), len(webhook.bodies)) == (0, 2)
    shown = capsys.readouterr()
    assert shown.out == "webhook    told\n"
    assert shown.err == "not configured: pagerduty\n"


async def test_what_is_not_there_and_what_hangs_is_said(
    run: Run, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_command.run, "__defaults__", (0.1,))
    async with receiving(Answer(HANG)) as slack:
        status = await run(
            SLACK_WEBHOOK_URL=slack.url,
            SMTP_URL="smtp://127.0.0.1:1",
            ALERT_EMAIL_FROM="m@example.org",
            ALERT_EMAIL_TO="a@example.org",
        )
    assert status == 1
    assert capsys.readouterr().out.splitlines() == [
        "slack      no answer in 0.1 seconds",
        "email      not reached: SMTPConnectError",
    ]


async def test_it_tells_also_where_the_service_would_be_silent_and_says_so(
    run: Run, capsys: Any
) -> None:
    async with receiving() as slack:
        status = await run(
            SLACK_WEBHOOK_URL=slack.url, ALERTMANAGER_URL="http://alertmanager.example:9093"
        )
    assert status == 0
    assert len(slack.bodies) == 2
    assert "the service itself tells nobody" in capsys.readouterr().err


async def test_without_a_channel_it_says_how_to_get_one(run: Run, capsys: Any) -> None:
    assert await run() == 1
    assert "No channel is configured" in capsys.readouterr().err


async def test_half_a_channel_is_refused(run: Run, capsys: Any) -> None:
    assert await run(ALERT_EMAIL_TO="a@example.org") == 2
    assert "SMTP_URL and ALERT_EMAIL_FROM" in capsys.readouterr().err
