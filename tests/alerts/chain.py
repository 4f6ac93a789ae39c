"""A real Alertmanager, and a real Prometheus in front of it, that notify the service."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services import require

from ..live.programs import answers, free_addresses, program, until

START_SECONDS = 30.0
GROUP_SECONDS = 1
"""Between two words of Alertmanager's about the same alert."""
ALERTMANAGER = """
route:
  receiver: history
  group_by: ['...']
  group_wait: 0s
  group_interval: {group_seconds}s
  repeat_interval: 1h
receivers:
  - name: history
    webhook_configs:
      - url: {webhook}
        send_resolved: true
        http_config:
          authorization: {{credentials: {key}}}
"""
PROMETHEUS = """
global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ['{alertmanager}']}}]
scrape_configs:
  - job_name: sick
    metrics_path: {path}
    static_configs: [{{targets: ['{target}']}}]
"""
RULES = """
groups:
  - name: tests
    rules:
      - alert: Sick
        expr: sick > 0
        labels: {severity: critical, category: service}
        annotations: {summary: It is sick., description: 'Its sickness is {{ $value }}.'}
"""


@contextmanager
def alertmanager(folder: Path, webhook: str, key: str) -> Iterator[str]:
    """The address of an Alertmanager that posts to the `webhook`, with a service key as token."""
    binary = require("prometheus-alertmanager", "apt-get install -y prometheus-alertmanager")
    [address] = free_addresses(1)
    config = folder / "alertmanager.yml"
    config.write_text(ALERTMANAGER.format(webhook=webhook, key=key, group_seconds=GROUP_SECONDS))
    command = [
        binary,
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with program(command, folder / "alertmanager.log"):
        until(address, lambda: answers(f"http://{address}/-/ready"), START_SECONDS)
        yield f"http://{address}"


@contextmanager
def prometheus(folder: Path, target: str, path: str, alertmanager: str) -> Iterator[str]:
    """The address of a Prometheus that alerts while `sick` at the target is more than 0.

    It has found both when it is given.
    """
    binary = require("prometheus", "apt-get install -y prometheus")
    [address] = free_addresses(1)
    config = folder / "prometheus.yml"
    config.write_text(
        PROMETHEUS.format(
            target=target, path=path, alertmanager=alertmanager.removeprefix("http://")
        )
    )
    (folder / "rules.yml").write_text(RULES)
    command = [
        binary,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={address}",
        "--rules.alert.resend-delay=200ms",
    ]
    url = f"http://{address}"
    with program(command, folder / "prometheus.log"):
        until(address, lambda: answers(f"{url}/-/ready"), START_SECONDS)
        until(
            "its Alertmanager",
            lambda: ask(f"{url}/api/v1/alertmanagers")["data"]["activeAlertmanagers"],
            START_SECONDS,
        )
        until(
            "its target",
            lambda: ask(f"{url}/api/v1/query?query=up")["data"]["result"],
            START_SECONDS,
        )
        yield url


def ask(url: str, body: Any = None, **headers: str) -> Any:
    """The JSON that a GET, or a POST of a body, is answered with."""
    data = None if body is None else json.dumps(body).encode()
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        said = answer.read()
        return json.loads(said) if said else None
