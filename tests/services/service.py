"""The service as its users run it: a process of its own, started by its command."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

KEY = "a-key-for-the-tests"
START_SECONDS = 30.0


class Process:
    """A running `meterhouse serve`."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        self.log = data_dir.with_suffix(".log")
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "exporter", "serve"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    "PATH": os.environ["PATH"],
                    "DATA_DIR": str(data_dir),
                    "PORT": "0",
                    "API_KEYS": f"tests:{KEY}",
                    "RATE_LIMIT_MAX_REQUESTS": "0",
                    "ZERO_FIRST_SECONDS": "0",  # tests compare what /metrics shows right away
                    **environment,
                },
            )
        self.url = self._listening(self.log.stat().st_size)

    def _listening(self, begin: int) -> str:
        """Where it listens, once it says so."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            said = self.log.read_text()
            found = re.findall(r"Meterhouse listens on (\S+)", said)
            if len(found) > said[:begin].count("Meterhouse listens on"):
                return str(found[-1])
            if self.popen.poll() is not None:
                raise AssertionError(f"the service did not start:\n{said[-3000:]}")
            time.sleep(0.01)
        raise AssertionError(f"the service did not say where it listens:\n{self.log.read_text()}")

    def get(self, path: str) -> str:
        """The body of a GET."""
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return str(response.read().decode())

    def sample(self, series: str) -> float:
        """The value of one series of /metrics, 0 where it is absent."""
        for line in self.get("/metrics").splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0

    def kill(self) -> None:
        """End it as a power cut would."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)

    def terminate(self, timeout: float = 20.0) -> int:
        """Ask it to end; its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(timeout)


@contextmanager
def running(data_dir: Path, **environment: str) -> Iterator[Process]:
    """A service on that data folder; ended by force, if it still runs, when the block ends."""
    process = Process(data_dir, environment)
    try:
        yield process
    finally:
        if process.popen.poll() is None:
            process.kill()
