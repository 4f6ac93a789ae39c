"""What a series takes in memory, beside prometheus-client."""

from ..case import Bench, Case, Result, Table, ratio_row
from ..probes import ask
from ..probes.memory import Memory

LABEL_SETS = 60_000
"""About 120,000 lines of a scrape."""


def run(bench: Bench) -> Result:
    """The same label sets in both, each in a process of its own."""
    ours, client = (
        ask("probes.memory", (name, str(LABEL_SETS)), Memory) for name in ("ours", "client")
    )
    row = ratio_row(
        "memory for a series",
        f"{ours.gained / ours.lines:,.0f} B",
        f"prometheus-client {client.gained / client.lines:,.0f} B",
        ours.gained / client.gained,
        most=0.5,
    )
    lines = tuple(
        (
            name,
            f"{one.gained / 1e6:,.1f}",
            f"{one.gained / one.label_sets:,.0f}",
            f"{one.gained / one.lines:,.0f}",
        )
        for name, one in (("Meterhouse", ours), ("prometheus-client", client))
    )
    columns = ("", "MB", "bytes a label set", "bytes a line of a scrape")
    title = f"{ours.label_sets:,} label sets, one in eleven of a histogram, {ours.lines:,} lines"
    costs = {"series_bytes": ours.gained / ours.lines}
    return Result((row,), (Table(title, columns, lines),), costs=costs)


CASE = Case("memory", "Memory for series", run)
