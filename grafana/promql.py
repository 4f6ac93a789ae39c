"""The PromQL of the panels, put together from the metric catalogue.

A metric is named by its declaration, so a query cannot name one that does not exist. Counters of
replicas add up; gauges that come from the store are the same on each, and the largest stands for
all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.metrics.catalogue import BUILD_INFO, Counter, Gauge, Histogram, Metric

WHOLE_RANGE = "$__range"
"""The window of numbers that speak of everything the dashboard shows."""
RECENT = "5m"
"""What `now` means to a share or a percentile: a minute holds too few of the rarer calls."""
AT_END = " @ end()"
"""At the end of what the dashboard shows, whatever the point of time."""
A_WEEK_BEFORE = " offset 1w"
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

    def or_zero(self, query: str) -> str:
        """0 where `query` gives nothing and the service is there: it had nothing to count.

        The query adds up everything to one number.
        """
        return f"{query} or 0 * count({self.select(BUILD_INFO)})"

    def rate(self, counter: Counter | str, *matchers: str, by: Sequence[str] = ()) -> str:
        """The growth a second."""
        return f"{_sum(by)} (rate({self.select(counter, *matchers)}[{_STEP}]))"

    def growth(
        self,
        counter: Counter,
        *matchers: str,
        by: Sequence[str] = (),
        window: str = WHOLE_RANGE,
        at: str = "",
    ) -> str:
        """How much was added in the `window` before each point of time; `at` moves the point."""
        return f"{_sum(by)} (increase({self.select(counter, *matchers)}[{window}]{at}))"

    def observed(
        self,
        histogram: Histogram,
        *matchers: str,
        by: Sequence[str] = (),
        window: str = "",
        suffix: str = "_count",
        at: str = "",
    ) -> str:
        """Observations a second, or those in the `window` before each point of time.

        `suffix="_sum"` adds up what was observed, `"_bucket"` gives cumulative buckets.
        """
        selected = self.select(histogram, *matchers, suffix=suffix)
        moved = f"increase({selected}[{window}]{at})" if window else f"rate({selected}[{_STEP}])"
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
        at: str = "",
    ) -> str:
        """The q-quantile of what was observed; nothing, rather than NaN, where nothing was."""
        within = self.observed(
            histogram, *matchers, by=("le", *by), window=window, suffix="_bucket", at=at
        )
        return f"histogram_quantile({q}, {within}) >= 0"

    def percentiles(
        self,
        histogram: Histogram,
        *matchers: str,
        window: str = "",
        which: Sequence[float] = (0.5, 0.95, 0.99),
    ) -> dict[str, str]:
        """Some quantiles by their names: `p50`, `p95` and so on."""
        return {
            f"p{round(q * 100)}": self.quantile(q, histogram, *matchers, window=window)
            for q in which
        }

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

    def reported(self, gauge: Gauge | str, *matchers: str, by: Sequence[str] = ()) -> str:
        """The largest value of a gauge that services report or replicas measure."""
        return f"{_by('max', by)} ({self.select(gauge, *matchers)})"

    def largest(
        self, query: str, counter: Counter, by: Sequence[str], *matchers: str, number: int = 10
    ) -> str:
        """`query` for those `by` with the most of `counter` in the range."""
        return top(query, by, self.growth(counter, *matchers, by=by, at=AT_END), number)

    def slowest(
        self, histogram: Histogram, by: Sequence[str], *, window: str = RECENT, number: int = 10
    ) -> str:
        """The 95th percentile in the `window` before each point, of those `by` with the longest."""
        ranks = self.quantile(0.95, histogram, by=by, window=WHOLE_RANGE, at=AT_END)
        return top(self.quantile(0.95, histogram, by=by, window=window), by, ranks, number)

    def fullest(
        self, gauge: Gauge, by: Sequence[str], *matchers: str, number: int = 5, query: str = ""
    ) -> str:
        """`reported`, or `query`, of those `by` where `gauge` was the highest in the range."""
        peak = f"max_over_time({self.select(gauge, *matchers)}[{WHOLE_RANGE}]{AT_END})"
        reported = query or self.reported(gauge, *matchers, by=by)
        return top(reported, by, f"{_by('max', by)} ({peak})", number)

    def emptiest(self, gauge: Gauge, by: Sequence[str], *matchers: str, number: int = 5) -> str:
        """`reported` of those `by` where `gauge` was the lowest in the range."""
        ebb = f"min_over_time({self.select(gauge, *matchers)}[{WHOLE_RANGE}]{AT_END})"
        reported = self.reported(gauge, *matchers, by=by)
        return f"({reported}) and on ({', '.join(by)}) bottomk({number}, {_by('min', by)} ({ebb}))"

    def recorded(self, name: str, *matchers: str) -> str:
        """A series that a rule made over all replicas: only its level is left to be filtered by.

        `model:…` has a label model, `service:…` a service.
        """
        level = name.split(":", maxsplit=1)[0]
        chosen = [f'{level}=~"${level}"'] if level in self.variables else []
        inside = ", ".join((*chosen, *matchers))
        return f"{name}{{{inside}}}" if inside else name

    def worst(self, name: str, number: int = 10) -> str:
        """A recorded series, for those of its level with the highest value in the range."""
        series, level = self.recorded(name), name.split(":", maxsplit=1)[0]
        peak = f"max by ({level}) (max_over_time({series}[{WHOLE_RANGE}]{AT_END}))"
        return top(f"{series} >= 0", (level,), peak, number)  # percentiles of nothing are NaN


def top(query: str, by: Sequence[str], ranks: str, number: int = 10) -> str:
    """`query` for those `by` for which `ranks` is the largest.

    So that forty models make a panel with ten lines. `ranks` looks at one point of time, so that
    they are the same ten at each.
    """
    return f"({query}) and on ({', '.join(by)}) topk({number}, {ranks})"


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
