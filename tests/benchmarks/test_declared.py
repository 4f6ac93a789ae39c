"""Everything that there is of the benchmark is declared, and its documents are up to date."""

import pkgutil
from pathlib import Path

from benchmarks import __main__ as command
from benchmarks import cases, documents, model, peers
from benchmarks.cases import CASES
from benchmarks.machine import ROOT

HERE = Path(peers.__file__).parent
LIBRARIES = {"loads"}
"""Modules of cases/ that are no cases."""
NOT_SERVERS = {"declared", "motor_loop"}


def test_every_case_is_declared_once() -> None:
    modules = {module.name for module in pkgutil.iter_modules(cases.__path__)} - LIBRARIES
    assert {case.run.__module__.rpartition(".")[2] for case in CASES} == modules
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_peer_is_declared() -> None:
    source = (HERE / "declared.py").read_text()
    modules = {module.name for module in pkgutil.iter_modules(peers.__path__)} - NOT_SERVERS
    scripts = {path.name for path in (HERE / "node").glob("*.js")}
    for name in (*modules, *scripts, "client_golang"):
        assert f'"{name}"' in source


def test_every_tool_of_a_case_has_a_package() -> None:
    assert {tool for case in CASES for tool in case.tools} <= command.PACKAGES.keys()


def test_every_package_is_named_where_it_is_said_what_to_install() -> None:
    said = (ROOT / "docs" / "performance.md").read_text()
    packages = {name for names in command.PACKAGES.values() for name in names.split()}
    for name in packages - {"util-linux", "libc6-dev"}:  # on every Debian, and with gcc
        assert name in said.partition("<!-- measured")[0]


def test_every_cost_of_the_model_is_measured_by_a_case() -> None:
    sources = {
        case.name: Path(cases.__path__[0], f"{case.run.__module__.rpartition('.')[2]}.py")
        for case in CASES
    }
    for cost in model.COSTS:
        assert f'"{cost.name}"' in sources[cost.case].read_text()


def test_the_documents_are_what_the_last_results_make() -> None:
    for name, text in documents.files().items():
        assert (ROOT / name).read_text() == text(), f"{name}: run `make generate`"
