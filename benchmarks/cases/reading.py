"""Every reading call on a million and on three million events of 90 days."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

from ..case import Bar, Bench, Case, Result, Row, Table, ratio_row
from ..filled import DAYS, MILLION, database
from ..reading import Analyst, Timing, timings
from ..rollups import wait_until_rolled_up
from ..service import service

SIZES = (MILLION, 3 * MILLION)
RUNS = 15
LONGEST_MS = 100.0
MOST_GROWTH = 1.3
LEAST_MS = 10.0
"""A call below this on the larger one is not looked at for growth: its time is that of HTTP."""


def run(bench: Bench) -> Result:
    """Each call as an admin, and as the busiest user where a user may ask it."""
    folders = [database(bench.cache, size) for size in SIZES]
    small, large = _asked(folders)
    pairs = list(zip(small, large, strict=True))
    growths = [
        (other.median / one.median, one.question.name)
        for one, other in pairs
        if other.median > LEAST_MS
    ] or [(1.0, "no call")]
    growth, grown = max(growths)
    typical = median(ratio for ratio, _ in growths)
    many = sum(ratio > MOST_GROWTH for ratio, _ in growths)
    rows = (
        _slowest(small, SIZES[0], LONGEST_MS),
        _slowest(large, SIZES[1], LONGEST_MS * MOST_GROWTH),
        ratio_row(
            f"the one that {SIZES[1]:,} events slow down most",
            f"`{grown}`",
            f"typically {typical:.2f} x, {many} of {len(growths)} over the bar",
            growth,
            most=MOST_GROWTH,
        ),
    )
    return Result(rows, (_table(pairs),), NOTES)


def _slowest(timings: list[Timing], events: int, bar: float) -> Row:
    slowest = max(timing.median for timing in timings)
    return Row(
        f"the slowest of {len(timings)} reading calls on {events:,} events of {DAYS} days",
        f"median {slowest:,.0f} ms",
        f"{sum(timing.median > bar for timing in timings)} above {bar:g} ms",
        slowest,
        "ms",
        Bar(most=bar),
    )


def _asked(folders: Sequence[Path]) -> list[list[Timing]]:
    with ExitStack() as open_ones:
        analysts = []
        for folder in folders:
            one = open_ones.enter_context(
                service(folder, ANSWER_CACHE_SECONDS="0", QUERY_TIMEOUT_MS="60000")
            )
            wait_until_rolled_up(one)
            analysts.append(open_ones.enter_context(closing(Analyst.busiest(one.url))))
        return timings(analysts, RUNS)


def _table(pairs: list[tuple[Timing, Timing]]) -> Table:
    lines = tuple(
        (
            f"`{one.question.name}`",
            one.question.role.value,
            f"{one.median:,.1f}",
            f"{one.p95:,.1f}",
            f"{other.median:,.1f}",
            f"{other.p95:,.1f}",
            f"{other.median / one.median:.2f}",
        )
        for one, other in sorted(pairs, key=lambda pair: -pair[0].median)
    )
    columns = ["call", "as"]
    for size in SIZES:
        columns += [f"{size // MILLION} M: median, ms", "p95, ms"]
    return Table("Every reading call", (*columns, "x"), lines)


NOTES = (
    f"Each call {RUNS} times over HTTP, of one database and of the other in turn, with"
    " ANSWER_CACHE_SECONDS=0; without a period it asks for the last 30 days. The user is the one"
    " with the most events, the list of calls is the routes' own. For the growth calls count that"
    f" take more than {LEAST_MS:g} ms on the larger database.",
)

CASE = Case("reading", "Reading", run)
