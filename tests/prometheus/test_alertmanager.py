"""Where each alert goes, and which alerts keep others quiet."""

import asyncio
import contextlib
import re
import socket
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yaml

from tests.services import require

from .promql import ALERTS, ROOT

CONFIG = ROOT / "alertmanager" / "alertmanager.yml"
TEXT = CONFIG.read_text()
SETTINGS: dict[str, Any] = yaml.safe_load(TEXT)
INSTALL = "apt-get install -y prometheus-alertmanager"
NAMES = {rule["alert"] for rule in ALERTS}

ROUTES = [
    ("MeterhouseWatchdog", "info", "service", "watchdog"),
    ("MeterhouseDown", "critical", "service", "history,page,engineers"),
    ("AiFailureRateHigh", "critical", "ai", "history,page,engineers"),
    ("DatabaseSlow", "warning", "storage", "history,engineers"),
    ("PaymentsFailing", "critical", "sales", "history,page,product"),
    ("MrrFalling", "warning", "sales", "history,product"),
    ("EngagementDropped", "warning", "engagement", "history,product"),
    ("Anything", "info", "ai", "history,log"),
    ("AnythingElse", "", "", "history,engineers"),
]


@pytest.mark.parametrize(("name", "severity", "category", "receivers"), ROUTES)
def test_an_alert_goes_to_those_whom_it_concerns(name, severity, category, receivers):
    amtool = require("amtool", INSTALL)
    tested = subprocess.run(
        [
            *(amtool, "config", "routes", "test", f"--config.file={CONFIG}"),
            f"--verify.receivers={receivers}",
            *(f"alertname={name}", f"severity={severity}", f"category={category}"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_amtool_is_content():
    amtool = require("amtool", INSTALL)
    checked = subprocess.run(
        [amtool, "check-config", CONFIG], check=False, capture_output=True, text=True, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1 templates" in checked.stdout


def test_the_routing_is_tested_with_labels_that_alerts_have():
    tested = {name: (severity, category) for name, severity, category, _ in ROUTES}
    for rule in ALERTS:
        if rule["alert"] in tested:
            labels = rule["labels"]
            assert tested[rule["alert"]] == (labels["severity"], labels["category"])


def test_every_receiver_is_used_and_tested():
    declared = {one["name"] for one in SETTINGS["receivers"]}
    assert declared == {one for row in ROUTES for one in row[3].split(",")}


def test_every_secret_is_a_file_that_the_head_of_the_configuration_explains():
    files = set(re.findall(r"/etc/alertmanager/secrets/(\w+)", TEXT))
    explained = set(re.findall(r"^#   (\w+) ", TEXT, re.M))
    assert files == explained
    keys = {key for key, _ in pairs(SETTINGS["receivers"])}
    assert not keys & {"api_url", "webhook_url", "routing_key", "service_key", "auth_password"}


def test_secrets_are_kept_out_of_git():
    folder = ROOT / "alertmanager" / "secrets"
    assert (folder / ".gitignore").read_text().splitlines() == ["*", "!.gitignore"]


def test_the_service_itself_is_told():
    [history] = [one for one in SETTINGS["receivers"] if one["name"] == "history"]
    [webhook] = history["webhook_configs"]
    assert webhook["url"].endswith("/api/alerts/webhook")
    assert webhook["send_resolved"] is True


def test_every_alert_that_the_configuration_names_exists():
    matchers = re.findall(r"alertname!?=~?\"([\w|]+)\"", TEXT)
    assert matchers
    for matcher in matchers:
        assert set(matcher.split("|")) <= NAMES


def pairs(value: Any) -> list[tuple[str, Any]]:
    """Every key of a nested value, with what it holds."""
    if isinstance(value, list):
        return [pair for one in value for pair in pairs(one)]
    if isinstance(value, dict):
        return [*value.items(), *(pair for one in value.values() for pair in pairs(one))]
    return []


@contextlib.asynccontextmanager
async def alertmanager(tmp_path: Any) -> AsyncIterator[str]:
    """The real one, with our configuration; gives its address. It reaches nobody."""
    binary = require("prometheus-alertmanager", INSTALL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary,
            f"--config.file={CONFIG}",
            f"--storage.path={tmp_path}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def answer(client: aiohttp.ClientSession, url: str) -> None:
    """Wait until it is ready."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with client.get(f"{url}/-/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)


SYMPTOMS = [
    {"alertname": "ServiceErrorRateHigh", "service": "shop", "severity": "warning"},
    {"alertname": "ServiceResponsesSlow", "service": "shop", "severity": "warning"},
    {"alertname": "ServiceResponsesSlow", "service": "search", "severity": "warning"},
    {"alertname": "DiskFullSoon", "service": "search", "severity": "warning"},
    {"alertname": "MeterhouseWatchdog", "severity": "info"},
    {
        "alertname": "ServiceLatencyBudgetBurns",
        "service": "shop",
        "severity": "critical",
        "window": "1h",
    },
    {
        "alertname": "ServiceLatencyBudgetBurns",
        "service": "shop",
        "severity": "warning",
        "window": "3d",
    },
]
DOWN = {"alertname": "MeterhouseDown", "severity": "critical", "job": "meterhouse"}


async def suppressed(client: aiohttp.ClientSession, url: str) -> list[dict[str, str]]:
    """The labels of the alerts that are kept quiet."""
    async with client.get(f"{url}/api/v2/alerts") as response:
        alerts = await response.json()
    return [one["labels"] for one in alerts if one["status"]["state"] == "suppressed"]


async def test_what_is_down_keeps_its_symptoms_quiet(tmp_path):
    async with alertmanager(tmp_path) as url, aiohttp.ClientSession() as client:
        await answer(client, url)
        await send(client, url, SYMPTOMS)
        await until(client, url, [SYMPTOMS[1], SYMPTOMS[6]])
        await send(client, url, [DOWN])
        await until(client, url, [one for one in SYMPTOMS if one["severity"] != "info"])


async def send(client: aiohttp.ClientSession, url: str, alerts: list[dict[str, str]]) -> None:
    async with client.post(
        f"{url}/api/v2/alerts", json=[{"labels": labels} for labels in alerts]
    ) as response:
        assert response.status == 200, await response.text()


async def until(client: aiohttp.ClientSession, url: str, wanted: list[dict[str, str]]) -> None:
    """Wait until exactly those alerts are kept quiet."""
    found: list[dict[str, str]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while True:
                found = await suppressed(client, url)
                if sorted(map(str, map(sorted_items, found))) == sorted(
                    map(str, map(sorted_items, wanted))
                ):
                    return
                await asyncio.sleep(0.05)
    pytest.fail(f"kept quiet: {found}")


def sorted_items(labels: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(labels.items())
