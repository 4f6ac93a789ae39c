"""python -m benchmarks [CASE …]: measures, prints, and keeps the result in docs/performance.md."""

import shutil
import signal
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from . import documents, report
from .case import Bench, Case, Result
from .cases import CASES
from .machine import ROOT, origin
from .processes import BenchmarkError

PACKAGES = {
    "taskset": "util-linux",
    "wrk": "wrk",
    "curl": "curl",
    "node": "nodejs",
    "npm": "npm",
    "go": "golang",
    "cc": "gcc libc6-dev",
    "prometheus-pushgateway": "prometheus-pushgateway",
    "redis-server": "redis-server",
}
"""The programs that cases need, with their packages in Debian."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the cases that are asked for; 1 where one could not be, 2 where it makes no sense."""
    options = _options(arguments)
    if options.list:
        print("\n".join(f"{case.name:16} {case.title}" for case in CASES))
        return 0
    wanted = [case for case in CASES if case.name in options.cases or _usual(case, options)]
    absent = sorted({tool for case in wanted for tool in case.tools if not shutil.which(tool)})
    if absent:
        packages = " ".join(PACKAGES[tool] for tool in absent)
        print(f"Not installed: {', '.join(absent)}. apt-get install {packages}", file=sys.stderr)
        return 2
    failed = [case.name for case in wanted if not _measure(case, options)]
    if options.keep:
        for name, text in documents.files().items():
            (ROOT / name).write_text(text())
    return 1 if failed else 0


def _stop(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _usual(case: Case, options: Namespace) -> bool:
    return case.usual and not options.cases


def _measure(case: Case, options: Namespace) -> bool:
    """Measure one case, print it and keep it; False where that could not be done."""
    began = time.monotonic()
    print(f"… {case.name}: {case.title}", file=sys.stderr, flush=True)
    options.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.cache, prefix="run-") as scratch:
        bench = Bench(options.rounds, options.seconds, options.cache, Path(scratch))
        try:
            result: Result = case.run(bench)
        except BenchmarkError as error:
            print(f"{case.name}: {error}", file=sys.stderr)
            return False
    kept = report.Kept(case.name, origin(), result)
    print(f"{report.detail(case, kept)}\n", flush=True)
    print(f"… {case.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if options.keep:
        report.keep(kept)
    return True


def _options(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser("benchmarks", description="Measure the service, side by side.")
    names = [case.name for case in CASES]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(names)}")
    parser.add_argument("--list", action="store_true", help="name the cases, and measure nothing")
    parser.add_argument("--rounds", type=int, default=5, help="of each subject in turn (5)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round of load (5)")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "meterhouse-bench",
        help="folder for what is built, installed and filled once (%(default)s)",
    )
    parser.add_argument(
        "--no-keep", dest="keep", action="store_false", help="leave docs/performance.md as it is"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.cases) - set(names)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)  # so that what was started is ended as well
    sys.exit(main())
