"""The copies that the chain runs with differ from what is shipped in times and addresses only."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from . import copies

SERVICE = "http://127.0.0.1:1"
RECEIVER = "http://127.0.0.1:2"


@pytest.mark.parametrize(
    ("query", "faster"),
    [
        ("rate(a_total[5m])", "rate(a_total[5000ms])"),
        ("increase(a[1h] offset 1w) > 5", "increase(a[60000ms] offset 10080000ms) > 5"),
        ("max_over_time(a[1d:5m])", "max_over_time(a[1440000ms:5000ms])"),
        (
            'level:a:rate5m{window="1h", code=~"[45].."}',
            'level:a:rate5m{window="1h", code=~"[45].."}',
        ),
    ],
)
def test_a_query_is_faster_and_else_the_same(query: str, faster: str) -> None:
    assert copies.query(query) == faster


def test_rules_keep_everything_but_their_times(tmp_path: Path) -> None:
    copies.rules(tmp_path / "rules")
    shipped = copies.ROOT / "prometheus" / "rules"
    names = sorted(path.name for path in shipped.iterdir())
    assert sorted(path.name for path in (tmp_path / "rules").iterdir()) == names
    for name in names:
        before, after = (read(folder / name) for folder in (shipped, tmp_path / "rules"))
        for rule in (*before, *after):
            rule["expr"] = re.sub(r"\d+(ms|[smhdw])(?=[\]:])|(?<=offset )\w+", "", rule["expr"])
            rule.pop("for", None)
        assert before == after


def test_prometheus_keeps_its_jobs_and_their_credentials(tmp_path: Path) -> None:
    jobs = {"meterhouse": "a:1", "prometheus": "b:2", "alertmanager": "c:3"}
    copied = yaml.safe_load(copies.prometheus(tmp_path, jobs).read_text())
    shipped = yaml.safe_load((copies.ROOT / "prometheus" / "prometheus.yml").read_text())
    targets = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in copied["scrape_configs"]
    }
    assert targets == {job: [address] for job, address in jobs.items()}
    for before, after in zip(shipped["scrape_configs"], copied["scrape_configs"], strict=True):
        assert before["job_name"] == after["job_name"]
        assert ("authorization" in before) == ("authorization" in after)


def test_alertmanager_keeps_its_routes_and_reaches_nobody_else(tmp_path: Path) -> None:
    path = copies.alertmanager(tmp_path, SERVICE, RECEIVER, "127.0.0.1:3")
    copied = yaml.safe_load(path.read_text())
    shipped = yaml.safe_load((copies.ROOT / "alertmanager" / "alertmanager.yml").read_text())
    assert copied["inhibit_rules"] == shipped["inhibit_rules"]
    assert [one["name"] for one in copied["receivers"]] == [
        one["name"] for one in shipped["receivers"]
    ]
    for before, after in zip(shipped["route"]["routes"], copied["route"]["routes"], strict=True):
        assert {k: v for k, v in before.items() if k not in copies.ROUTE_TIMES} == {
            k: v for k, v in after.items() if k not in copies.ROUTE_TIMES
        }
    addresses = re.findall(r"https?://[^/\s]+", path.read_text())
    addresses += re.findall(r"https?://[^/\s]+", "".join(secrets(tmp_path)))
    assert set(addresses) == {SERVICE, RECEIVER}


def read(path: Path) -> list[Any]:
    """The rules of a file."""
    (group,) = yaml.safe_load(path.read_text())["groups"]
    return list(group["rules"])


def secrets(folder: Path) -> list[str]:
    """What the files with secrets have in them."""
    return [path.read_text() for path in (folder / "secrets").iterdir()]
