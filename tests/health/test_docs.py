"""The pages about health say what the code does."""

import re
from pathlib import Path

import pytest

from exporter.health import docs, incidents, maintenance, monitor, reading, story, track
from exporter.health.check import Check
from exporter.health.checks import KINDS
from exporter.health.declared import declared
from exporter.settings import Settings
from exporter.web import health as web_health
from exporter.web import incidents as web_incidents
from exporter.web import maintenance as web_maintenance

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "health.md").read_text()
CHECKS = (ROOT / "docs" / "health-checks.md").read_text()


def test_the_page_of_checks_is_what_the_code_gives() -> None:
    assert docs.render() == CHECKS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_has_a_section_and_every_parameter_a_description(kind: type[Check]) -> None:
    tag = kind.__struct_config__.tag
    (section,) = re.findall(rf"^## {tag}\n(.*?)(?=^## |\Z)", CHECKS, re.M | re.S)
    described = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.+) \|$", section, re.M))
    own = set(kind.__struct_encode_fields__) - set(Check.__struct_encode_fields__)
    assert set(described) == own
    assert all(text.endswith(".") for text in described.values())
    assert ("It is critical." in section) is _is_critical(kind)


def _is_critical(kind: type[Check]) -> bool:
    everything = Settings(
        redis_url="redis://x",
        auth_service_url="http://x",
        prometheus_url="http://x",
        alertmanager_url="http://x",
    )
    made = kind.built_in(everything)
    return made is not None and made.critical


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert f"more than {track.MISSED:g} intervals without a run" in text
    assert f"every {monitor.SAVE_SECONDS:g} s" in text
    assert f"within {monitor.SETTLE_SECONDS:g} s" in text
    assert f"lasts {maintenance.LONGEST.days} days at most" in text
    assert "again within ten minutes" in text
    assert incidents.REOPEN.total_seconds() == 600
    assert "not heard of for five minutes" in text
    assert story.GONE.total_seconds() == 300
    assert "in the five minutes before" in text
    assert reading.BEFORE.total_seconds() == 300
    assert (Check().failures, Check().successes) == (2, 2)
    assert "After two failed runs in a row" in text


def test_the_page_names_every_call() -> None:
    for route in (*web_health.ROUTES, *web_incidents.ROUTES, *web_maintenance.ROUTES):
        last = route.path.rsplit("/", 1)[-1]
        assert any(said in PAGE for said in (f"{route.path}`", f"/{last}`", f"…/{last}/")), route


def test_the_example_of_the_page_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    path = tmp_path / "checks.yaml"
    path.write_text(example)
    names = {check.name for check in declared(Settings(health_checks_file=path))}
    assert {"billing", "mail", "disk"} <= names
