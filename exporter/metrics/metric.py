"""What a metric is: a name, a type, a help line, labels, a unit. The table is catalogue.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

OWN_SERVICE = "exporter"
"""The value of `service` for what this service says of itself; callers cannot use it."""

OPEN_LABELS = frozenset(
    {
        "alert",
        "baseline_model",
        "cache_type",
        "category",
        "endpoint",
        "event",
        "feature",
        "model",
        "payment_method",
        "plan",
        "currency",
        "service",
        "user_plan",
    }
)

EVERY_SERIES: Mapping[str, str] = MappingProxyType({})
"""A counter's `zero_first` where all its series are rare."""


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric's name, its help line, its labels in order, and the unit of its value.

    Compared by identity: there is one of each.
    """

    kind: ClassVar[str]
    """The type, as the text formats name it."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""

    @property
    def family(self) -> str:
        """The name as OpenMetrics has it: a counter's is without `_total`."""
        return self.name

    @property
    def family_unit(self) -> str:
        """The unit where the family's name ends with it, as OpenMetrics asks; else empty."""
        return self.unit if self.family.endswith(f"_{self.unit}") else ""

    @property
    def open_labels(self) -> tuple[str, ...]:
        """The labels whose values callers choose."""
        return tuple(label for label in self.labels if label in OPEN_LABELS)


@dataclass(frozen=True, eq=False)
class Counter(Metric):
    """A value that only grows, named `*_total`.

    zero_first: which of its series are rare and show 0 before their first value (zero_first.py),
    as labels with the regular expressions that those match in full; None is none of them.
    """

    kind = "counter"

    zero_first: Mapping[str, str] | None = None

    @property
    def family(self) -> str:
        """The name without `_total`."""
        return self.name.removesuffix("_total")


@dataclass(frozen=True, eq=False)
class Gauge(Metric):
    """A value that goes up and down."""

    kind = "gauge"


@dataclass(frozen=True, eq=False)
class Histogram(Metric):
    """Observations counted into buckets, by their upper bounds in ascending order."""

    kind = "histogram"

    buckets: tuple[float, ...] = ()
