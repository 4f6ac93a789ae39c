"""docker-compose.yml, checked as far as that goes without Docker."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from exporter import __version__
from tests.services import require

from .files import DOCKERFILE, PAGE, PORT, ROOT, SECRET, SETTINGS, compose, image_environment, load
from .files import services as all_services

SERVICES = all_services()
EXPORTER = SERVICES["exporter"]
TEXT = (ROOT / "docker-compose.yml").read_text()
DECIDED = {"HOST", "PORT", "REVISION", "LOG_FILE", "PURGE_INTERVAL_SECONDS"}
"""Settings that `.env` cannot change: the image's own, and those that mean nothing there."""


def each_service() -> Any:
    """A case for each service."""
    return pytest.mark.parametrize("name", sorted(SERVICES))


def environment(name: str) -> dict[str, str | None]:
    """A service's variables; None is whatever the caller's environment says."""
    return dict(SERVICES[name].get("environment", {}))


def seconds(duration: str) -> float:
    """A duration of the file, which are all whole seconds."""
    found = re.fullmatch(r"(\d+)s", duration)
    assert found, duration
    return float(found[1])


def test_it_is_valid_by_the_compose_specification():
    checker = Path(sys.executable).with_name("check-jsonschema")
    found = require(str(checker), "make install")
    checked = subprocess.run(
        [found, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_has_the_service_and_all_that_it_works_with():
    assert set(SERVICES) == {"exporter", "mongo", "redis", "prometheus", "alertmanager", "grafana"}


@each_service()
def test_every_mounted_path_is_in_the_repository_and_read_only(name):
    for volume in SERVICES[name].get("volumes", []):
        source, _, rest = volume.partition(":")
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert rest.endswith(":ro"), volume


def test_every_named_volume_is_declared_and_has_one_user():
    used = [
        source
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not (source := volume.partition(":")[0]).startswith(".")
    ]
    assert sorted(used) == sorted(compose()["volumes"])


def test_every_network_and_every_secret_is_declared_and_used():
    for kind in ("networks", "secrets"):
        used = {one for service in SERVICES.values() for one in service.get(kind, [])}
        assert used == set(compose()[kind])


@each_service()
def test_every_service_has_a_health_check_and_starts_again(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert seconds(check["timeout"]) <= seconds(check["interval"])
    assert SERVICES[name]["restart"] == "unless-stopped"


@each_service()
def test_every_service_waits_for_services_that_there_are(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert how["condition"] in {"service_started", "service_healthy"}


@each_service()
def test_no_service_has_more_rights_than_it_needs(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "container_name" not in service


def test_the_exporter_writes_nowhere_but_into_its_volume():
    assert EXPORTER["read_only"] is True
    assert EXPORTER["volumes"] == [f"exporter-data:{environment('exporter')['DATA_DIR']}"]
    uid, gid = EXPORTER["user"].split(":")
    assert f"useradd --uid {uid} --gid {gid} " in DOCKERFILE


def test_images_are_pinned_to_a_version():
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)?$", image), image


def test_the_exporters_image_has_the_version_of_the_project():
    assert EXPORTER["image"] == f"meterhouse:{__version__}"
    assert EXPORTER["pull_policy"] == "build"


def test_every_variable_of_the_exporter_is_a_setting():
    assert set(environment("exporter")) <= set(SETTINGS)


def test_every_setting_can_be_given_in_the_env_file_or_is_decided_here():
    given = set(environment("exporter"))
    assert not set(SETTINGS) - given - DECIDED, "to be handed on in docker-compose.yml"
    assert not given & DECIDED
    fixed = {name for name, value in environment("exporter").items() if value is not None}
    for name in (DECIDED | fixed) - {"JWT_SECRET", "METRICS_TOKEN"}:
        assert f"`{name}`" in PAGE, name


def test_every_fixed_value_is_one_that_the_setting_accepts():
    values = image_environment() | {
        name: re.sub(r"\$\{[^}]*\}", "x" * 32, value)
        for name, value in environment("exporter").items()
        if value is not None
    }
    assert {"HOST", "PORT", "DATA_DIR", "MONGODB_URI", "REDIS_URL"} <= set(values)
    for name, value in values.items():
        if name != "REVISION":
            SETTINGS[name].kind.read(value)


@each_service()
def test_no_secret_is_written_down(name):
    for variable, value in environment(name).items():
        if value is not None and SECRET.search(variable):
            assert re.fullmatch(r"\$\{[A-Z_]+:?\?[^}]+\}", value), variable
    assert not re.search(r"://[^@/$]*:[^$@/]+@", str(SERVICES[name]))


def test_every_secret_is_asked_for_and_the_page_says_how_to_make_it():
    asked = set(re.findall(r"\$\{([A-Z_]+):?\?", TEXT))
    made = set(re.findall(r"^    ([A-Z_]+)=\S*\$\(openssl rand", PAGE, re.M))
    assert asked <= made
    assert made - asked <= set(SETTINGS)


def test_every_variable_with_a_default_is_on_the_page_with_it():
    offered = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", TEXT))
    said = dict(re.findall(r"^    ([A-Z_]+)=([^\s$]+)(?: +#.*)?$", PAGE, re.M))
    assert offered.pop("REVISION") == SETTINGS["REVISION"].default
    assert offered == {name: said[name] for name in offered}


def test_ports_agree_with_the_image_and_the_settings():
    assert image_environment()["PORT"] == str(PORT)
    assert f"EXPOSE {PORT}\n" in DOCKERFILE
    assert EXPORTER["ports"][0].endswith(f":{PORT}")
    assert f"127.0.0.1:{PORT}/-/ready" in str(EXPORTER["healthcheck"]["test"])


@each_service()
def test_ports_are_open_on_this_machine_only_unless_asked_for(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("${METERHOUSE_BIND:-127.0.0.1}:")


def test_the_exporter_can_be_scaled():
    assert EXPORTER["scale"] == "${METERHOUSE_REPLICAS:-1}"
    assert "hostname" not in EXPORTER
    found = re.search(r"\$\{METERHOUSE_PORTS:-(\d+)-(\d+)\}", EXPORTER["ports"][0])
    assert found
    assert int(found[1]) == PORT
    assert int(found[2]) - int(found[1]) >= 2


def test_the_exporter_has_time_to_finish():
    assert seconds(EXPORTER["stop_grace_period"]) > SETTINGS["SHUTDOWN_SECONDS"].default


def test_the_database_and_redis_are_out_of_reach_from_outside():
    assert compose()["networks"]["data"]["internal"] is True
    for name in ("mongo", "redis"):
        assert SERVICES[name]["networks"] == ["data"]
        assert "ports" not in SERVICES[name]


def test_the_addresses_name_the_services_and_the_replica_set():
    assert "@mongo:27017/meterhouse?replicaSet=rs0" in environment("exporter")["MONGODB_URI"]
    assert "@redis:6379/" in environment("exporter")["REDIS_URL"]
    assert "--replSet=rs0" in SERVICES["mongo"]["command"]
    script = (ROOT / "mongodb" / "replica-set.js").read_text()
    assert '_id: "rs0"' in script
    assert 'host: "mongo:27017"' in script


def test_the_scripts_of_the_database_read_only_what_it_is_given():
    given = set(environment("mongo"))
    for path in (ROOT / "mongodb").glob("*.js"):
        used = set(re.findall(r"process\.env\.(\w+)", path.read_text()))
        assert used
        assert used <= given
        assert any(path.name in volume for volume in SERVICES["mongo"]["volumes"])


def test_prometheus_is_given_the_token_that_the_exporter_asks_for():
    assert compose()["secrets"]["metrics_token"]["environment"] == "METRICS_TOKEN"
    assert SERVICES["prometheus"]["secrets"] == ["metrics_token"]
    job = load("prometheus/prometheus.yml")["scrape_configs"][0]
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    # Compose cannot put a secret from the environment into a read-only file system.
    assert "read_only" not in SERVICES["prometheus"]


def test_the_file_with_the_secrets_is_kept_out_of_git():
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
