"""Our configurations as they are, but for their addresses and their pace.

Everything that is measured in time is FASTER: of queries the ranges and offsets, of rules their
`for`, of routes what they wait for. Thresholds, labels and all the rest stay as they are shipped.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.services.service import KEY

ROOT = Path(__file__).parent.parent.parent
FASTER = 60
"""So that an hour is a minute, and the shortest window, 5 minutes, is 5 seconds."""
SCRAPE_SECONDS = 0.5
METRICS_TOKEN = "a token to scrape with"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = r"(\d+)([smhdw])"
_IN_TIME = re.compile(
    rf"(?<=\[){_DURATION}(?=[\]:])|(?<=:){_DURATION}(?=\])|(?<=offset ){_DURATION}"
)
ROUTE_TIMES = ("group_wait", "group_interval", "repeat_interval")
_SECRETS = "/etc/alertmanager/secrets/"
_SERVICE = "http://exporter:5005"


def faster(duration: str) -> str:
    """A duration of Prometheus, divided by FASTER."""
    found = re.fullmatch(_DURATION, duration)
    assert found, duration
    return f"{int(found[1]) * _SECONDS[found[2]] * 1000 // FASTER}ms"


def query(expr: str) -> str:
    """A query with its ranges, the steps of its subqueries and its offsets FASTER."""
    return _IN_TIME.sub(lambda found: faster(found[0]), expr)


def rules(folder: Path) -> None:
    """Write our rule files into `folder`."""
    folder.mkdir()
    for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            for rule in group["rules"]:
                rule["expr"] = query(rule["expr"])
                if "for" in rule:
                    rule["for"] = faster(rule["for"])
        (folder / path.name).write_text(yaml.safe_dump(content))


def prometheus(folder: Path, targets: Mapping[str, str]) -> Path:
    """Write prometheus.yml and the rules into `folder`; `targets` has an address for each job."""
    content = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    pace = f"{SCRAPE_SECONDS * 1000:.0f}ms"
    content["global"] = dict.fromkeys(content["global"], pace)
    rules(folder / "rules")
    (token := folder / "token").write_text(METRICS_TOKEN)
    for alertmanager in content["alerting"]["alertmanagers"]:
        alertmanager["static_configs"] = [{"targets": [targets["alertmanager"]]}]
    for job in content["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(token)
    return _written(folder / "prometheus.yml", content)


def alertmanager(folder: Path, service: str, http: str, smtp: str) -> Path:
    """Write alertmanager.yml into `folder`, with the receivers' secrets beside it.

    Whoever would be told is at `http`, under a path that says who, and at `smtp`. What is for the
    `service` goes to both.
    """
    source = ROOT / "alertmanager"
    secrets = {
        "slack_webhook_url": f"{http}/slack",
        "discord_webhook_url": f"{http}/discord",
        "pagerduty_routing_key": "a-routing-key",
        "smtp_password": "a-password",
        "alerts_token": KEY,
    }
    (folder / "secrets").mkdir()
    for name, secret in secrets.items():
        (folder / "secrets" / name).write_text(secret)
    text = (source / "alertmanager.yml").read_text()
    content = yaml.safe_load(text.replace(_SECRETS, f"{folder}/secrets/"))
    content["templates"] = [f"{source}/{one}" for one in content["templates"]]
    content["global"] |= {
        "pagerduty_url": f"{http}/pagerduty",
        "smtp_smarthost": smtp,
        "smtp_require_tls": False,
    }
    for route in (content["route"], *content["route"]["routes"]):
        route |= {name: faster(route[name]) for name in ROUTE_TIMES if name in route}
    for receiver in content["receivers"]:
        if "webhook_configs" in receiver:
            receiver["webhook_configs"] = [
                webhook | {"url": webhook["url"].replace(_SERVICE, to)}
                for webhook in receiver["webhook_configs"]
                for to in (service, http)
            ]
    return _written(folder / "alertmanager.yml", content)


def _written(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content))
    return path
