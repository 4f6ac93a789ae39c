"""The `notify-test` command: tells every configured channel once, and says what each made of it.

Each is told of an alert's beginning and of its end, straight away and without a second try, whether
the service runs or not, and whether it would be silent or not.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime

from ..clock import now
from ..ids import new_id
from ..settings import Settings
from .announcement import Announcement
from .channel import Channel, NotNow, Refused
from .channels import configured, silent
from .evaluators import RUNBOOK
from .policy import Policy

NOTHING = "No channel is configured: see SLACK_WEBHOOK_URL and its neighbors in docs/settings.md."
SILENT = "By these settings the service itself tells nobody: see ALERT_NOTIFICATIONS."


def run(settings: Settings, names: Sequence[str], limit_seconds: float = Policy.timeout) -> int:
    """Tell the channels with these names, without any all of them; the exit code.

    Raises SettingError where half of a channel is configured.
    """
    return asyncio.run(_run(settings, names, limit_seconds))


async def _run(settings: Settings, names: Sequence[str], limit_seconds: float) -> int:
    channels = configured(settings, now)
    try:
        known = {channel.name: channel for channel in channels}
        if unknown := sorted(set(names) - known.keys()):
            print(f"not configured: {', '.join(unknown)}", file=sys.stderr)
            return 1
        if not known:
            print(NOTHING, file=sys.stderr)
            return 1
        if silent(settings):
            print(SILENT, file=sys.stderr)
        chosen = [known[name] for name in names or known]
        answers = await asyncio.gather(*(_tell(one, limit_seconds) for one in chosen))
        for channel, problem in zip(chosen, answers, strict=True):
            print(f"{channel.name:10} {problem or 'told'}")
        return 1 if any(answers) else 0
    finally:
        for channel in channels:
            await channel.close()


async def _tell(channel: Channel, limit_seconds: float) -> str | None:
    """What went wrong, if anything did."""
    at, name = now(), new_id()
    try:
        for ended_at in (None, at):
            async with asyncio.timeout(limit_seconds):
                await channel.send(_announcement(name, at, ended_at))
    except Refused as error:
        return f"refused: {error}"
    except NotNow as error:
        return f"not reached: {error}"
    except TimeoutError:
        return f"no answer in {limit_seconds:g} seconds"
    return None


def _announcement(name: str, at: datetime, ended_at: datetime | None) -> Announcement:
    return Announcement(
        alert_id=name,
        fingerprint=name,
        name="NotificationTest",
        state="firing" if ended_at is None else "resolved",
        severity="low",
        category="service",
        title="This is a test.",
        message="Somebody ran `meterhouse notify-test`. Nothing is wrong, and this works.",
        started_at=at,
        ended_at=ended_at,
        runbook=RUNBOOK,
    )
