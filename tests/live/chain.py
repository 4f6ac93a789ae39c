"""The running chain: the service, traffic, Prometheus, Alertmanager, and whom that tells."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.services import require
from tests.services.service import KEY, Process

from . import copies
from .programs import answers, free_addresses, program, until
from .prometheus import Alertmanager, Prometheus
from .receiver import Told, receiver

START_SECONDS = 30.0
ENVIRONMENT = {
    "METRICS_TOKEN": copies.METRICS_TOKEN,
    "ZERO_FIRST_SECONDS": f"{4 * copies.SCRAPE_SECONDS:g}",
    "GAUGES_REFRESH_SECONDS": "1",
    "SYSTEM_SAMPLE_SECONDS": "1",
    "RATE_LIMIT_MAX_REQUESTS": "10",  # for who has no key, so that somebody can be refused
}
"""The service's settings; what depends on the time between two scrapes is as much faster."""
TRAFFIC = ("--backfill", "2", "--events", "4000", "--live", "--rate", "40")


@dataclass
class Chain:
    """The parts, and when Prometheus began (Unix time)."""

    service: Process
    prometheus: Prometheus
    alertmanager: Alertmanager
    told: Told
    began: float
    data: Path
    port: str

    def kill(self) -> None:
        """End the service as a power cut would."""
        self.service.kill()

    def restart(self) -> None:
        """Start the service again, where it was."""
        self.service = _service(self.data, self.port)


@contextmanager
def running(folder: Path) -> Iterator[Chain]:
    """All of it, with traffic; ended in the opposite order when the block ends."""
    prometheus = require("prometheus", "apt-get install -y prometheus")
    alertmanager = require("prometheus-alertmanager", "apt-get install -y prometheus-alertmanager")
    jobs = ("meterhouse", "prometheus", "alertmanager")
    targets = dict(zip(jobs, free_addresses(len(jobs)), strict=True))
    urls = {job: f"http://{target}" for job, target in targets.items()}
    with ExitStack() as stack:
        told = stack.enter_context(receiver())
        data, port = folder / "data", targets["meterhouse"].rpartition(":")[2]
        chain = Chain(
            _service(data, port),
            Prometheus(urls["prometheus"]),
            Alertmanager(urls["alertmanager"]),
            told,
            time.time(),
            data,
            port,
        )
        stack.callback(chain.kill)
        config = copies.alertmanager(folder, urls["meterhouse"], told.http, told.smtp)
        command = [
            alertmanager,
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={targets['alertmanager']}",
            "--cluster.listen-address=",
        ]
        stack.enter_context(program(command, folder / "alertmanager.log"))
        command = [
            prometheus,
            f"--config.file={copies.prometheus(folder, targets)}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={targets['prometheus']}",
            "--rules.alert.resend-delay=1s",
        ]
        stack.enter_context(program(command, folder / "prometheus.log"))
        for job, url in urls.items():
            until(f"{job} to be ready", partial(answers, f"{url}/-/ready"), START_SECONDS)
        command = [sys.executable, "-m", "exporter", "demo", "--url", chain.service.url, *TRAFFIC]
        environment = {"PATH": os.environ["PATH"], "API_KEY": KEY}
        stack.enter_context(program(command, folder / "demo.log", environment))
        yield chain


def _service(data: Path, port: str) -> Process:
    return Process(data, {**ENVIRONMENT, "PORT": port})
