"""A real auth service, which a test can make slow, broken or of another opinion."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


class AuthServer:
    """Answers `/auth/me`; what it was asked is in `tokens`."""

    def __init__(self) -> None:
        self.answer: Any = {"id": "ada"}
        self.response: dict[str, Any] | None = None
        self.tokens: list[str] = []
        self.cookies: list[str] = []
        self.at_once = self.most_at_once = 0
        self.go = asyncio.Event()
        self.go.set()
        self._server: TestServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """What AUTH_SERVICE_URL would be."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it, on the same port as before."""
        app = web.Application()
        app.router.add_get("/auth/me", self._handle)
        app.router.add_get("/elsewhere", self._handle)
        self._server = TestServer(app, port=self._port)
        await self._server.start_server()
        self._port = self._server.port or 0

    async def stop(self) -> None:
        """Stop it, so that nothing answers any more."""
        if self._server is not None:
            await self._server.close()

    async def _handle(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        self.cookies.append(request.headers.get("Cookie", ""))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await self.go.wait()
        finally:
            self.at_once -= 1
        if self.response is not None:
            return web.Response(**self.response)
        response = web.json_response(self.answer)
        response.set_cookie("session", "of-" + self.tokens[-1])
        return response
