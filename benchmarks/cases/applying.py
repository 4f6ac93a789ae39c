"""What a stored batch costs the metrics."""

from ..case import Bar, Bench, Case, Result, Row
from ..load import BATCH
from ..probes import ask
from ..probes.applying import Applying


def run(bench: Bench) -> Result:
    """A batch of 500 events of three families, summed by label set and applied once."""
    found = ask("probes.applying", (str(bench.rounds),), Applying)
    rows = (
        Row(
            f"applying a batch of {BATCH} to the metrics",
            f"{found.applying:.2f} µs an event",
            "",
            found.applying,
            "µs",
            Bar(most=1),
        ),
        Row(
            "summing it by label set before that",
            f"{found.summing:.2f} µs an event",
            "",
            found.summing,
            "µs",
        ),
    )
    return Result(rows)


CASE = Case("applying", "Applying a batch to the metrics", run)
