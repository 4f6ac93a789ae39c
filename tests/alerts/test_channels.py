"""Every channel as the settings make it, each against a receiver on this machine."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.alerts.channel import Channel
from exporter.alerts.channels import configured, silent
from exporter.settings import SettingError, Settings

from ..conftest import NOW, MovingClock
from ..outside import until
from .announcements import announcement, resolved
from .deliveries import QUICK, Running, delivering
from .receivers import HANG, Answer, Receiver, receiving, receiving_mail

OVER_HTTP: dict[str, Callable[[str], dict[str, Any]]] = {
    "slack": lambda url: {"slack_webhook_url": url},
    "discord": lambda url: {"discord_webhook_url": url},
    "webhook": lambda url: {"alert_webhook_url": url, "alert_webhook_token": "t0ken"},
    "pagerduty": lambda url: {"pagerduty_url": url, "pagerduty_routing_key": "r0uting"},
}
"""The settings of each channel that posts to that address."""
EMAIL = {"alert_email_from": "m@example.org", "alert_email_to": ("a@example.org",)}


def channels(**settings: Any) -> tuple[Channel, ...]:
    """The channels of these settings."""
    return configured(Settings(**settings), MovingClock(NOW))


@asynccontextmanager
async def running(name: str, folder: Path, *answers: Answer) -> AsyncIterator[tuple[Any, Receiver]]:
    """A delivery by the channel of that name, and the receiver that it posts to."""
    async with receiving(*answers) as receiver:
        [channel] = channels(**OVER_HTTP[name](receiver.url))
        async with delivering(channel, folder) as delivery:
            yield delivery, receiver


async def told(delivery: Running) -> None:
    """Have the beginning of an alert told."""
    await delivery.delivery.tell(announcement())


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("slack", {"text": "[FIRING] The disk is nearly full."}),
        ("discord", {"allowed_mentions": {"parse": []}}),
        ("webhook", {"version": "4", "status": "firing"}),
        ("pagerduty", {"routing_key": "r0uting", "event_action": "trigger", "dedup_key": "f00d"}),
    ],
)
async def test_each_service_gets_what_it_asks_for(
    name: str, marks: dict[str, Any], tmp_path: Path
) -> None:
    async with running(name, tmp_path) as (delivery, receiver):
        assert delivery.delivery.name == name
        await told(delivery)
        await delivery.delivery.tell(resolved())
        await delivery.until("sent", 2)
    assert receiver.bodies[0].items() >= marks.items()
    assert len(receiver.bodies) == 2
    token = receiver.headers[0].get("Authorization")
    assert token == ("Bearer t0ken" if name == "webhook" else None)


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_each_is_tried_again_after_a_fault_of_the_server(name: str, tmp_path: Path) -> None:
    async with running(name, tmp_path, Answer(500), Answer(503)) as (delivery, receiver):
        await told(delivery)
        await delivery.until("sent")
    assert len(receiver.bodies) == 3
    assert receiver.bodies[0] == receiver.bodies[2]
    assert delivery.count("retried") == 2


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_each_waits_as_long_as_it_is_told_to(name: str, tmp_path: Path) -> None:
    limit = Answer(429, {"Retry-After": "33"})
    async with running(name, tmp_path, limit) as (delivery, receiver):
        await told(delivery)
        await delivery.until("sent")
    assert delivery.pauses == [33.0]
    assert len(receiver.bodies) == 2


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_each_is_given_up_into_the_dead_letters(name: str, tmp_path: Path) -> None:
    answers = [Answer(500)] * 100
    async with running(name, tmp_path, *answers) as (delivery, receiver):
        await told(delivery)
        await delivery.until("dead")
        await until(lambda: delivery.dead() == 1.0)
        [letter] = await delivery.outbox.dead(2)
    assert letter.reason == "status 500"
    assert len(receiver.bodies) > 3


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_each_is_let_go_where_it_hangs(name: str, tmp_path: Path) -> None:
    async with running(name, tmp_path, Answer(HANG)) as (delivery, receiver):
        await told(delivery)
        await delivery.until("sent")
    assert delivery.count("retried") == 1
    assert len(receiver.bodies) == 2


async def test_e_mail_is_told_retried_and_given_up_as_the_others_are(tmp_path: Path) -> None:
    async with receiving_mail() as mailbox:
        mailbox.replies["DATA"] = ["451 later", "250 OK", "554 no"]
        mailbox.replies["DATA"][1] = ""  # taken
        [channel] = channels(smtp_url=f"smtp://127.0.0.1:{mailbox.port}", **EMAIL)
        async with delivering(channel, tmp_path, replace(QUICK, timeout=5.0)) as delivery:
            await told(delivery)
            await delivery.delivery.tell(resolved())
            await delivery.until("dead")
            await until(lambda: delivery.dead() == 1.0)
            [letter] = await delivery.outbox.dead(2)
    assert [mail["Subject"] for mail in mailbox.mails] == ["[FIRING] The disk is nearly full."]
    assert (delivery.count("retried"), delivery.count("sent")) == (1.0, 1.0)
    assert letter.reason == "reply 554"


async def test_only_what_has_its_address_is_a_channel() -> None:
    assert channels() == ()
    assert channels(pagerduty_url="https://pd.example", alert_webhook_token="t") == ()
    found = channels(
        slack_webhook_url="https://slack.example/s3cr3t",
        discord_webhook_url="https://discord.example/s3cr3t",
        alert_webhook_url="https://hook.example/s3cr3t",
        pagerduty_routing_key="key",
        smtp_url="smtp://mail.example",
        **EMAIL,
    )
    assert [one.name for one in found] == ["slack", "discord", "webhook", "pagerduty", "email"]
    for one in found:
        await one.close()


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"smtp_url": "smtp://mail.example"}, "ALERT_EMAIL_FROM and ALERT_EMAIL_TO"),
        (EMAIL, "SMTP_URL"),
    ],
)
def test_half_an_e_mail_channel_says_what_is_missing(
    settings: dict[str, Any], missing: str
) -> None:
    with pytest.raises(SettingError, match=f"E-mail about alerts needs {missing} as well"):
        channels(**settings)


@pytest.mark.parametrize(
    ("choice", "alertmanager", "quiet"),
    [
        ("auto", None, False),
        ("auto", "http://alertmanager:9093", True),
        ("on", "http://alertmanager:9093", False),
        ("off", None, True),
    ],
)
def test_with_alertmanager_they_are_silent_unless_asked_to_speak(
    choice: str, alertmanager: str | None, quiet: bool
) -> None:
    settings = Settings(alert_notifications=choice, alertmanager_url=alertmanager)
    assert silent(settings) is quiet
