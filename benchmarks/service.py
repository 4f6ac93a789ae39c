"""The service as the cases run it: everything on that a user has on."""

import secrets
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exporter import clock
from exporter.access.tokens import issue

from .processes import SERVER_CORE, free_port, running

KEY = "key-of-the-benchmark"
SECRET = secrets.token_urlsafe(48)
"""Of this run alone: what signs the tokens of the load."""

DAY_SECONDS = 86_400
PLANS = ("free", "pro", "team")


@dataclass(frozen=True)
class Service:
    """A running service."""

    url: str
    pid: int
    folder: Path

    def metrics(self) -> dict[str, float]:
        """Each series of /metrics, as it is written there, with its value."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=120) as answer:  # noqa: S310
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {series: float(value) for series, _, value in pairs}

    def stored(self) -> float:
        """Events that it has stored since its start."""
        return sum(
            value
            for series, value in self.metrics().items()
            if series.startswith("exporter_events_total{") and 'outcome="stored"' in series
        )


@contextmanager
def service(folder: Path, *, core: str = SERVER_CORE, **settings: str) -> Iterator[Service]:
    """A service with its data in `folder`, ready when the block begins.

    As in production, with a token for every call and the limits counted, but never reached.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    folder.mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-m", "exporter", "serve")
    environment = {**environment_of(port, folder), **settings}
    log = folder.with_suffix(".log")
    with running(command, f"{url}/-/ready", core=core, environment=environment, log=log) as one:
        yield Service(url, one.pid, folder)


def environment_of(port: int, folder: Path) -> Mapping[str, str]:
    """The settings of every service here."""
    return {
        "PORT": str(port),
        "DATA_DIR": str(folder),
        "APP_ENV": "production",
        "JWT_SECRET": SECRET,
        "API_KEY": KEY,
        "RATE_LIMIT_MAX_REQUESTS": "1000000000",
        "RATE_LIMIT_SERVICE_PER_SECOND": "1000000000",
    }


def token(sub: str, role: str = "user", plan: str = "free") -> str:
    """A token that the services of this run believe."""
    return issue(
        SECRET,
        sub=sub,
        role=role,
        plan=plan,
        tenant="default",
        ttl_seconds=7 * DAY_SECONDS,
        now=clock.now(),
    )
