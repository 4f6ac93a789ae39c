"""The command of docker-compose.yml by which replicas share a volume, and none a folder."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from .files import services

SHELL, OPTION, SCRIPT = services()["exporter"]["command"]
DEADLINE_SECONDS = 30.0


class Replica:
    """The command, run on a folder that stands for the volume."""

    def __init__(self, volume: Path, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [SHELL, OPTION, SCRIPT.replace("$$", "$")],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "DATA_DIR": str(volume),
                    "PORT": "0",
                },
            )

    def output(self) -> str:
        """What it said so far."""
        return self._log.read_text()

    def wait_until_it_listens(self) -> None:
        """Return when it does; fails when it ends instead."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while "Meterhouse listens on" not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)

    def folder(self) -> str:
        """The name of the folder that it works in, as the system sees it."""
        found = set()
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                path = link.readlink()
                if path.name == "meterhouse.sqlite":
                    found.add(path.parent.name)
        (name,) = found
        return name


Start = Callable[[], Replica]


@contextmanager
def ended(replicas: list[Replica]) -> Iterator[None]:
    """All of them are gone after the block."""
    try:
        yield
    finally:
        for replica in replicas:
            replica.process.kill()
            replica.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts replicas on one volume."""
    volume = tmp_path / "volume"
    volume.mkdir()
    replicas: list[Replica] = []

    def begin() -> Replica:
        replicas.append(Replica(volume, tmp_path / f"{len(replicas)}.log"))
        replicas[-1].wait_until_it_listens()
        return replicas[-1]

    with ended(replicas):
        yield begin


def test_replicas_have_a_folder_each_and_a_new_one_takes_over_what_one_left(start):
    first, second = start(), start()
    assert [first.folder(), second.folder()] == ["replica-1", "replica-2"]
    first.process.kill()
    first.process.wait()
    assert start().folder() == "replica-1"
    assert start().folder() == "replica-3"


def test_the_signal_to_stop_reaches_the_service(start):
    replica = start()
    replica.process.terminate()
    assert replica.process.wait(DEADLINE_SECONDS) == 0
    assert "stopped" in replica.output()


def test_without_its_volume_it_ends_and_says_why(tmp_path):
    replica = Replica(tmp_path / "missing", tmp_path / "log")
    assert replica.process.wait(DEADLINE_SECONDS) != 0
    assert "replica-1.lock" in replica.output()
