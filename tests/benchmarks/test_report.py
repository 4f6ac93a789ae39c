"""Results as Markdown, and the sections of documents."""

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.case import Bar, Bench, Case, Result, Row, Table, ratio_row
from benchmarks.machine import Origin
from benchmarks.report import BEGIN, END, Kept

ORIGIN = Origin("2026-01-31 08:15 UTC", "abc1234", "A machine, 2 cores", "Python 3.11")


def measured(bench: Bench) -> Result:
    raise NotImplementedError


CASE = Case("some", "Some work", measured)
OTHER = Case("other", "Other work", measured)


def kept(*rows: Row) -> Kept:
    tables = (Table("Details", ("a|b", "ms"), (("x", "1.0"),)),)
    return Kept(CASE.name, ORIGIN, Result(rows, tables, ("A note.",)))


@pytest.mark.parametrize(
    ("bar", "figure", "met", "text"),
    [
        (Bar(least=0.4), 0.4, True, "≥ 0.4"),
        (Bar(least=0.4), 0.39, False, "≥ 0.4"),
        (Bar(most=4), 4.0, True, "≤ 4"),
        (Bar(most=4), 4.1, False, "≤ 4"),
        (Bar(), 7.0, True, ""),
    ],
)
def test_a_bar_is_met_from_its_own_value_on(bar: Bar, figure: float, met: bool, text: str) -> None:
    assert bar.met(figure) is met
    assert str(bar) == text


def test_a_row_says_whether_its_bar_is_met() -> None:
    fast = ratio_row("work", "9 /s", "bare 20 /s", 0.45, least=0.4)
    slow = ratio_row("work", "7 /s", "bare 20 /s", 0.35, least=0.4)
    unbarred = ratio_row("work", "7 /s", "bare 20 /s", 0.35)
    assert report.summary_line(fast)[3:] == ("0.45 x", "≥ 0.4", "yes")
    assert report.summary_line(slow)[3:] == ("0.35 x", "≥ 0.4", "**no**")
    assert report.summary_line(unbarred)[3:] == ("0.35 x", "", "")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.41234, "0.412"), (4.0, "4"), (12.345, "12.3"), (99.96, "100"), (23456.7, "23,457")],
)
def test_numbers_have_three_digits_that_count(number: float, text: str) -> None:
    assert report.significant(number) == text


def test_a_table_escapes_what_would_be_a_column() -> None:
    assert report.table(("a|b", "c"), [("1", "2|3")]) == (
        "| a\\|b | c |\n| --- | --- |\n| 1 | 2\\|3 |"
    )


def test_the_last_result_of_a_case_is_kept_and_read_back(tmp_path: Path) -> None:
    first = kept(Row("work", "1", "", 1.0))
    second = kept(ratio_row("work", "2", "bare", 2.0, least=1))
    report.keep(first, tmp_path / "results")
    report.keep(second, tmp_path / "results")
    assert report.kept_results([OTHER, CASE], tmp_path / "results") == [(CASE, second)]


def test_the_section_has_the_bars_first_and_then_each_case_with_its_date_and_commit() -> None:
    barred = ratio_row("barred", "2 /s", "bare 1 /s", 2.0, least=1)
    text = report.section([(CASE, kept(barred, Row("free", "1", "", 1.0)))])
    summary, _, details = text.partition("## Case by case")
    assert "| barred | 2 /s | bare 1 /s | 2 x | ≥ 1 | yes |" in summary
    assert "free" not in summary
    assert "A machine, 2 cores. Python 3.11." in summary
    assert "### Some work" in details
    assert "`make bench CASE=some`: 2026-01-31 08:15 UTC, abc1234." in details
    assert "| free | 1 |" in details
    assert "Details:\n\n| a\\|b | ms |" in details
    assert details.endswith("A note.")


def test_a_document_keeps_what_is_around_its_section() -> None:
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = report.written(document, "new")
    assert once == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert report.written(once, "new") == once


@pytest.mark.parametrize(("document", "lacking"), [("", BEGIN), (BEGIN, END)])
def test_a_document_without_a_place_for_its_section_is_refused(document: str, lacking: str) -> None:
    with pytest.raises(ValueError, match=lacking):
        report.written(document, "new")
