"""What the lines of the two text formats are made of: headers, labels, numbers, exemplars.

Both formats share their sample lines. They differ in the headers, and only OpenMetrics has
exemplars.
"""

from collections.abc import Sequence
from math import isnan

import orjson

from ..family import Exemplar
from .catalogue import Metric
from .tally import Labels

Seen = tuple[Exemplar, float, float]
"""An exemplar, the value observed with it, and the Unix time of that in seconds."""

LONGEST_EXEMPLAR = 128
"""Characters of an exemplar's name and value together, by OpenMetrics."""


def header(metric: Metric, *, openmetrics: bool) -> bytes:
    """The HELP and TYPE lines of a metric, without a line end after the last."""
    help_ = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if not openmetrics:
        name = sample_name(metric)
        return f"# HELP {name} {help_}\n# TYPE {name} {metric.kind}".encode()
    name = metric.family
    help_ = help_.replace('"', r"\"")
    unit = f"\n# UNIT {name} {metric.family_unit}" if metric.family_unit else ""
    return f"# HELP {name} {help_}\n# TYPE {name} {metric.kind}{unit}".encode()


def sample_name(metric: Metric) -> str:
    """The name of a metric's samples; those of a histogram have a suffix besides."""
    return f"{metric.family}_total" if metric.kind == "counter" else metric.family


def label_pairs(names: Sequence[str], values: Labels) -> str:
    """`name="value"` for each label, with commas in between and the values escaped."""
    return ",".join(f'{name}="{escape(value)}"' for name, value in zip(names, values, strict=True))


def escape(value: str) -> str:
    """A label value as it stands between quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def numbers(values: list[float] | list[int]) -> list[bytes]:
    """Each of `values` (at least one) as text that reads back as the same number."""
    text = orjson.dumps(values)
    parts = text[1:-1].split(b",")
    if b"n" in text:  # orjson writes null for what JSON has no number for
        for at, part in enumerate(parts):
            if part == b"null":
                parts[at] = _not_finite(values[at])
    return parts


def _not_finite(value: float) -> bytes:
    if isnan(value):
        return b"NaN"
    return b"+Inf" if value > 0 else b"-Inf"


def printable(exemplar: Exemplar) -> bool:
    """Whether an exemplar may be shown: OpenMetrics limits its length.

    A zero character, which Prometheus reads everywhere else, makes it refuse the whole scrape.
    """
    name, value = exemplar
    return len(name) + len(value) <= LONGEST_EXEMPLAR and "\0" not in value


def exemplar_suffix(seen: Seen) -> bytes:
    """What stands after a bucket's value for its exemplar; nothing where it may not be shown."""
    exemplar, value, moment = seen
    if not printable(exemplar):
        return b""
    name, text = exemplar
    return f' # {{{name}="{escape(text)}"}} {value!r} {moment!r}'.encode("utf-8", "replace")
