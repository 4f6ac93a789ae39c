"""A server that a check asks, and that a test may make die, hang, dawdle or say the wrong thing."""

import asyncio
import ssl
from contextlib import suppress

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"


class Dependency:
    """Answers every request with `body`, after `delay` seconds; while `hanging`, never.

    answer: what it sends instead. request: the head of the last request.
    most_at_once: connections that it had open at the same time, at most.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.body = b"all is well"
        self.answer: bytes | None = None
        self.request = b""
        self.delay = 0.0
        self.hanging = False
        self.asked = self.at_once = self.most_at_once = 0
        self.port = 0
        self._context = context
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it is."""
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://localhost:{self.port}/health"

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        """Start it, on the same port as before; with another certificate, if it is given one."""
        self._context = context or self._context
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=self._context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Let it die: its port is closed, and so is every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                self.request = await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                if self.hanging:
                    await reader.read()  # until the other side gives up
                    return
                await asyncio.sleep(self.delay)
                writer.write(self.answer or ANSWER % (len(self.body), self.body))
                await writer.drain()
        finally:
            self.at_once -= 1
            writer.transport.abort()
