"""A MongoDB-compatible server that a test may stop, kill and start again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from . import absent
from .mongodb import COMMAND, NOT_INSTALLED


class MongoServer:
    """The server with its data in `folder`; it keeps its port when it is started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.uri = ""

    @property
    def port(self) -> int:
        """Where it listens on this machine."""
        return urlsplit(self.uri).port or 27017

    def start(self) -> None:
        """Start it, and return when it answers. Skips or fails where none is installed."""
        ran = self._run("start")
        if ran.returncode == NOT_INSTALLED:
            absent("the MongoDB-compatible server is not installed: tests/services/mongodb install")
        ran.check_returncode()
        self.uri = ran.stdout.split()[-1]

    def stop(self, *, kill: bool) -> None:
        """Stop it in good order, or as a crash does."""
        self._run("stop", *(["--kill"] if kill else [])).check_returncode()

    def _run(self, command: str, *flags: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [COMMAND, command, "--data", self._folder, *flags],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )


@contextmanager
def mongodb_server(folder: Path) -> Iterator[MongoServer]:
    """A running server of the test's own, which keeps what it acknowledged when it is killed."""
    if os.geteuid() != 0:
        absent("the MongoDB-compatible server runs as root only")
    server = MongoServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop(kill=True)
