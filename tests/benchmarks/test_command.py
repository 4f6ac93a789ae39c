"""`python -m benchmarks`."""

from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.case import Bench, Case, Result, Row
from benchmarks.cases import CASES
from benchmarks.processes import BenchmarkError


def works(bench: Bench) -> Result:
    assert bench.scratch.is_dir()
    return Result((Row("work", "1 ms", "", 1.0, "ms"),))


def fails(bench: Bench) -> Result:
    raise BenchmarkError("the disk is full")


@pytest.fixture
def some_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = (
        Case("works", "Works", works, tools=()),
        Case("fails", "Fails", fails, tools=()),
        Case("rare", "Rare", works, tools=("no-such-tool",), usual=False),
    )
    monkeypatch.setattr(command, "CASES", cases)
    monkeypatch.setitem(command.PACKAGES, "no-such-tool", "no-such-package")


def run(folder: Path, *arguments: str) -> int:
    return command.main([*arguments, "--no-keep", "--cache", str(folder)])


def test_the_cases_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        case.name for case in CASES
    ]


@pytest.mark.usefixtures("some_cases")
def test_one_case_is_measured_and_printed_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "works") == 0
    printed = capsys.readouterr().out
    assert "### Works" in printed
    assert "| work | 1 ms |  | 1 ms |  |  |" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("some_cases")
def test_a_case_that_fails_says_why_and_spoils_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 1
    printed = capsys.readouterr()
    assert "fails: the disk is full" in printed.err
    assert "### Works" in printed.out
    assert "Rare" not in printed.out


@pytest.mark.usefixtures("some_cases")
def test_a_tool_that_is_missing_is_named_with_its_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "rare") == 2
    assert "apt-get install no-such-package" in capsys.readouterr().err


def test_a_case_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["nonsense"])
    assert "no such case: nonsense" in capsys.readouterr().err
