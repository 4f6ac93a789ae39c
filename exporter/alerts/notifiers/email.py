"""E-mail: a plain message, and the one of its end as an answer to it."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from ...clock import rfc3339
from ..announcement import Announcement, clipped

LONGEST_SUBJECT = 200


def message(announced: Announcement, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The message; sent twice it has the same id, so that a mailbox may know it again."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = clipped(announced.headline, LONGEST_SUBJECT)
    mail["Date"] = format_datetime(announced.changed_at)
    mail["Message-ID"] = _message_id(announced, announced.state)
    if announced.state == "resolved":
        mail["In-Reply-To"] = mail["References"] = _message_id(announced, "firing")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(announced))
    return mail


def _text(announced: Announcement) -> str:
    rows = [
        ("Alert", announced.name),
        ("Severity", announced.severity),
        ("Category", announced.category),
        *announced.labels.items(),
        ("Began", rfc3339(announced.started_at)),
    ]
    if announced.ended_at is not None:
        rows.append(("Ended", rfc3339(announced.ended_at)))
    if announced.runbook is not None:
        rows.append(("Runbook", announced.runbook))
    return f"{announced.message}\n\n" + "".join(f"{name}: {value}\n" for name, value in rows)


def _message_id(announced: Announcement, state: str) -> str:
    name = sha256(f"{announced.alert_id} {state}".encode()).hexdigest()[:32]
    return f"<{name}@meterhouse.invalid>"
