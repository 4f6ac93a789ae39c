"""Counters and gauges: one number for each label set, in a flat array."""

from array import array
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from .catalogue import Metric
from .guard import LabelGuard
from .lines import label_pairs, numbers, sample_name
from .series import Overflow, Series
from .tally import Labels
from .zero_first import ZeroFirst

FAMILIES: Mapping[str, type[CounterMetricFamily | GaugeMetricFamily]] = MappingProxyType(
    {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
)


class Scalars(Series):
    """The series of a counter or a gauge: one value for each label set."""

    lines_each = 1

    def __init__(
        self,
        metric: Metric,
        guard: LabelGuard,
        overflow: Overflow,
        zero_first: ZeroFirst | None = None,
    ) -> None:
        self._zero_first = zero_first
        self._name = sample_name(metric)
        self._starts: list[bytes] = []
        self._values = array("d")
        super().__init__(metric, guard, overflow)

    def value(self, labels: Labels) -> float | None:
        """The value of a label set, None for one that is not held."""
        at = self.positions.get(labels)
        return None if at is None else self._values[at]

    def increase(self, amounts: Iterable[tuple[Labels, float]]) -> None:
        """Add an amount to each of some label sets; ValueError for one below 0, or NaN."""
        positions, values = self.positions, self._values
        for labels, amount in amounts:
            if not amount >= 0.0:  # NaN as well
                raise ValueError(f"{self.metric.name} cannot be increased by {amount}")
            at = positions.get(labels)
            values[self._admit(labels) if at is None else at] += amount

    def add(self, labels: Labels, amount: float) -> None:
        """Add `amount`, of whatever sign."""
        at = self.position(labels)
        self._values[at] += amount

    def set(self, labels: Labels, value: float) -> None:
        """Put `value` in the place of the old one."""
        at = self.position(labels)
        self._values[at] = value

    def raise_to(self, labels: Labels, value: float) -> None:
        """Put `value` in the place of a smaller one."""
        at = self.position(labels)
        self._values[at] = max(self._values[at], value)

    def render(self, start: int, stop: int, *, openmetrics: bool) -> bytes:
        """One line for each label set."""
        values = numbers(self._shown(start, stop))
        pieces = [b""] * (2 * len(values))
        pieces[0::2] = self._starts[start:stop]
        pieces[1::2] = values
        return b"".join(pieces)

    def family(self) -> Family:
        """A CounterMetricFamily or a GaugeMetricFamily."""
        metric = self.metric
        return FAMILIES[metric.kind](metric.family, metric.help, unit=metric.family_unit)

    def collect(self) -> Family:
        """The family with a sample for each label set."""
        family = self.family()
        shown = self._shown(0, len(self))
        for labels, value in zip(self.positions, shown, strict=True):
            named = dict(zip(self.metric.labels, labels, strict=True))
            family.add_sample(self._name, named, value)
        return family

    def _extend(self, labels: Labels) -> None:
        pairs = label_pairs(self.metric.labels, labels)
        start = f"{self._name}{{{pairs}}}" if pairs else self._name
        self._starts.append(f"\n{start} ".encode())
        if self._zero_first is not None:
            self._zero_first.begin(labels, len(self._values))
        self._values.append(0.0)

    def _shown(self, start: int, stop: int) -> list[float]:
        """The values that a scrape shows of the label sets from `start` to `stop`."""
        shown = self._values[start:stop].tolist()
        if self._zero_first is not None:
            for at in self._zero_first.among(start, stop):
                shown[at - start] = 0.0
        return shown
