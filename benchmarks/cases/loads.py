"""What cases under load have in common: a table of their loads, and a check that all was kept."""

from collections.abc import Mapping, Sequence
from statistics import median

from ..case import Table
from ..load import Load, p99, rate
from ..processes import BenchmarkError
from ..service import Service

OURS = "Meterhouse"


def compared(title: str, loads: Mapping[str, Sequence[Load]]) -> Table:
    """Rates and latencies of what was measured in turn."""
    lines = tuple(
        (
            name,
            f"{rate(some):,.0f}",
            f"{median(load.p50 for load in some) / 1000:.2f}",
            f"{p99(some):.2f}",
            f"{max(load.max for load in some) / 1000:.1f}",
            f"{median(load.cost for load in some):,.0f}",
        )
        for name, some in loads.items()
    )
    return Table(title, ("", "calls/s", "p50, ms", "p99, ms", "slowest, ms", "CPU, µs/call"), lines)


def check_stored(service: Service, loads: Sequence[Load], events: int = 1) -> None:
    """Raise BenchmarkError where a service stored less than it was measured to take."""
    measured = sum(load.requests for load in loads) * events
    stored = service.stored()
    if stored < measured:
        raise BenchmarkError(f"Of {measured:,} measured events only {stored:,.0f} were stored.")
