"""A TCP proxy that can do to a connection what networks do."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Passes bytes between its own port and `target`, a port of this machine.

    `delay` holds every piece back for so many seconds; while `frozen` nothing passes and nothing
    is refused; while `cut` every connection is dropped.
    """

    target: int
    delay: float = 0.0
    frozen: bool = False
    cut: bool = False
    port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Drop everything."""
        self.cut = True
        if self._server is not None:
            # Python 3.11 leaks a connection that is being accepted when its server is closed.
            for listening in self._server.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            for _ in range(5):
                await asyncio.sleep(0)
            self._server.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        ends = [writer.wait_closed() for writer in self._writers]
        await asyncio.gather(*ends, return_exceptions=True)

    def drop(self) -> None:
        """Cut the connections there are, as a reset does."""
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if self.cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(back)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(65_536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                while self.frozen:
                    await asyncio.sleep(0.01)
                if self.cut:
                    break
                sink.write(piece)
                await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)
