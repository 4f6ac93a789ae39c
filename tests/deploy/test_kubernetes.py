"""The Kubernetes example agrees with itself, with the image and with the service."""

import re
from typing import Any

import pytest
import yaml

from exporter.web.routes import all_routes

from .files import (
    DOCKERFILE,
    KUBERNETES,
    PAGE,
    PORT,
    ROOT,
    SECRET,
    SETTINGS,
    load,
    manifests,
    services,
)

(STATEFULSET,) = manifests("StatefulSet")
POD = STATEFULSET["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]
SERVICES = {one["metadata"]["name"]: one for one in manifests("Service")}
(MONITOR,) = manifests("ServiceMonitor")
(RULE,) = manifests("PrometheusRule")
NAME = {"app.kubernetes.io/name": "meterhouse"}


def is_chosen(labels: dict[str, str], selector: dict[str, str]) -> bool:
    """Whether an object with `labels` is one of those that a selector means."""
    return selector.items() <= labels.items()


def test_every_object_has_its_labels_and_its_place_on_the_page():
    for path in KUBERNETES:
        assert f"(kubernetes/{path.name})" in PAGE
        for one in yaml.safe_load_all(path.read_text()):
            assert is_chosen(one["metadata"]["labels"], NAME), path.name


def test_every_selector_means_the_pods():
    labels = POD["metadata"]["labels"]
    selectors = [STATEFULSET["spec"]["selector"]["matchLabels"]]
    selectors += [service["spec"]["selector"] for service in SERVICES.values()]
    selectors += [
        budget["spec"]["selector"]["matchLabels"] for budget in manifests("PodDisruptionBudget")
    ]
    selectors += [
        spread["labelSelector"]["matchLabels"]
        for spread in POD["spec"]["topologySpreadConstraints"]
    ]
    assert len(selectors) == 5
    for selector in selectors:
        assert selector
        assert is_chosen(labels, selector)


def test_the_pods_get_their_names_from_a_headless_service():
    headless = SERVICES[STATEFULSET["spec"]["serviceName"]]
    assert headless["spec"]["clusterIP"] == "None"


def test_the_port_is_that_of_the_service_everywhere():
    assert CONTAINER["ports"] == [{"name": "http", "containerPort": PORT}]
    for service in SERVICES.values():
        assert service["spec"]["ports"] == [{"name": "http", "port": PORT, "targetPort": "http"}]


@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("livenessProbe", "/-/healthy"),
        ("startupProbe", "/-/healthy"),
        ("readinessProbe", "/-/ready"),
    ],
)
def test_probes_ask_what_the_service_answers(probe, path):
    assert CONTAINER[probe]["httpGet"] == {"path": path, "port": "http"}
    assert ("GET", path) in {(route.method, route.path) for route in all_routes()}


def test_a_pod_has_time_to_finish():
    (sleep, pause) = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    needed = int(pause) + SETTINGS["SHUTDOWN_SECONDS"].default
    assert POD["spec"]["terminationGracePeriodSeconds"] > needed


def test_the_spool_outlives_the_pod_and_fits_its_volume():
    (claim,) = STATEFULSET["spec"]["volumeClaimTemplates"]
    folder = {one["name"]: one.get("value") for one in CONTAINER["env"]}["DATA_DIR"]
    assert {"name": claim["metadata"]["name"], "mountPath": folder} in CONTAINER["volumeMounts"]
    kept = STATEFULSET["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert kept == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    size = re.fullmatch(r"(\d+)Gi", claim["spec"]["resources"]["requests"]["storage"])
    assert size
    assert int(size[1]) * 2**30 > 2 * SETTINGS["SPOOL_MAX_BYTES"].default


def test_every_variable_is_a_setting_and_every_secret_comes_from_the_secret():
    for one in CONTAINER["env"]:
        setting = SETTINGS[one["name"]]
        if setting.secret or SECRET.search(one["name"]):
            reference = one["valueFrom"]["secretKeyRef"]
            assert reference["name"] == "meterhouse"
            assert reference["key"] == one["name"].lower().replace("_", "-")
        else:
            setting.kind.read(one["value"])


def test_the_page_makes_the_secret_with_every_key_that_is_asked_for():
    made = set(re.findall(r"--from-literal=([a-z-]+)=", PAGE))
    asked = {
        one["valueFrom"]["secretKeyRef"]["key"] for one in CONTAINER["env"] if "valueFrom" in one
    }
    (endpoint,) = MONITOR["spec"]["endpoints"]
    assert endpoint["authorization"]["credentials"] == {
        "name": "meterhouse",
        "key": "metrics-token",
    }
    assert made == asked
    assert "metrics-token" in asked


def test_the_container_runs_as_the_images_user_and_can_change_nothing():
    security: dict[str, Any] = POD["spec"]["securityContext"]
    assert security["runAsNonRoot"] is True
    assert f"useradd --uid {security['runAsUser']} --gid {security['runAsGroup']} " in DOCKERFILE
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert CONTAINER["image"] == services()["exporter"]["image"]


def test_each_pod_is_scraped_once_and_as_prometheus_yml_has_it():
    wanted = MONITOR["spec"]["selector"]["matchLabels"]
    chosen = [one for one in SERVICES.values() if is_chosen(one["metadata"]["labels"], wanted)]
    assert [one["metadata"]["name"] for one in chosen] == [STATEFULSET["spec"]["serviceName"]]
    assert chosen[0]["spec"]["publishNotReadyAddresses"] is True
    (endpoint,) = MONITOR["spec"]["endpoints"]
    assert endpoint["port"] == chosen[0]["spec"]["ports"][0]["name"]
    own = load("prometheus/prometheus.yml")
    assert endpoint["interval"] == own["global"]["scrape_interval"]
    assert endpoint["scrapeTimeout"] == own["global"]["scrape_timeout"]
    job = chosen[0]["metadata"]["labels"][MONITOR["spec"]["jobLabel"]]
    assert job == own["scrape_configs"][0]["job_name"]


def test_the_operator_gets_the_rules_that_prometheus_has():
    groups = {group["name"]: group["rules"] for group in RULE["spec"]["groups"]}
    own = {}
    for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
        (group,) = yaml.safe_load(path.read_text())["groups"]
        own[f"meterhouse-{group['name']}"] = group["rules"]
    assert groups == own
