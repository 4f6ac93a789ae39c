"""Which checks there are, and what a file of checks may say."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.cli import REFUSED, main
from exporter.health.check import Check
from exporter.health.checks import KINDS
from exporter.health.checks.disk import Disk
from exporter.health.checks.http import Http
from exporter.health.declared import FILE_BYTES, MOST_CHECKS, declared
from exporter.settings import SettingError, Settings

EVERYTHING: dict[str, Any] = {
    "mongodb_uri": "mongodb://localhost/meterhouse",
    "redis_url": "redis://localhost",
    "auth_service_url": "http://localhost:1",
    "prometheus_url": "http://localhost:2",
    "alertmanager_url": "http://localhost:3",
}
ALWAYS = {"collections", "database", "disk", "event_loop"}


def by_name(**values: Any) -> dict[str, Check]:
    """The checks of an installation."""
    return {check.name: check for check in declared(Settings(**values))}


Written = Callable[..., dict[str, Check]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a file of checks, and reads it."""

    def write(text: str, **values: Any) -> dict[str, Check]:
        path = tmp_path / "checks.yaml"
        path.write_text(text)
        return by_name(health_checks_file=path, **values)

    return write


def test_an_installation_has_the_checks_of_what_it_is_made_of() -> None:
    assert set(by_name()) == ALWAYS
    assert set(by_name(**EVERYTHING)) == {
        *ALWAYS,
        *("alertmanager", "auth_service", "clock", "prometheus", "redis"),
    }


@pytest.mark.parametrize("setting", sorted(EVERYTHING.keys() - {"mongodb_uri"}))
def test_each_dependency_brings_its_check_and_a_clock(setting: str) -> None:
    own = setting.removesuffix("_url")
    assert set(by_name(**{setting: EVERYTHING[setting]})) == {*ALWAYS, own, "clock"}


def test_checks_are_critical_where_the_service_cannot_do_its_work_without() -> None:
    found = by_name(**EVERYTHING)
    assert {name for name, check in found.items() if check.critical} == {
        *("auth_service", "database", "disk"),
    }


def test_every_check_runs_at_the_interval_that_is_set_and_its_timeout_ends_before() -> None:
    found = by_name(health_interval_seconds=2.0)
    assert found["database"].every == 2.0
    assert found["database"].timeout == 2.0
    assert found["collections"].every == 20.0, "little of that ever changes"
    assert by_name(health_interval_seconds=900.0)["collections"].every == 3600.0


def test_an_interval_of_0_is_no_checks(written: Written) -> None:
    assert by_name(health_interval_seconds=0.0) == {}
    file = "checks: [{kind: tcp, host: a, port: 1}]"
    assert written(file, health_interval_seconds=0.0) == {}


def test_a_file_may_add_checks(written: Written) -> None:
    found = written(
        """
        checks:
          - kind: http
            name: billing
            url: https://billing.internal/health
            critical: true
            interval: 60
            timeout: 3
            failures: 3
            status: [200, 204]
            body: '"ok"'
            certificate_days: 21
            ca_file: /etc/ssl/ours.pem
          - {kind: tcp, host: mail, port: 25}
        """
    )
    assert set(found) == {*ALWAYS, "billing", "tcp"}
    assert found["billing"] == Http(
        name="billing",
        url="https://billing.internal/health",
        critical=True,
        interval=60.0,
        timeout=3.0,
        failures=3,
        status=[200, 204],
        body='"ok"',
        certificate_days=21.0,
        ca_file="/etc/ssl/ours.pem",
    )
    assert found["tcp"].every == 30.0


def test_a_file_may_change_a_built_in_check(written: Written) -> None:
    found = written("checks: [{kind: disk, unhealthy: 98, interval: 300}]")
    assert found["disk"] == Disk(name="disk", unhealthy=98.0, interval=300.0, critical=True)
    assert set(found) == ALWAYS


def test_a_second_check_of_a_built_in_kind_has_a_name_of_its_own(written: Written) -> None:
    found = written("checks: [{kind: disk, name: disk-soon, degraded: 50, critical: false}]")
    assert set(found) == {*ALWAYS, "disk-soon"}


TCP = "kind: tcp, host: a, port: 1"
BAD = {
    "a parameter that there is not": (
        f"checks: [{{{TCP}, intervall: 3}}]",
        "Object contains unknown field `intervall` - at `$.checks[0]`",
    ),
    "a kind that there is not": ("checks: [{kind: ftp}]", "'ftp' - at `$.checks[0].kind`"),
    "no kind": ("checks: [{name: a}]", "`kind`"),
    "a value of another type": (
        "checks: [{kind: tcp, host: a, port: many}]",
        "Expected `int`, got `str` - at `$.checks[0].port`",
    ),
    "a value that is too large": ("checks: [{kind: disk, unhealthy: 101}]", "<= 100.0"),
    "what is required": ("checks: [{kind: tcp, host: a}]", "`port`"),
    "an address that is none": ("checks: [{kind: http, url: billing}]", "`$.checks[0].url`"),
    "a name that is no label": (f"checks: [{{{TCP}, name: My check}}]", "`$.checks[0].name`"),
    "a name twice": (
        f"checks: [{{{TCP}}}, {{{TCP}}}]",
        "two checks are called tcp - at `$.checks[1].name`",
    ),
    "the name of another kind": (
        f"checks: [{{{TCP}, name: disk}}]",
        "disk is the name of a built-in check",
    ),
    "a dependency that there is not": (
        "checks: [{kind: redis}]",
        "there is no redis to be checked by these settings - at `$.checks[0]`",
    ),
    "a timeout beyond the interval": (
        f"checks: [{{{TCP}, interval: 3, timeout: 4}}]",
        "the timeout is longer than the interval",
    ),
    "too many": (
        "checks: [" + f"{{{TCP}}}," * (MOST_CHECKS + 1) + "]",
        f"more than {MOST_CHECKS} checks",
    ),
    "an entry that is no object": ("checks: [3]", "got `int` - at `$.checks[0]`"),
    "no list": ("checks: 3", "Expected `array`, got `int` - at `$.checks`"),
    "another field": ("check: []", "`check`"),
    "no object": ("- 3", "Expected `object`, got `array`"),
    "nothing": ("", "Expected `object`, got `null`"),
    "no YAML": ("checks: [", "flow node"),
    "too much": ("#" * (FILE_BYTES + 1), f"more than {FILE_BYTES} bytes"),
}


@pytest.mark.parametrize(("text", "problem"), BAD.values(), ids=BAD)
def test_what_is_not_understood_stops_the_start(written: Written, text: str, problem: str) -> None:
    with pytest.raises(SettingError) as raised:
        written(text)
    assert str(raised.value).startswith("HEALTH_CHECKS_FILE='")
    assert problem in str(raised.value)


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="No such file or directory"):
        by_name(health_checks_file=tmp_path / "gone.yaml")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_is_documented_by_its_module(kind: type[Check]) -> None:
    text = sys.modules[kind.__module__].__doc__
    assert text is not None
    assert text.partition("\n")[0].endswith(".")


def test_a_check_that_was_not_made_ready_has_no_interval() -> None:
    with pytest.raises(ValueError, match="interval"):
        _ = Disk(name="disk").every


def test_check_config_reads_the_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "checks.yaml"
    monkeypatch.setenv("HEALTH_CHECKS_FILE", str(path))
    path.write_text("checks: []")
    assert main(["check-config"]) == 0
    path.write_text("checks: [{kind: disk, full: 3}]")
    assert main(["check-config"]) == REFUSED
    assert "unknown field `full`" in capsys.readouterr().err
