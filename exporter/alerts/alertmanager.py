"""The Alertmanager that ALERTMANAGER_URL names, by its API v2: silences, and what it has now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiohttp
import msgspec
from aiohttp import hdrs

from ..clock import rfc3339
from ..fields import Moment

LIMIT_SECONDS = 10.0
LARGEST_ANSWER = 16 * 1024 * 1024


class AlertmanagerFailed(Exception):
    """Alertmanager could not be asked, or refused; the message says why, in one sentence."""


class _Made(msgspec.Struct):
    silence_id: str = msgspec.field(name="silenceID")


class AlertStatus(msgspec.Struct, rename="camel", frozen=True):
    """Why Alertmanager keeps quiet about an alert: by which other alerts."""

    inhibited_by: list[str] = msgspec.field(default_factory=list)


class ActiveAlert(msgspec.Struct, rename="camel", frozen=True):
    """An alert that Alertmanager has now."""

    fingerprint: str
    starts_at: Moment
    labels: dict[str, str]
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    status: AlertStatus = AlertStatus()
    generator_url: str | None = msgspec.field(name="generatorURL", default=None)


class Alertmanager:
    """A client of one Alertmanager; without a `url` it is not configured, and everything fails."""

    def __init__(self, url: str | None, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._url = url
        self._limit = aiohttp.ClientTimeout(total=limit_seconds)
        self._session: aiohttp.ClientSession | None = None

    @property
    def configured(self) -> bool:
        """Whether there is one."""
        return self._url is not None

    async def silence(
        self,
        labels: Mapping[str, str],
        start: datetime,
        end: datetime,
        *,
        who: str,
        comment: str,
        replaces: str | None = None,
    ) -> str:
        """The id of a new silence for the alert with exactly these labels.

        It takes the place of the silence `replaces`. Raises AlertmanagerFailed.
        """
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in sorted(labels.items())
        ]
        body = {
            "matchers": matchers,
            "startsAt": rfc3339(start),
            "endsAt": rfc3339(end),
            "createdBy": who,
            "comment": comment,
        }
        if replaces is not None:
            body["id"] = replaces
        made: _Made = await self._ask(hdrs.METH_POST, "/api/v2/silences", _Made, json=body)
        return made.silence_id

    async def active(self) -> list[ActiveAlert]:
        """All alerts that it has, silenced and inhibited ones too. Raises AlertmanagerFailed."""
        alerts: list[ActiveAlert] = await self._ask(
            hdrs.METH_GET, "/api/v2/alerts", list[ActiveAlert]
        )
        return alerts

    async def close(self) -> None:
        """Let go of its connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, path: str, answer: Any, **options: Any) -> Any:
        """The answer to one call, as the type `answer`."""
        if self._url is None:
            raise AlertmanagerFailed("ALERTMANAGER_URL is not set.")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._limit)
        try:
            async with self._session.request(method, f"{self._url}{path}", **options) as response:
                if not response.ok:
                    raise AlertmanagerFailed(f"Alertmanager answered {response.status}.")
                raw = bytearray()
                async for chunk in response.content.iter_any():
                    raw += chunk
                    if len(raw) > LARGEST_ANSWER:
                        raise AlertmanagerFailed("Alertmanager's answer is too long.")
            return msgspec.json.decode(raw, type=answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AlertmanagerFailed("Alertmanager cannot be reached.") from error
        except msgspec.MsgspecError as error:
            raise AlertmanagerFailed("Alertmanager's answer cannot be read.") from error
