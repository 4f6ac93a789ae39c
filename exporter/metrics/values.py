"""The values of all metrics: what recording writes to, and what a scrape shows.

It belongs to one event loop: nothing here waits or locks, so that every call is done before the
next begins.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from ..family import Exemplar
from .catalogue import CATALOGUE, LABEL_OVERFLOW, Counter, Gauge, Histogram, Metric
from .guard import LabelGuard
from .histograms import Histograms
from .scalars import Scalars
from .series import Series
from .tally import Labels, Tally
from .zero_first import ZeroFirst


class Metrics(Collector):
    """All metrics of a catalogue; also a `family.Mirror`, and a collector of prometheus-client.

    Label values are given in the order of the metric's labels, as they came: the label guard
    decides under which they are kept. A wrong number of them is a ValueError, a metric that is
    not in the catalogue a KeyError.

    label_values_limit: distinct values of an open label; series_limit: label sets of a metric
    (guard.py says which get a share of those only).
    clock: dates the exemplars, as Unix time.
    zero_first_seconds: for how long a rare series shows 0 (zero_first.py), by `monotonic`.
    """

    def __init__(
        self,
        catalogue: Sequence[Metric] = CATALOGUE,
        *,
        label_values_limit: int = 200,
        series_limit: int = 10_000,
        clock: Callable[[], float] = time.time,
        zero_first_seconds: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = partial(
            LabelGuard, values_limit=label_values_limit, series_limit=series_limit
        )
        self._clock = clock
        self._zero_first = partial(ZeroFirst, seconds=zero_first_seconds, monotonic=monotonic)
        self._scalars: dict[Metric, Scalars] = {}
        self._histograms: dict[Metric, Histograms] = {}
        self._metrics = tuple(dict.fromkeys((*catalogue, LABEL_OVERFLOW)))
        for metric in self._metrics:
            if isinstance(metric, Histogram):
                self._histograms[metric] = Histograms(metric, self._guard(metric), self._overflow)
            else:
                self._scalars[metric] = self._new_scalars(metric)

    def inc(self, metric: Counter, labels: Labels, amount: float = 1.0) -> None:
        """Add `amount` to a counter; ValueError for one below 0."""
        self._scalars[metric].increase(((labels, amount),))

    def observe(
        self, metric: Histogram, labels: Labels, value: float, exemplar: Exemplar | None = None
    ) -> None:
        """Put one `value` into a histogram; ValueError for one that is not finite.

        The `exemplar` is kept until the next one in the same bucket.
        """
        self._histograms[metric].observe([(labels, ((value, exemplar),))], self._clock())

    def set(self, metric: Gauge, labels: Labels, value: float) -> None:
        """Set a gauge. What the guard puts under `other` shows the last value set there."""
        self._scalars[metric].set(labels, value)

    def raise_to(self, metric: Counter, labels: Labels, value: float) -> None:
        """Set a counter that is counted elsewhere; a smaller value than before changes nothing."""
        self._scalars[metric].raise_to(labels, value)

    def replace(self, metric: Gauge, values: Mapping[Labels, float]) -> None:
        """Set all of a gauge: series that are not in `values` vanish.

        What the guard puts under `other` is added up. Label values that were kept before go on
        being kept, and those that are gone make room for others.
        """
        before = self._scalars[metric]
        # A new object: a scrape in the middle of the old one goes on with that.
        after = self._new_scalars(metric)
        for labels in sorted(values, key=lambda labels: labels not in before.positions):
            after.add(labels, values[labels])
        self._scalars[metric] = after

    def apply(self, tally: Tally) -> None:
        """Put in what a group commit added up to."""
        for counter, amounts in tally.counters.items():
            self._scalars[counter].increase(amounts.items())
        if tally.histograms:
            moment = self._clock()
            for histogram, observations in tally.histograms.items():
                self._histograms[histogram].observe(observations.items(), moment)
        for gauge, values in tally.gauges.items():
            for labels, value in values.items():
                self._scalars[gauge].set(labels, value)

    def value(self, metric: Metric, labels: Labels = ()) -> float | None:
        """The value under exactly these labels, of a histogram its count; None where none is."""
        return self._series(metric).value(labels)

    def series(self) -> int:
        """How many series a scrape shows; each bucket of a histogram is one."""
        return sum(len(series) * series.lines_each for series in self.all_series())

    def all_series(self) -> Iterator[Series]:
        """Each metric's series as they are when it is their turn, in the catalogue's order."""
        for metric in self._metrics:
            yield self._series(metric)

    def collect(self) -> Iterable[Family]:
        """All metrics with their samples, as prometheus-client's registry asks for them."""
        for series in self.all_series():
            yield series.collect()

    def describe(self) -> Iterable[Family]:
        """All metrics without samples: the names that a registry has to keep free."""
        for series in self.all_series():
            yield series.family()

    def _series(self, metric: Metric) -> Scalars | Histograms:
        return self._histograms[metric] if metric in self._histograms else self._scalars[metric]

    def _new_scalars(self, metric: Metric) -> Scalars:
        zero_first = self._zero_first(metric) if isinstance(metric, Counter) else None
        return Scalars(metric, self._guard(metric), self._overflow, zero_first)

    def _overflow(self, overflowed: list[Labels]) -> None:
        self._scalars[LABEL_OVERFLOW].increase([(labels, 1.0) for labels in overflowed])
