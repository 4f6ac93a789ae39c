"""Receivers of announcements: an HTTP server and a mail server, which do as they are told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, cast

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

HANG = -1
"""In the place of a status: no answer, until the caller goes away."""


@dataclass(frozen=True)
class Answer:
    """What a receiver answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = "ok"


@dataclass
class Receiver:
    """An HTTP server that keeps what it was posted; `answers` come first, and then `ok`."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        """Keep one call and answer it."""
        self.bodies.append(await request.json())
        self.headers.append(request.headers)
        self.arrived.set()
        answer = self.answers.pop(0) if self.answers else Answer()
        if answer.status == HANG:
            await asyncio.Event().wait()
        return web.Response(status=answer.status, headers=answer.headers, text=answer.text)


@asynccontextmanager
async def receiving(*answers: Answer) -> AsyncIterator[Receiver]:
    """A running receiver."""
    receiver = Receiver(answers=list(answers))
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/s3cr3t"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@dataclass
class Mailbox:
    """A mail server's handler, which keeps messages; `replies` to commands replace `250 OK`."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    users: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802  # as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, or reply what was asked for."""
        if scripted := self._reply("RCPT"):
            return scripted
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a message, or reply what was asked for."""
        if scripted := self._reply("DATA"):
            return scripted
        parsed = BytesParser(policy=default).parsebytes(cast(bytes, envelope.content))
        self.mails.append(parsed)
        self.recipients = list(envelope.rcpt_tos)
        transport = cast(asyncio.Transport, server.transport)
        self.encrypted.append(transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        """Let in who has the password."""
        self.users.append(data.login)
        return AuthResult(success=data.password == b"p@ss/word", handled=False)

    def _reply(self, command: str) -> str | None:
        replies = self.replies.get(command)
        return replies.pop(0) if replies else None


@asynccontextmanager
async def receiving_mail(
    tls: ssl.SSLContext | None = None, *, from_the_start: bool = False, passwords: bool = False
) -> AsyncIterator[Mailbox]:
    """A running mail server; with `tls` it offers STARTTLS, or speaks nothing else."""
    mailbox = Mailbox()

    def protocol() -> SMTP:
        return SMTP(
            mailbox,
            hostname="localhost",
            tls_context=None if from_the_start else tls,
            authenticator=mailbox.authenticate if passwords else None,
            auth_require_tls=tls is not None and not from_the_start,
            auth_required=passwords,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if from_the_start else None)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()
