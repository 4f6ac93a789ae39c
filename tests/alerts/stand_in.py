"""What stands in for Alertmanager where a test decides what it has, or how it fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.clock import rfc3339

from .reports import FINGERPRINT, LABELS, WORDS, minutes


def active(began: float = 0, fingerprint: str = FINGERPRINT, **fields: Any) -> dict[str, Any]:
    """An alert as its API lists it, begun so many minutes after now."""
    return {
        "fingerprint": fingerprint,
        "startsAt": rfc3339(minutes(began)),
        "endsAt": rfc3339(minutes(began + 60)),
        "updatedAt": rfc3339(minutes(began)),
        "labels": LABELS,
        "annotations": WORDS,
        "generatorURL": "http://prometheus/graph",
        "receivers": [{"name": "history"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        **fields,
    }


class StandIn:
    """`alerts` is what it has; `status` and `text` how it answers; `hangs` that it does not."""

    def __init__(self) -> None:
        self.url = ""
        self.alerts: list[dict[str, Any]] = []
        self.status = 200
        self.text: str | None = None
        self.hangs = False
        self.posted: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as told."""
        if self.hangs:
            await asyncio.sleep(3600)
        if request.method == "POST":
            self.posted.append(await request.json())
        if self.text is not None or self.status != 200:
            return web.Response(status=self.status, text=self.text)
        return web.json_response({"silenceID": "s1"} if request.method == "POST" else self.alerts)


@asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    """A running one."""
    one = StandIn()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.answer)
    server = TestServer(app)
    await server.start_server()
    one.url = str(server.make_url("")).rstrip("/")
    yield one
    await server.close()
