"""Writes the files of this repository that are made from its code.

    python docs/generate.py           write them
    python docs/generate.py --check   compare instead; 1 and their names where any differs

To add one: a function that gives its text, and a line in GENERATED.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import documents as benchmarks
from exporter import numbers_docs, settings_docs
from exporter.health import docs as health_docs
from exporter.metrics import docs as metrics_docs
from grafana import render as dashboards
from prometheus.source.files import FILES as MONITORING

ROOT = Path(__file__).parent.parent

GENERATED: dict[str, Callable[[], str]] = {
    ".env.example": settings_docs.example,
    "docs/health-checks.md": health_docs.render,
    "docs/metrics.md": metrics_docs.render,
    "docs/numbers.md": numbers_docs.render,
    "docs/settings.md": settings_docs.render,
    **benchmarks.files(),
    **dashboards.files(),
    **MONITORING,
}


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the files below `root`, or with `--check` name those that would change; exit code."""
    check = list(arguments) == ["--check"]
    if arguments and not check:
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    stale = 0
    for name, render in GENERATED.items():
        path, wanted = root / name, render().encode()
        if path.is_file() and path.read_bytes() == wanted:
            continue
        if check:
            stale = 1
            print(f"{name} is not what `make generate` writes", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted)
            print(f"wrote {name}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
