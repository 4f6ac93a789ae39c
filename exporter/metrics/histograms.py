"""Histograms: for each label set a block of counts in a flat array, and a sum.

An observation is counted in one bucket only, which is what recording does most; the scrape adds
the buckets up, for many label sets at once.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import inf, isfinite
from operator import add

from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Exemplar as ClientExemplar
from prometheus_client.utils import floatToGoString

from ..family import Exemplar
from .catalogue import Histogram
from .guard import LabelGuard
from .lines import Seen, exemplar_suffix, label_pairs, numbers, printable
from .series import Overflow, Series
from .tally import Labels

Observed = tuple[float, Exemplar | None]
"""A value, and the exemplar that it came with."""


class Histograms(Series):
    """The series of a histogram.

    The bound `le` is the first label of a bucket's line, so that all label sets share the bytes
    before it, and a bucket's line costs no bytes of its own.
    """

    metric: Histogram

    def __init__(self, metric: Histogram, guard: LabelGuard, overflow: Overflow) -> None:
        self._bounds = metric.buckets
        self._width = len(metric.buckets) + 1
        self._bound_texts = [_bound(bound) for bound in (*metric.buckets, inf)]
        self.lines_each = self._width + 2
        self._counts = array("q")
        self._sums = array("d")
        self._seen: list[Seen | None] = []
        self._after_bound: list[bytes] = []
        self._after_name: list[bytes] = []
        self._starts = [
            *(f'\n{metric.name}_bucket{{le="{text}"'.encode() for text in self._bound_texts),
            f"\n{metric.name}_count".encode(),
            f"\n{metric.name}_sum".encode(),
        ]
        super().__init__(metric, guard, overflow)

    def value(self, labels: Labels) -> float | None:
        """The number of observations of a label set, None for one that is not held."""
        at = self.positions.get(labels)
        return None if at is None else float(sum(self._block(at)))

    def observe(
        self, observations: Iterable[tuple[Labels, Sequence[Observed]]], moment: float
    ) -> None:
        """Count values of some label sets, all seen at the Unix time `moment`.

        Raises ValueError for one that is not finite: the sum would never be again.
        """
        width, bounds, positions = self._width, self._bounds, self.positions
        counts, sums, seen = self._counts, self._sums, self._seen
        for labels, observed in observations:
            known = positions.get(labels)
            at = self._admit(labels) if known is None else known
            for value, exemplar in observed:
                if not isfinite(value):
                    raise ValueError(f"{self.metric.name} cannot hold {value}")
                bucket = at * width + bisect_left(bounds, value)
                counts[bucket] += 1
                sums[at] += value
                if exemplar is not None:
                    seen[bucket] = (exemplar, value, moment)

    def render(self, start: int, stop: int, *, openmetrics: bool) -> bytes:
        """For each label set its buckets, its count and its sum, all of one moment."""
        width, lines = self._width, self.lines_each
        values = numbers(self._columns(start, stop))
        if openmetrics:
            for at, seen in enumerate(self._seen[start * width : stop * width]):
                if seen is not None:
                    child, bucket = divmod(at, width)
                    values[child * lines + bucket] += exemplar_suffix(seen)
        pieces = [piece for name in self._starts for piece in (name, b"", b"")] * (stop - start)
        after_bound, after_name = self._after_bound[start:stop], self._after_name[start:stop]
        for line in range(lines):
            pieces[3 * line + 1 :: 3 * lines] = after_bound if line < width else after_name
        pieces[2::3] = values
        return b"".join(pieces)

    def family(self) -> HistogramMetricFamily:
        """A HistogramMetricFamily."""
        metric = self.metric
        return HistogramMetricFamily(
            metric.family, metric.help, labels=metric.labels, unit=metric.family_unit
        )

    def collect(self) -> Family:
        """The family with the samples of each label set."""
        family = self.family()
        for labels, at in self.positions.items():
            seen = self._seen[at * self._width : (at + 1) * self._width]
            added_up = accumulate(self._block(at))
            family.add_metric(
                labels,
                list(map(_client_bucket, self._bound_texts, added_up, seen)),
                self._sums[at],
            )
        return family

    def _columns(self, start: int, stop: int) -> list[float]:
        """What the lines of some label sets show; the buckets added up, all label sets at once."""
        width, lines = self._width, self.lines_each
        counts = self._counts[start * width : stop * width].tolist()
        shown: list[float] = [0.0] * ((stop - start) * lines)
        column = counts[0::width]
        shown[0::lines] = column
        for bucket in range(1, width):
            column = list(map(add, column, counts[bucket::width]))
            shown[bucket::lines] = column
        shown[width::lines] = column
        shown[width + 1 :: lines] = self._sums[start:stop].tolist()
        return shown

    def _block(self, at: int) -> "array[int]":
        return self._counts[at * self._width : (at + 1) * self._width]

    def _extend(self, labels: Labels) -> None:
        pairs = label_pairs(self.metric.labels, labels)
        self._after_bound.append(f",{pairs}}} ".encode() if pairs else b"} ")
        self._after_name.append(f"{{{pairs}}} ".encode() if pairs else b" ")
        self._counts.extend([0] * self._width)
        self._seen.extend([None] * self._width)
        self._sums.append(0.0)


def _bound(bound: float) -> str:
    text: str = floatToGoString(bound)  # type: ignore[no-untyped-call]  # the client's own spelling
    return text


def _client_bucket(
    bound: str, count: int, seen: Seen | None
) -> tuple[str, float] | tuple[str, float, ClientExemplar]:
    if seen is None or not printable(seen[0]):
        return bound, count
    (name, text), value, moment = seen
    return bound, count, ClientExemplar({name: text}, value, moment)
