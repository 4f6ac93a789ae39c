"""The peers: how each is made ready, started, and told which series to show."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import msgspec

from exporter.demo.calls import TRACK_PATHS
from exporter.records import AI_REQUEST, ENGAGEMENT, PERFORMANCE

from ..processes import BenchmarkError, free_port, run, running

HERE = Path(__file__).parent
PUSH_SECONDS = 600.0


def python(module: str) -> Callable[[Path], Sequence[str]]:
    """The command of a peer in Python, which needs no more than the service does."""
    return lambda cache: (sys.executable, "-m", f"benchmarks.peers.{module}")


def node(script: str) -> Callable[[Path], Sequence[str]]:
    """The command of a peer in Node, after `npm ci` by the lock file in a folder of the cache."""

    def prepared(cache: Path) -> Sequence[str]:
        folder = copied("node", cache)
        (folder / "schemas.json").write_bytes(schemas())
        lock, installed = folder / "package-lock.json", folder / "installed.json"
        if not installed.is_file() or installed.read_bytes() != lock.read_bytes():
            quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
            run([_tool("npm"), "ci", *quiet], folder=folder, what="npm ci")
            shutil.copy(lock, installed)
        # room for the strings of a million series
        return (_tool("node"), "--max-old-space-size=8192", str(folder / script))

    return prepared


def schemas() -> bytes:
    """The contract's own JSON schema of each family that lua/events.lua sends, by its path."""
    found = {
        TRACK_PATHS[family.kind]: msgspec.json.schema(family.body)
        for family in (AI_REQUEST, ENGAGEMENT, PERFORMANCE)
    }
    return msgspec.json.encode(found)


def go(folder_name: str) -> Callable[[Path], Sequence[str]]:
    """The command of a peer in Go, built by its go.sum into the cache."""

    def prepared(cache: Path) -> Sequence[str]:
        folder = copied(folder_name, cache)
        run([_tool("go"), "build", "-o", folder_name, "."], folder=folder, what="go build")
        return (str(folder / folder_name),)

    return prepared


def copied(name: str, cache: Path) -> Path:
    """A peer's sources below the cache, where what is built or installed of them may lie."""
    folder = cache / "peers" / name
    return Path(shutil.copytree(HERE / name, folder, dirs_exist_ok=True))


def installed(program: str) -> Callable[[Path], Sequence[str]]:
    """The command of a peer that is a package of Debian."""
    return lambda cache: (_tool(program),)


def _tool(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise BenchmarkError(f"{program} is not installed; see docs/performance.md.")
    return path


def push(url: str, series: Path) -> None:
    """Give a pushgateway the series in the text format: it keeps what it is sent."""
    text = series.with_suffix(".prom").read_bytes()
    request = Request(f"{url}/metrics/job/benchmark", text, method="PUT")  # noqa: S310  # loopback
    urlopen(request, timeout=PUSH_SECONDS).close()  # noqa: S310


@dataclass(frozen=True)
class Serving:
    """A peer that runs."""

    url: str
    pid: int


@dataclass(frozen=True)
class Peer:
    """A program to compare with.

    command: what makes it ready, given the cache, and says how it is called.
    arguments: what follows, given its port and the file of series.
    ready: the path that answers when it can be used.
    fill: gives it the series, where it does not read the file.
    """

    name: str
    command: Callable[[Path], Sequence[str]]
    arguments: Callable[[int, Path | None], Sequence[str]] = lambda port, series: (
        (str(port),) if series is None else (str(port), str(series))
    )
    ready: str = "/-/ready"
    fill: Callable[[str, Path], None] | None = None

    @contextmanager
    def serving(self, cache: Path, series: Path | None = None) -> Iterator[Serving]:
        """The peer while it runs on the server's core, with these series."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [*self.command(cache), *self.arguments(port, series)]
        log = cache / f"{self.name.replace(' ', '-')}.log"
        environment = {"NODE_ENV": "production"}
        with running(command, url + self.ready, environment=environment, log=log) as process:
            if self.fill is not None and series is not None:
                self.fill(url, series)
            yield Serving(url, process.pid)


BARE = Peer("bare aiohttp", python("bare_aiohttp"))
BARE_MSGSPEC = Peer("aiohttp + msgspec", python("bare_msgspec"))
EXPRESS = Peer("Express 4 + prom-client", node("recorder.js"))
RECORDING = (BARE, BARE_MSGSPEC, EXPRESS)
"""What takes events: without storing them."""

PROMETHEUS_CLIENT = Peer(
    "prometheus-client", python("prometheus_client_python"), ready="/favicon.ico"
)
CLIENT_GOLANG = Peer("client_golang", go("client_golang"))
PROM_CLIENT = Peer("prom-client", node("exposition.js"))
PUSHGATEWAY = Peer(
    "pushgateway",
    installed("prometheus-pushgateway"),
    lambda port, series: (f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"),
    fill=push,
)
SHOWING = (PROMETHEUS_CLIENT, CLIENT_GOLANG, PROM_CLIENT, PUSHGATEWAY)
"""What shows series to Prometheus."""
