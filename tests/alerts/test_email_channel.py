"""The channel over e-mail, against a mail server on this machine."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from exporter.alerts.channel import NotNow, Refused
from exporter.alerts.email_channel import EmailChannel

from ..outside import Logged
from .announcements import announcement
from .certificates import certificate
from .receivers import Mailbox, receiving_mail

RECIPIENTS = ("a@example.org", "b@example.org")


def channel(mailbox: Mailbox, scheme: str = "smtp", account: str = "") -> EmailChannel:
    """A channel to that server."""
    url = f"{scheme}://{account}127.0.0.1:{mailbox.port}"
    return EmailChannel(url, "meter@example.org", RECIPIENTS)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a server needs for TLS; its certificate is trusted."""
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return context


async def test_a_message_goes_to_every_recipient() -> None:
    async with receiving_mail() as mailbox:
        told = channel(mailbox)
        await told.send(announcement())
        await told.close()
    [mail] = mailbox.mails
    assert mail["Subject"] == "[FIRING] The disk is nearly full."
    assert mail["From"] == "meter@example.org"
    assert mail.get_content().startswith("91 % of the disk is used")
    assert mailbox.recipients == list(RECIPIENTS)
    assert mailbox.encrypted == [False]


async def test_it_is_encrypted_where_the_server_offers_it(tls: Any) -> None:
    async with receiving_mail(tls) as mailbox:
        await channel(mailbox).send(announcement())
    assert mailbox.encrypted == [True]


async def test_it_is_encrypted_from_the_start_where_that_is_asked(tls: Any) -> None:
    async with receiving_mail(tls, from_the_start=True) as mailbox:
        await channel(mailbox, "smtps").send(announcement())
    assert mailbox.encrypted == [True]


async def test_a_user_and_a_password_are_given_over_tls(tls: Any) -> None:
    async with receiving_mail(tls, passwords=True) as mailbox:
        await channel(mailbox, account="me%40example.org:p%40ss%2Fword@").send(announcement())
    assert mailbox.users == [b"me@example.org"]
    assert len(mailbox.mails) == 1


async def test_a_wrong_password_is_refused_for_good(tls: Any, logged: Logged) -> None:
    async with receiving_mail(tls, passwords=True) as mailbox:
        with pytest.raises(Refused, match="reply 535"):
            await channel(mailbox, account="me:wr0ng@").send(announcement())
    assert "wr0ng" not in logged.text()


async def test_a_password_is_never_given_without_tls() -> None:
    async with receiving_mail() as mailbox:
        with pytest.raises(Refused, match=r"SMTPException|SMTPNotSupported"):
            await channel(mailbox, account="me:p%40ss%2Fword@").send(announcement())
    assert mailbox.users == []
    assert mailbox.mails == []


async def test_a_certificate_that_nobody_trusts_gets_no_message(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    async with receiving_mail(context) as mailbox:
        with pytest.raises((NotNow, Refused)):
            await channel(mailbox).send(announcement())
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("command", "replies", "kind"),
    [
        ("RCPT", ["450 busy", "450 busy"], NotNow),
        ("RCPT", ["550 unknown", "450 busy"], NotNow),
        ("RCPT", ["550 unknown", "550 unknown"], Refused),
        ("DATA", ["451 later"], NotNow),
        ("DATA", ["554 spam"], Refused),
    ],
)
async def test_what_the_server_replies_says_whether_to_try_again(
    command: str, replies: list[str], kind: type[Exception]
) -> None:
    async with receiving_mail() as mailbox:
        mailbox.replies[command] = replies
        with pytest.raises(kind, match=r"^reply [45]5[0145]$"):
            await channel(mailbox).send(announcement())
    assert mailbox.mails == []


async def test_one_refused_recipient_does_not_keep_it_from_the_other(logged: Logged) -> None:
    async with receiving_mail() as mailbox:
        mailbox.replies["RCPT"] = ["550 unknown"]
        await channel(mailbox).send(announcement())
    assert mailbox.recipients == ["b@example.org"]
    assert "recipients_refused" in logged.events()


async def test_a_server_that_is_not_there_is_for_later() -> None:
    with pytest.raises(NotNow, match="SMTPConnectError"):
        await channel(Mailbox(port=1)).send(announcement())


async def test_a_server_that_hangs_can_be_given_up() -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await channel(Mailbox(port=server.sockets[0].getsockname()[1])).send(announcement())
    await gone.wait()
    server.close()
    await server.wait_closed()
