"""Prometheus, Alertmanager and Grafana: their own tools' opinion, and that they find each other."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services import require

from .files import PORT, ROOT, load, manifests, services

PROMETHEUS = load("prometheus/prometheus.yml")
TOKEN_FILE = "/run/secrets/metrics_token"


def run(*command: str | Path) -> None:
    """Run a checker, and fail with what it says where it is not content."""
    checked = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def targets(job: dict[str, Any]) -> list[str]:
    """The static targets of a job, or of Alertmanagers."""
    return [target for group in job["static_configs"] for target in group["targets"]]


def container_ports() -> dict[str, str]:
    """The port that each service of docker-compose.yml listens on, as its health check has it."""
    return {
        "prometheus": "9090",
        "alertmanager": "9093",
        "grafana": "3000",
        "exporter": str(PORT),
    }


def test_promtool_is_content_with_the_configuration(tmp_path):
    promtool = require("promtool", "apt-get install -y prometheus")
    token = tmp_path / "token"
    token.write_text("a token")
    text = (ROOT / "prometheus" / "prometheus.yml").read_text()
    assert text.count(TOKEN_FILE) == 1
    copy = tmp_path / "prometheus.yml"
    copy.write_text(
        text.replace(TOKEN_FILE, str(token)).replace("rules/", f"{ROOT}/prometheus/rules/")
    )
    run(promtool, "check", "config", copy)


def test_amtool_is_content_with_the_configuration():
    amtool = require("amtool", "apt-get install -y prometheus-alertmanager")
    run(amtool, "check-config", ROOT / "alertmanager" / "alertmanager.yml")


def test_promtool_is_content_with_the_rules_for_the_operator(tmp_path):
    promtool = require("promtool", "apt-get install -y prometheus")
    (rule,) = manifests("PrometheusRule")
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump(rule["spec"]))
    run(promtool, "check", "rules", path)


def test_prometheus_finds_every_replica():
    (job,) = [one for one in PROMETHEUS["scrape_configs"] if one["job_name"] == "meterhouse"]
    (found,) = job["dns_sd_configs"]
    assert found["names"] == ["exporter"]
    assert found["type"] == "A"
    assert found["port"] == PORT
    assert "monitoring" in services()["exporter"]["networks"]


def test_everything_that_prometheus_names_is_a_service_on_its_network():
    named = targets(PROMETHEUS["alerting"]["alertmanagers"][0])
    for job in PROMETHEUS["scrape_configs"]:
        named += targets(job) if "static_configs" in job else []
    assert named
    for target in named:
        host, _, port = target.partition(":")
        host = "prometheus" if host == "localhost" else host
        assert container_ports()[host] == port
        assert "monitoring" in services()[host]["networks"]


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "grafana"])
def test_published_ports_and_health_checks_agree(name):
    port = container_ports()[name]
    (published,) = services()[name]["ports"]
    assert published.endswith(f":{port}:{port}")
    assert f"http://127.0.0.1:{port}" in str(services()[name]["healthcheck"]["test"])


def test_the_flags_name_files_and_folders_that_are_mounted():
    for name, folder in (("prometheus", "/prometheus"), ("alertmanager", "/alertmanager")):
        service = services()[name]
        assert f"./{name}:/etc/{name}:ro" in service["volumes"]
        assert f"{name}-data:{folder}" in service["volumes"]
        assert f"--config.file=/etc/{name}/{name}.yml" in service["command"]
        assert any(one.endswith(f"path={folder}") for one in service["command"])


def test_grafana_asks_prometheus_no_finer_than_it_scrapes():
    (source,) = load("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == f"http://prometheus:{container_ports()['prometheus']}"
    assert source["uid"] == "prometheus"
    assert source["isDefault"] is True
    assert source["jsonData"]["timeInterval"] == PROMETHEUS["global"]["scrape_interval"]


def test_every_alert_goes_somewhere():
    alertmanager = load("alertmanager/alertmanager.yml")
    receivers = {one["name"] for one in alertmanager["receivers"]}
    assert alertmanager["route"]["receiver"] in receivers
