"""Documents with a section that is made of the last results; `make generate` writes them too."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from . import model, report
from .case import Case
from .cases import CASES
from .machine import ROOT
from .report import Kept

SECTIONS: Mapping[str, Callable[[Sequence[tuple[Case, Kept]]], str]] = {
    "docs/performance.md": report.section,
    "docs/scale.md": model.section,
}


def files() -> dict[str, Callable[[], str]]:
    """What makes the text of each document."""
    return {name: partial(renewed, name) for name in SECTIONS}


def renewed(name: str, root: Path = ROOT, folder: Path = report.RESULTS) -> str:
    """A document as the results in `folder` make it; ValueError where it has no place for them."""
    section = SECTIONS[name](report.kept_results(CASES, folder))
    return report.written((root / name).read_text(), section)
