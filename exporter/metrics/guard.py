"""The label guard: what keeps callers from filling Prometheus with label values.

The first values of an open label are kept and the next become `other`; a metric that holds too
many label sets takes only `other` from then on. Nothing that is counted gets lost, it is counted
under `other`. What the guard remembers is bounded by the same limits.
"""

from collections.abc import Container, Mapping, Sized
from math import inf
from types import MappingProxyType
from typing import NamedTuple, Protocol

from .catalogue import OWN_SERVICE, Counter, Gauge, Histogram, Metric
from .tally import Labels

OTHER = "other"
LONGEST = 128
"""Characters of a label value; the rest is cut off."""

KIND_SHARES: Mapping[type[Metric], float] = MappingProxyType(
    {
        Counter: 1.0,
        Gauge: 1.0,
        Histogram: 0.25,  # each of its label sets is about 14 lines of a scrape
    }
)
"""The share of both limits that metrics of a kind get."""

LABEL_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "service": 0.5,  # one report of a service may bring some 30 series
        "cache_type": 0.1,
    }
)
"""The share of the limit of values that a label gets, where it is not all of it."""


class Held(Sized, Container[Labels], Protocol):
    """The label sets that a metric has."""


class Slot(NamedTuple):
    """What the guard knows of one label of a metric.

    kept: each value that is kept, by itself, so that label sets share one string of it.
    overflow: under which labels of LABEL_OVERFLOW its values count that are not.
    """

    open: bool
    limit: float
    kept: dict[str, str]
    overflow: Labels


class LabelGuard:
    """Decides under which label set of one metric something is counted.

    values_limit: distinct values of an open label, before its shares (see above).
    series_limit: label sets of a metric, before its share.
    """

    def __init__(self, metric: Metric, values_limit: int, series_limit: int) -> None:
        self._metric = metric
        self._series_limit = max(1, int(series_limit * KIND_SHARES[type(metric)]))
        self._slots = tuple(_slot(metric, label, values_limit) for label in metric.labels)
        self._service = metric.labels.index("service") if "service" in metric.labels else None

    def admit(self, labels: Labels, held: Held) -> tuple[Labels, list[Labels]]:
        """The label set to count `labels` under, and the label sets of LABEL_OVERFLOW to count.

        There is one of the latter for each label whose value became `other`. `held` are the label
        sets that the metric has so far. What the service says of itself is always kept: those
        values come from this code. Raises ValueError for a wrong number of labels.
        """
        if len(labels) != len(self._slots):
            raise ValueError(f"{self._metric.name} has the labels {self._metric.labels}: {labels}")
        if self._service is not None and labels[self._service] == OWN_SERVICE:
            return labels, []
        full = len(held) >= self._series_limit
        taken = []
        overflowed = []
        for (open_, limit, kept, overflow), value in zip(self._slots, labels, strict=True):
            known = kept.get(value)
            if known is None:
                if open_ and (full or len(kept) >= limit):
                    known = OTHER
                    overflowed.append(overflow)
                else:
                    known = _clean(value)
                    kept[known] = known
            taken.append(known)
        if full and tuple(taken) not in held:
            return self._least(labels)
        return tuple(taken), overflowed

    def _least(self, labels: Labels) -> tuple[Labels, list[Labels]]:
        """The label set with every open label as `other`."""
        pairs = list(zip(self._slots, labels, strict=True))
        taken = tuple(OTHER if slot.open else slot.kept[_clean(value)] for slot, value in pairs)
        return taken, [slot.overflow for slot, value in pairs if slot.open and value != OTHER]


def value_limit(metric: Metric, label: str, values_limit: int) -> int:
    """How many distinct values the open `label` of `metric` keeps under the setting's limit."""
    share = min(KIND_SHARES[type(metric)], LABEL_SHARES.get(label, 1.0))
    return max(1, int(values_limit * share))


def _slot(metric: Metric, label: str, values_limit: int) -> Slot:
    overflow = (metric.name, label)
    if label not in metric.open_labels:
        return Slot(False, inf, {}, overflow)
    free = {"": "", OTHER: OTHER}  # neither is a value that a caller thought of
    return Slot(True, value_limit(metric, label, values_limit) + len(free), free, overflow)


def _clean(value: str) -> str:
    """`value` as it can be printed: not too long, and without lone surrogates."""
    return value[:LONGEST].encode("utf-8", "replace").decode("utf-8")
