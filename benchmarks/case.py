"""What a case is, and what it gives: figures for the table, each with the bar it has to reach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec


class Bar(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a figure has to be: at least, or at most."""

    least: float | None = None
    most: float | None = None

    def met(self, figure: float) -> bool:
        """Whether `figure` is good enough."""
        return (self.least is None or figure >= self.least) and (
            self.most is None or figure <= self.most
        )

    def __str__(self) -> str:
        """As it stands in a table."""
        sides = ("≥", self.least), ("≤", self.most)
        return " ".join(f"{sign} {value:g}" for sign, value in sides if value is not None)


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the summary.

    work: what was done; measured, beside: what it came to here, and at what it is compared with.
    figure: the number that the bar is for, `unit` after it: `x` for a ratio.
    """

    work: str
    measured: str
    beside: str
    figure: float
    unit: str = "x"
    bar: Bar | None = None


class Table(msgspec.Struct, frozen=True):
    """Details of a case: a title, the names of its columns, and its lines as they are printed."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a case came to.

    notes: sentences that one needs to read it.
    costs: what the model of docs/scale.md reckons with, by the names that model.py uses.
    """

    rows: tuple[Row, ...]
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    costs: dict[str, float] = {}


@dataclass(frozen=True)
class Bench:
    """How to measure.

    rounds, seconds: how often each of what is compared is measured in turn, and for how long.
    cache: the folder for what is installed, built and filled once; scratch: for this run alone.
    """

    rounds: int
    seconds: float
    cache: Path
    scratch: Path


@dataclass(frozen=True)
class Case:
    """One thing that is measured.

    name: what it is asked for by; title: what the documents call it.
    tools: the programs that it needs beside Python.
    usual: whether `make bench` measures it without being asked for it by name.
    """

    name: str
    title: str
    run: Callable[[Bench], Result]
    tools: Sequence[str] = ("taskset",)
    usual: bool = True


def ratio_row(
    work: str,
    measured: str,
    beside: str,
    figure: float,
    *,
    least: float | None = None,
    most: float | None = None,
) -> Row:
    """A line for a ratio, with its bar where there is one."""
    bar = None if least is None and most is None else Bar(least, most)
    return Row(work, measured, beside, figure, "x", bar)
