"""The sum of what a group commit means to the metrics, applied once when it is durable."""

from collections import defaultdict

from ..family import Exemplar
from .catalogue import Counter, Gauge, Histogram

Labels = tuple[str, ...]


class Tally:
    """Implements `family.Mirror`. Not yet guarded: label values are as the events had them."""

    def __init__(self) -> None:
        self.counters: defaultdict[Counter, defaultdict[Labels, float]] = defaultdict(
            lambda: defaultdict(float)
        )
        self.histograms: defaultdict[
            Histogram, defaultdict[Labels, list[tuple[float, Exemplar | None]]]
        ] = defaultdict(lambda: defaultdict(list))
        self.gauges: defaultdict[Gauge, dict[Labels, float]] = defaultdict(dict)

    def inc(self, metric: Counter, labels: Labels, amount: float = 1.0) -> None:
        """Add `amount` to a counter."""
        self.counters[metric][labels] += amount

    def observe(
        self, metric: Histogram, labels: Labels, value: float, exemplar: Exemplar | None = None
    ) -> None:
        """Put one `value` into a histogram."""
        self.histograms[metric][labels].append((value, exemplar))

    def set(self, metric: Gauge, labels: Labels, value: float) -> None:
        """Set a gauge to the last value that was reported."""
        self.gauges[metric][labels] = value
