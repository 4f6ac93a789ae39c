"""promtool's opinion of the rules, and its verdict on their cases."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.services import require

from .promql import RULE_FILES, TEST_FILES, known


@pytest.fixture
def promtool() -> str:
    return require("promtool", "apt-get install -y prometheus")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)


def test_the_rules_are_clean(promtool):
    checked = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_rule_file_has_a_test_file():
    assert RULE_FILES
    assert [path.name for path in RULE_FILES] == [path.name for path in TEST_FILES]


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_every_case_holds(promtool, path):
    tested = run(promtool, "test", "rules", path)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def nothing_but_the_watchdog(series: dict[str, str], at: str) -> dict[str, object]:
    """All rules together over some series."""
    names = ("MeterhouseWatchdog",)
    return {
        "rule_files": [str(path) for path in RULE_FILES],
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "5m",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": "count by (alertname) (ALERTS)",
                        "eval_time": at,
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}"}}', "value": 1} for name in names
                        ],
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize("at", ["5m", "2h", "10h"])
def test_nothing_fires_in_an_installation_without_a_single_event(promtool, tmp_path, at):
    path = tmp_path / "young.yml"
    series = {'up{job="meterhouse", instance="a"}': "1x200"}
    path.write_text(yaml.safe_dump(nothing_but_the_watchdog(series, at)))
    tested = run(promtool, "test", "rules", path)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_nothing_fires_where_every_counter_stands_at_zero(promtool, tmp_path):
    path = tmp_path / "zero.yml"
    series = {'up{job="meterhouse", instance="a"}': "1x200"}
    for name, labels in known().items():
        if name.endswith(("_total", "_count", "_sum", "_bucket")):
            values = {"job": "meterhouse", "instance": "a", "le": "+Inf"}
            pairs = ", ".join(f'{label}="{values.get(label, "x")}"' for label in sorted(labels))
            series[f"{name}{{{pairs}}}"] = "0x200"
    path.write_text(yaml.safe_dump(nothing_but_the_watchdog(series, "10h")))
    tested = run(promtool, "test", "rules", path)
    assert tested.returncode == 0, tested.stdout + tested.stderr
