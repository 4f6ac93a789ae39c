"""Results as Markdown: on the terminal, and in the sections of documents that are made of them.

The last result of each case is a file of benchmarks/results/.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from .case import Case, Result, Row, Table
from .machine import Origin

RESULTS = Path(__file__).with_name("results")
BEGIN = "<!-- measured: from here on written by `make bench` -->"
END = "<!-- measured: to here -->"
SUMMARY_COLUMNS = ("work", "measured", "beside", "figure", "bar", "")


class Kept(msgspec.Struct, frozen=True):
    """The last result of a case."""

    case: str
    origin: Origin
    result: Result


def keep(kept: Kept, folder: Path = RESULTS) -> None:
    """Put a result in the place of the case's last one."""
    folder.mkdir(exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(kept), indent=1)
    (folder / f"{kept.case}.json").write_bytes(text + b"\n")


def kept_results(cases: Sequence[Case], folder: Path = RESULTS) -> list[tuple[Case, Kept]]:
    """The last result of each case that has one, in the order of `cases`."""
    paths = ((case, folder / f"{case.name}.json") for case in cases)
    return [
        (case, msgspec.json.decode(path.read_bytes(), type=Kept))
        for case, path in paths
        if path.is_file()
    ]


def table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; what its cells hold is escaped."""
    head = _line(columns)
    return "\n".join([head, _line(["---"] * len(columns)), *map(_line, lines)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def summary_line(row: Row) -> tuple[str, ...]:
    """A row as cells of the summary."""
    figure = f"{significant(row.figure)} {row.unit}".rstrip()
    if row.bar is None:
        return row.work, row.measured, row.beside, figure, "", ""
    verdict = "yes" if row.bar.met(row.figure) else "**no**"
    return row.work, row.measured, row.beside, figure, str(row.bar), verdict


def significant(number: float) -> str:
    """A number with three digits that count, and never as a power of ten."""
    if abs(number) >= 100:  # noqa: PLR2004  # from here on a fraction says nothing
        return f"{number:,.0f}"
    return f"{float(f'{number:.3g}'):g}"


def detail(case: Case, kept: Kept) -> str:
    """All that is kept of a case: when, its rows, its tables and its notes."""
    origin = kept.origin
    parts = [f"### {case.title}", f"`make bench CASE={case.name}`: {origin.date}, {origin.commit}."]
    parts.append(table(SUMMARY_COLUMNS, map(summary_line, kept.result.rows)))
    parts += [_titled(one) for one in kept.result.tables]
    parts += kept.result.notes
    return "\n\n".join(parts)


def _titled(one: Table) -> str:
    return f"{one.title}:\n\n{table(one.columns, one.lines)}"


def section(results: Sequence[tuple[Case, Kept]]) -> str:
    """What docs/performance.md shows of the last results: the summary, then each case."""
    rows = [summary_line(row) for _, kept in results for row in kept.result.rows if row.bar]
    places = sorted({f"{kept.origin.machine}. {kept.origin.versions}." for _, kept in results})
    parts = ["## Against the bars", table(SUMMARY_COLUMNS, rows), *places, "## Case by case"]
    parts += [detail(case, kept) for case, kept in results]
    return "\n\n".join(parts)


def written(document: str, section: str) -> str:
    """The document with its section made anew; ValueError where it has no place for one."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The document lacks the line {BEGIN if not begin else END}")
    return f"{before}{BEGIN}\n\n{section}\n\n{END}{after}"
