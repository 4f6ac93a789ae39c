"""The PromQL of the panels, put together from the metric catalogue.

A metric is named by its declaration, so a query cannot name one that does not exist. Counters of
replicas add up; gauges that come from the store are the same on each, and the largest stands for
all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.metrics.catalogue import Counter, Gauge, Histogram, Metric

WHOLE_RANGE = "$__range"
"""The window of numbers that speak of everything the dashboard shows."""
_STEP = "$__rate_interval"


@dataclass(frozen=True)
class Scope:
    """What the dashboard's variables leave over: each of `variables` filters the label it names.

    A metric without such a label is not filtered by it. Matchers are written as PromQL has them:
    `status="failed"`.
    """

    variables: tuple[str, ...] = ()

    def select(self, metric: Metric | str, *matchers: str, suffix: str = "") -> str:
        """The series of a metric; a `str` names one of the client library's own."""
        name, labels = (metric, ()) if isinstance(metric, str) else (metric.name, metric.labels)
        chosen = [f'{label}=~"${label}"' for label in self.variables if label in labels]
        inside = ", ".join(('job=~"$job"', 'instance=~"$instance"', *chosen, *matchers))
        return f"{name}{suffix}{{{inside}}}"

    def rate(self, counter: Counter | str, *matchers: str, by: Sequence[str] = ()) -> str:
        """The growth a second."""
        return f"{_sum(by)} (rate({self.select(counter, *matchers)}[{_STEP}]))"

    def growth(
        self,
        counter: Counter,
        *matchers: str,
        by: Sequence[str] = (),
        window: str = WHOLE_RANGE,
        offset: str = "",
    ) -> str:
        """How much was added in the `window` before each point of time."""
        moved = f" offset {offset}" if offset else ""
        return f"{_sum(by)} (increase({self.select(counter, *matchers)}[{window}]{moved}))"

    def observed(
        self,
        histogram: Histogram,
        *matchers: str,
        by: Sequence[str] = (),
        window: str = "",
        suffix: str = "_count",
    ) -> str:
        """Observations a second, or those in the `window` before each point of time.

        `suffix="_sum"` adds up what was observed, `"_bucket"` gives cumulative buckets.
        """
        selected = self.select(histogram, *matchers, suffix=suffix)
        moved = f"increase({selected}[{window}])" if window else f"rate({selected}[{_STEP}])"
        return f"{_sum(by)} ({moved})"

    def buckets(self, histogram: Histogram) -> str:
        """Observations by their bucket, as a heat map wants them."""
        return self.observed(histogram, by=("le",), window=_STEP, suffix="_bucket")

    def quantile(
        self,
        q: float,
        histogram: Histogram,
        *matchers: str,
        by: Sequence[str] = (),
        window: str = "",
    ) -> str:
        """The q-quantile of what was observed; nothing, rather than NaN, where nothing was."""
        within = self.observed(
            histogram, *matchers, by=("le", *by), window=window, suffix="_bucket"
        )
        return f"histogram_quantile({q}, {within}) >= 0"

    def mean(
        self, histogram: Histogram, *matchers: str, by: Sequence[str] = (), window: str = ""
    ) -> str:
        """The mean of what was observed; nothing where nothing was."""
        total = self.observed(histogram, *matchers, by=by, window=window, suffix="_sum")
        number = self.observed(histogram, *matchers, by=by, window=window)
        return f"{total} / ({number} > 0)"

    def stored(self, gauge: Gauge, *matchers: str, by: Sequence[str] = ()) -> str:
        """A gauge that every replica shows alike, added up over the labels that `by` leaves out."""
        once = f"max by ({', '.join(gauge.labels)}) ({self.select(gauge, *matchers)})"
        return once if tuple(by) == gauge.labels else f"{_sum(by)} ({once})"

    def reported(self, gauge: Gauge, *matchers: str, by: Sequence[str] = ()) -> str:
        """The largest value of a gauge that services report or replicas measure."""
        return f"{_by('max', by)} ({self.select(gauge, *matchers)})"

    def largest(
        self, query: str, counter: Counter, label: str, number: int = 10, matchers: str = ""
    ) -> str:
        """`query` for the `number` values of `label` with the most of `counter` in the range.

        So that forty models make a panel with ten lines, the same at each point of time.
        """
        selected = self.select(counter, *([matchers] if matchers else []))
        added = f"sum by ({label}) (increase({selected}[{WHOLE_RANGE}] @ end()))"
        return f"({query}) and on ({label}) topk({number}, {added})"


def share(part: str, whole: str) -> str:
    """`part` of `whole`, 0 to 1: 0 before the first `part`, and nothing where there is no whole."""
    return f"({part} or {whole} * 0) / ({whole} > 0)"


def difference(plus: str, minus: str) -> str:
    """`plus` less `minus`, where either may not have happened yet."""
    return f"({plus} or {minus} * 0) - ({minus} or {plus} * 0)"


def _sum(by: Sequence[str]) -> str:
    return _by("sum", by)


def _by(operation: str, by: Sequence[str]) -> str:
    return f"{operation} by ({', '.join(by)})" if by else operation
