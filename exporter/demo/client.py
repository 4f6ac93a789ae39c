"""Posts to a running service and counts what became of each event."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from .calls import BATCH_PATH, Call

OK, BAD_REQUEST, CONFLICT = 200, 400, 409
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_REFUSED = frozenset({401, 403})
_FIRST_WAIT, _LONGEST_BACKOFF, _LONGEST_WAIT = 0.1, 2.0, 30.0
"""Seconds: doubled from the first one while nobody answers; what an answer may ask for at most."""
_SHOWN = 5


class DemoError(Exception):
    """The demo cannot go on; the message says why, for the person who started it."""


@dataclass
class Outcomes:
    """What became of the events so far, and how many changes to them (updates, ratings) were made.

    `problems` are the first few answers to what was rejected.
    """

    accepted: int = 0
    updates: int = 0
    duplicates: int = 0
    rejected: int = 0
    retries: int = 0
    problems: list[str] = field(default_factory=list)

    def reject(self, number: int, problem: str) -> None:
        """Count `number` rejected events, and keep the problem if few are known yet."""
        self.rejected += number
        if len(self.problems) < _SHOWN:
            self.problems.append(problem)


class Client:
    """Calls of the HTTP API with a service key.

    A service that is busy or away is asked again, as often as it takes within `patience` seconds;
    after that, and when it does not know the key, DemoError is raised.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, key: str, patience: float = 60.0
    ) -> None:
        self.outcomes = Outcomes()
        self._session = session
        self._url = url
        self._key = key
        self._patience = patience

    async def batch(self, events: Sequence[dict[str, Any]], user_agent: str) -> int:
        """Post past events in one call; the number of those that were new."""
        status, answer = await self._send(Call("POST", BATCH_PATH, {"events": events}, user_agent))
        outcomes = self.outcomes
        if status != OK:
            outcomes.reject(len(events), f"POST {BATCH_PATH}: {status} {answer}")
            return 0
        accepted = int(answer["accepted"])
        outcomes.accepted += accepted
        outcomes.duplicates += int(answer["duplicates"])
        for one in answer["rejected"]:
            outcomes.reject(1, f"{events[one['index']]['kind']}: {one}")
        return accepted

    async def call(self, call: Call) -> None:
        """Make one call and count it; an event that the service knows already is a duplicate."""
        status, answer = await self._send(call)
        if status >= BAD_REQUEST and not (call.tracks and status == CONFLICT):
            self.outcomes.reject(1, f"{call.method} {call.path}: {status} {answer}")
        elif not call.tracks:
            self.outcomes.updates += 1
        elif status == CONFLICT or answer.get("duplicate") is True:
            self.outcomes.duplicates += 1
        else:
            self.outcomes.accepted += 1

    async def _send(self, call: Call) -> tuple[int, dict[str, Any]]:
        """The status and the body of the first answer that is not "try again"."""
        body = msgspec.json.encode(call.body)
        headers = {
            "X-API-Key": self._key,
            "Content-Type": "application/json",
            "User-Agent": call.user_agent,
        }
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        wait = _FIRST_WAIT
        while True:
            try:
                async with self._session.request(
                    call.method, self._url + call.path, data=body, headers=headers
                ) as response:
                    text = await response.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = f"cannot be reached ({error})"
                wait = pause = min(2 * wait, _LONGEST_BACKOFF)
            else:
                if response.status in _REFUSED:
                    raise DemoError(f"{self._url} refuses the service key: {_decoded(text)}")
                if response.status not in _TRY_AGAIN:
                    return response.status, _decoded(text)
                reason = f"answers {response.status}"
                pause = _retry_after(response)
            if loop.time() + pause > deadline:
                raise DemoError(f"{self._url} {reason}.")
            self.outcomes.retries += 1
            await asyncio.sleep(pause)


def _decoded(text: bytes) -> dict[str, Any]:
    """The JSON object of an answer; something else answered where there is none."""
    try:
        answer = msgspec.json.decode(text)
    except msgspec.DecodeError:
        answer = None
    return answer if isinstance(answer, dict) else {"text": text[:200].decode(errors="replace")}


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds to wait, as the service asks for; one where it names none."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else 1.0
