"""The pages of the repository say what its code does."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from exporter.settings import declared
from exporter.settings_docs import example
from exporter.web.routes import all_routes

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.M))


@pytest.fixture
def generate() -> ModuleType:
    """docs/generate.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_file_is_what_the_code_gives(generate):
    assert generate.main(["--check"]) == 0


def test_a_stale_file_is_named_and_left_alone_by_the_check(generate, tmp_path, capsys):
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    page = tmp_path / "docs" / "settings.md"
    page.write_text("old\r\n")
    capsys.readouterr()
    assert generate.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "docs/settings.md is not what `make generate` writes\n"
    assert page.read_bytes() == b"old\r\n"
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0


def test_an_unknown_argument_is_refused(generate, tmp_path):
    assert generate.main(["--chek"], tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_every_setting_is_on_its_page_with_its_help():
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M))
    assert list(rows) == [one.variable for one in declared()]
    for one in declared():
        assert one.help in rows[one.variable]


def test_every_setting_has_a_help_of_one_sentence_or_two():
    for one in declared():
        assert one.help.endswith("."), one.variable
        assert "\n" not in one.help, one.variable


def test_the_example_sets_nothing_until_one_uncomments_it():
    lines = example().splitlines()
    assert all(not line or line.startswith("#") for line in lines)
    commented = re.findall(r"^#([A-Z_]+)=(.*)$", example(), re.M)
    assert [name for name, _ in commented] == [one.variable for one in declared()]
    for one, (_, default) in zip(declared(), commented, strict=True):
        assert not default or one.kind.read(default) == one.default


def test_every_make_target_is_in_the_help_and_declared_phony():
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[1].split())
    recipes = set(re.findall(r"^([a-z]+):(?!=)", MAKEFILE, re.M))
    assert recipes == phony == TARGETS


def test_the_readme_names_every_make_target_and_no_other():
    assert set(re.findall(r"\bmake ([a-z]+)", README)) == TARGETS


def test_every_path_that_the_readme_points_to_exists():
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", README)
    folders = re.findall(r"^\| `(\w[\w./-]*)` \|", README, re.M)
    assert links
    assert folders
    for path in links + folders:
        assert (ROOT / path).exists(), path


def test_every_call_that_the_readme_names_exists():
    calls = set(re.findall(r"^\| `([A-Z]+) (/[^`]+)` \|", README, re.M))
    assert calls
    assert calls <= {(route.method, route.path) for route in all_routes()}


def test_every_setting_that_a_page_names_exists():
    names = {one.variable for one in declared()}
    for page in [README, *(path.read_text() for path in (ROOT / "docs").rglob("*.md"))]:
        used = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", page))
        assert used <= names


def test_every_decision_has_its_parts_and_a_number_of_its_own():
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [path.name[:4] for path in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for path in records:
        headings = re.findall(r"^## (.*)$", path.read_text(), re.M)
        assert headings == ["Context", "Decision", "Consequences"], path.name


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_a_hash_for_everything_and_names_no_host(name):
    lock = (ROOT / name).read_text()
    assert "://" not in lock
    assert "--index-url" not in lock
    for package in re.split(r"\n(?=[a-z0-9-]+==)", lock)[1:]:
        assert "--hash=sha256:" in package, package.splitlines()[0]


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for wanted, name in (
        (project["dependencies"], "requirements.lock"),
        (project["dependencies"] + extras["dev"] + extras["build"], "requirements-dev.lock"),
    ):
        locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / name).read_text(), re.M))
        assert {re.split(r"[\[><=]", one)[0].lower() for one in wanted} <= locked


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = (ROOT / "docs" / "adr" / "0006-dependencies.md").read_text()
    table = " ".join(re.findall(r"^\| ([^|]+) \|", reasons, re.M)).lower().split()
    for wanted in project["dependencies"]:
        assert re.split(r"[\[><=]", wanted)[0].lower() in table
