"""A real redis-server for one test, which the test may stop and start again."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import require

START_SECONDS = 10.0
ATTEMPTS = 5


class RedisServer:
    """A redis-server on a loopback port that stays the same when it is started again."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """What REDIS_URL would be."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, and return when it answers."""
        for _ in range(1 if self.port else ATTEMPTS):
            port = self.port or _free_port()
            self._process = subprocess.Popen(
                [
                    self._binary,
                    *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(self._folder)),
                    *("--save", "", "--appendonly", "no", "--daemonize", "no"),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if self._answers(port):
                self.port = port
                return
            self.stop()  # the port was taken in between
        raise RuntimeError("redis-server does not start")

    def stop(self) -> None:
        """Stop it, and return when it is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait()

    def _answers(self, port: int) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(16).startswith(b"+PONG"):
                        return True
            except OSError:
                time.sleep(0.01)
        return False


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """A running server that is stopped in the end; skips or fails without the program."""
    server = RedisServer(require("redis-server", "apt-get install -y redis-server"), folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
