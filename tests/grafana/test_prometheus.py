"""A real Prometheus reads every expression."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import require

from .reading import asked, everything

START_SECONDS = 20.0
ATTEMPTS = 3
EXPRESSIONS = [one for board in everything() for one in asked(board)]


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether it becomes ready before it gives up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that scrapes nothing."""
    binary = require("prometheus", "apt-get install -y prometheus")
    folder: Path = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text("global: {}\n")
    for _ in range(ATTEMPTS):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if answers(f"http://{address}", process):
                yield f"http://{address}"
                return
        finally:
            process.terminate()
            process.wait()
    raise RuntimeError("prometheus does not start")


def query(url: str, expression: str) -> tuple[int, dict[str, object]]:
    """The status and the answer of an instant query."""
    body = urllib.parse.urlencode({"query": expression}).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query", data=body, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


@pytest.mark.parametrize("one", EXPRESSIONS, ids=lambda one: one.place)
def test_prometheus_takes_the_expression_even_without_any_data(prometheus, one):
    status, answer = query(prometheus, one.filled())
    assert status == 200, answer
    assert "$" not in one.filled()


def test_prometheus_refuses_what_is_no_promql(prometheus):
    assert query(prometheus, "sum by (")[0] == 400
