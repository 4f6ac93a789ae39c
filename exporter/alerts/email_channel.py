"""The channel over e-mail: one message an announcement, each over a connection of its own."""

import socket
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from .announcement import Announcement
from .channel import NotNow, Refused
from .notifiers import email

log = structlog.get_logger(__name__)

FOR_GOOD = 500
"""Replies from here on say that the same again will fail again."""


class EmailChannel:
    """A mail server that passes messages on.

    `smtps://` is TLS from the start. `smtp://` is TLS as soon as the server offers it, and with a
    password never without: it would be read on the way.
    """

    name = "email"

    def __init__(self, url: str, sender: str, recipients: Sequence[str]) -> None:
        where = urlsplit(url)
        self._sender = sender
        self._recipients = tuple(recipients)
        self._host = where.hostname
        self._port = where.port
        self._user = None if where.username is None else unquote(where.username)
        self._password = None if where.password is None else unquote(where.password)
        self._tls = where.scheme == "smtps"

    async def send(self, announced: Announcement) -> None:
        """Hand the message over; it is sent where at least one of the recipients was accepted."""
        mail = email.message(announced, self._sender, self._recipients)
        needs_tls = None if self._user is None else True
        try:
            refused, _ = await aiosmtplib.send(
                mail,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                start_tls=False if self._tls else needs_tls,
                local_hostname=socket.gethostname(),
                timeout=None,  # whoever calls limits the time
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _failure(min(one.code for one in error.recipients)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _failure(error.code) from error
        except OSError as error:  # the connection: the library's own kinds too
            raise NotNow(type(error).__name__) from error
        except aiosmtplib.SMTPException as error:  # the server cannot do what is needed
            raise Refused(type(error).__name__) from error
        if refused:
            log.warning("recipients_refused", channel=self.name, recipients=len(refused))

    async def close(self) -> None:
        """Nothing to let go of."""


def _failure(code: int) -> Refused | NotNow:
    return Refused(f"reply {code}") if code >= FOR_GOOD else NotNow(f"reply {code}")
