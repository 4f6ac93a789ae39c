"""The programs that a case starts: pinned to a core, waited for, and ended by their id."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

SERVER_CORE = "0"
LOAD_CORE = "1"
"""What is measured and what measures it do not share a core."""
BOTH_CORES = "0,1"
"""For what a case says that it measures on the whole machine."""

START_SECONDS = 120.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.005


class BenchmarkError(Exception):
    """A case cannot be measured; the message says why."""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def pinned(core: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command`, and whatever it starts, on one core."""
    return ["taskset", "--cpu-list", core, *command]


@contextmanager
def running(
    command: Sequence[str],
    ready: str | None,
    *,
    core: str = SERVER_CORE,
    environment: Mapping[str, str] | None = None,
    log: Path,
    folder: Path | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """A program on `core` that answers at the URL `ready` when the block begins; it ends with it.

    What it prints goes to `log`. Raises BenchmarkError, with the end of that, where it does not
    start.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # a declared program
            pinned(core, command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=folder,
        )
    try:
        if ready is not None:
            wait_until_ready(process, ready, log)
        yield process
    finally:
        end(process)


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Return when `url` answers 200; raises BenchmarkError where the program ended or is late."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if answers(url):
            return
        time.sleep(_POLL_SECONDS)
    said = log.read_text(errors="replace")[-2000:]
    raise BenchmarkError(f"{' '.join(map(str, process.args[3:6]))} did not start:\n{said}")  # type: ignore[index]  # a list, of `pinned`


def answers(url: str) -> bool:
    """Whether a GET is answered with a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=10):  # noqa: S310  # loopback
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask the process to end, and end it by force where it takes too long."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(command: Sequence[str], *, folder: Path | None = None, what: str) -> str:
    """What a command prints; raises BenchmarkError, naming `what` it was for, where it fails."""
    done = subprocess.run(  # noqa: S603  # a declared program
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"{what} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
