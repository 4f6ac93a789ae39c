"""Every reading call on a million and on three million events of 90 days."""

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
"""A call below this on both is not looked at for growth: its time is that of HTTP."""


def run(bench: Bench) -> Result:
    """Each call as an admin, and as the busiest user where a user may ask it."""
    small, large = (_asked(database(bench.cache, size)) for size in SIZES)
    slowest = max(small, key=lambda timing: timing.median)
    pairs = list(zip(small, large, strict=True))
    growths = [(other.median / one.median, one) for one, other in pairs if other.median > LEAST_MS]
    growth, grown = max(growths, key=lambda pair: pair[0], default=(1.0, slowest))
    typical = median(ratio for ratio, _ in growths) if growths else 1.0
    late = sum(timing.median > LONGEST_MS for timing in small)
    rows = (
        Row(
            f"the slowest of {len(small)} reading calls on {SIZES[0]:,} events of {DAYS} days",
            f"median {slowest.median:,.0f} ms",
            f"{late} above {LONGEST_MS:g} ms",
            slowest.median,
            "ms",
            Bar(most=LONGEST_MS),
        ),
        ratio_row(
            f"the one that {SIZES[1]:,} events slow down most",
            f"`{grown.question.name}`",
            f"typically {typical:.2f} x",
            growth,
            most=MOST_GROWTH,
        ),
    )
    return Result(rows, (_table(pairs),), NOTES)


def _asked(folder: Path) -> list[Timing]:
    with service(folder, ANSWER_CACHE_SECONDS="0", QUERY_TIMEOUT_MS="60000") as one:
        wait_until_rolled_up(one)
        analyst = Analyst(one.url, "nobody")
        user = analyst.busiest_user()
        analyst.close()
        return timings(one.url, user, RUNS)


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
    f"Each call {RUNS} times over HTTP, with ANSWER_CACHE_SECONDS=0; without a period it asks for"
    " the last 30 days. The user is the one with the most events, the list of calls is the routes'"
    f" own. For the growth calls count that take more than {LEAST_MS:g} ms on the larger database.",
)

CASE = Case("reading", "Reading", run)
