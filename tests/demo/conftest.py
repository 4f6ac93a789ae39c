"""A small service that the demo posts to: it keeps to the contract, and can be busy."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.demo.client import Client
from exporter.family import Family
from exporter.fields import decode_hook
from exporter.records import TRACKED

KEY = "key-of-the-demo"
FAMILIES = {family.kind: family for family in TRACKED}
PATHS = {
    "/api/ai-tracking": "ai_request",
    "/api/analytics/engagement": "engagement",
    "/api/analytics/sales": "sale",
    "/api/performance": "performance",
    "/api/credits": "credit",
}
CHANGES = {
    "/api/ai-tracking/update": ("ai_request", "update"),
    "/api/ai-tracking/feedback": ("ai_request", "feedback"),
    "/api/analytics/sales/update": ("sale", "update"),
}


def read(kind: str, body: dict[str, Any]) -> Any:
    """`body` through the family's own schema and checks; fails where the service would refuse."""
    family = FAMILIES[kind]
    raw = msgspec.json.encode(body)
    document = msgspec.json.decode(raw, type=family.body, dec_hook=decode_hook)
    assert list(family.check(document)) == []
    return document


@dataclass
class Recorder:
    """What was posted, and the answers that come before the right ones."""

    url: str = ""
    busy: list[web.Response] = field(default_factory=list)
    events: dict[tuple[str, str], Any] = field(default_factory=dict)
    changes: defaultdict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    user_agents: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    many_calls: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the 20th call."""

    def known(self, family: Family, body: Any) -> bool:
        """Whether an event with that key was there; it is kept where not."""
        name = getattr(body, family.key_attribute, None) or f"made-{len(self.events)}"
        known = (family.kind, name) in self.events
        self.events.setdefault((family.kind, name), body)
        return known

    async def track(self, request: web.Request) -> web.Response:
        kind = PATHS[request.path.rpartition("/")[0]]
        known = self.known(FAMILIES[kind], read(kind, await request.json()))
        if known and FAMILIES[kind].duplicate == "conflict":
            return web.json_response({"error": "conflict"}, status=409)
        return web.json_response({"duplicate": known}, status=200 if known else 201)

    async def change(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        if not any(name == key for _, name in self.events):
            return web.json_response({"error": "not_found"}, status=404)
        kind, name = CHANGES[request.path.rpartition("/")[0]]
        raw = await request.read()
        msgspec.json.decode(raw, type=FAMILIES[kind].change(name).body, dec_hook=decode_hook)
        self.changes[key].append(msgspec.json.decode(raw))
        return web.json_response({})

    async def batch(self, request: web.Request) -> web.Response:
        rejected, duplicates = [], 0
        events = (await request.json())["events"]
        for index, event in enumerate(events):
            kind = event.pop("kind")
            if event.get("model") == "refused":
                rejected.append({"index": index, "error": "validation_error", "details": []})
            else:
                duplicates += self.known(FAMILIES[kind], read(kind, event))
        accepted = len(events) - duplicates - len(rejected)
        return web.json_response(
            {"accepted": accepted, "duplicates": duplicates, "rejected": rejected}
        )


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    """The service, listening."""
    recorder = Recorder()

    @web.middleware
    async def first(request: web.Request, handler: Any) -> web.StreamResponse:
        recorder.calls.append(f"{request.method} {request.path}")
        if len(recorder.calls) == 20:
            recorder.many_calls.set()
        recorder.user_agents.add(request.headers["User-Agent"])
        if request.headers.get("X-API-Key") != KEY:
            return web.json_response({"error": "unauthorized"}, status=401)
        return recorder.busy.pop(0) if recorder.busy else await handler(request)

    app = web.Application(middlewares=[first], client_max_size=16 * 1024 * 1024)
    app.router.add_post("/api/events/batch", recorder.batch)
    for path in PATHS:
        app.router.add_post(f"{path}/track", recorder.track)
    app.router.add_put("/api/ai-tracking/update/{key}", recorder.change)
    app.router.add_put("/api/analytics/sales/update/{key}", recorder.change)
    app.router.add_post("/api/ai-tracking/feedback/{key}", recorder.change)
    async with TestServer(app) as server:
        recorder.url = str(server.make_url("")).rstrip("/")
        yield recorder


@pytest.fixture
async def client(recorder: Recorder) -> AsyncIterator[Client]:
    """The demo's client of it."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, recorder.url, KEY, patience=5.0)
