"""The series of one metric, with what their lines begin with kept as bytes.

A scrape then only has to print the numbers and join. scalars.py and histograms.py say how the
numbers are kept.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from prometheus_client.metrics_core import Metric as Family

from .catalogue import Metric
from .guard import LabelGuard
from .lines import header
from .tally import Labels

Overflow = Callable[[list[Labels]], None]
"""Told which label sets of LABEL_OVERFLOW to count."""


class Series(ABC):
    """The label sets that a metric has, each at its position in the order of their arrival."""

    lines_each: int
    """Lines of a scrape that one label set takes."""

    def __init__(self, metric: Metric, guard: LabelGuard, overflow: Overflow) -> None:
        self.metric = metric
        self.positions: dict[Labels, int] = {}
        self._guard = guard
        self._overflow = overflow
        self._headers = header(metric, openmetrics=False), header(metric, openmetrics=True)
        if not metric.labels:
            self.position(())

    def __len__(self) -> int:
        return len(self.positions)

    def header(self, *, openmetrics: bool) -> bytes:
        """The lines before the samples, without a line end after the last."""
        return self._headers[openmetrics]

    def position(self, labels: Labels) -> int:
        """Where the label set is that the guard has `labels` counted under; made where new."""
        at = self.positions.get(labels)
        return self._admit(labels) if at is None else at

    @abstractmethod
    def render(self, start: int, stop: int, *, openmetrics: bool) -> bytes:
        """The lines of the label sets from `start` (there is one) to `stop`.

        A line end comes before each line and not after the last.
        """

    @abstractmethod
    def family(self) -> Family:
        """The metric as prometheus-client has it, without samples."""

    @abstractmethod
    def collect(self) -> Family:
        """The metric as prometheus-client has it, with its samples."""

    @abstractmethod
    def _extend(self, labels: Labels) -> None:
        """Make room for one more label set."""

    def _admit(self, labels: Labels) -> int:
        taken, overflowed = self._guard.admit(labels, self.positions.keys())
        if overflowed:
            self._overflow(overflowed)
        at = self.positions.get(taken)
        if at is None:
            at = self.positions[taken] = len(self.positions)
            self._extend(taken)
        return at
