"""The metrics, written out for people: docs/metrics.md.

The page is generated and committed; a test holds it against this, byte for byte.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..settings import Settings
from .catalogue import CATALOGUE, OWN_SERVICE, Counter, Histogram, Metric
from .guard import KIND_SHARES, LABEL_SHARES, OTHER, value_limit
from .lines import LONGEST_EXEMPLAR

LINT_EXCEPTIONS: Mapping[str, str] = MappingProxyType({})
"""What `promtool check metrics` says of a fixed name, and the reason why it stays: by the line
that promtool prints."""

_HEAD = """\
<!-- Written by `make generate`; the declarations are in exporter/metrics/catalogue.py. -->

# Metrics

What `GET /metrics` shows, beside prometheus-client's own `process_*` and `python_*`. A counter
moves when its event is durably stored, and never for a duplicate. A gauge that says "from the
store" is refreshed in the background, by the same code that answers the API; its age is
`time() - exporter_background_task_last_success_timestamp_seconds`.

The Prometheus text format is the default. A scraper whose `Accept` names
`application/openmetrics-text` gets OpenMetrics: there counters have a family name without
`_total`, and the buckets of the duration histograms carry exemplars (`trace_id`, where the caller
sent a `traceparent`, else `request_id`; up to {longest_exemplar} characters). No `_created` series
are shown.

| metric | type | labels | unit | meaning |
|---|---|---|---|---|
"""

_BUCKETS = """
## Buckets

Upper bounds, each inclusive, in the histogram's own unit; `+Inf` comes on top.

| histogram | buckets |
|---|---|
"""

_ZERO_FIRST = """
## New series

`rate()` and `increase()` compare samples, so they do not see what a counter held when it was first
scraped. Busy series lose a moment of their traffic by that; of a rare one, such as the refunds of
a plan, it may be all there is. New series of the counters below therefore show 0 from their first
scrape on, for `ZERO_FIRST_SECONDS` (by default {seconds:g}), and then what they counted by then.
A single Prometheus server sees the 0 in any case, several do if they scrape more often than that,
and `increase()` adds up to what is stored. What asks `/metrics` right after the first event of its
kind sees 0 as well; the API does not wait.

| counter | series |
|---|---|
"""

_GUARD = """
## The label guard

Labels in *italics* are open: callers choose their values. Of each, a metric keeps the first
distinct values (`LABEL_VALUES_LIMIT`, by default {values}), and what comes later is counted as
`{other}`: no event is lost, and sums over a metric stay right. A metric holds at most
`SERIES_LIMIT` label sets (by default {series}); past that, a new one is counted with every open
label as `{other}`. An empty value and `{other}` itself are always kept. What the service says of
itself (`service="{own}"`) is not limited: those values come from its own code.

A histogram's label set is about 14 lines of a scrape, so histograms get {histogram} of both
limits. Some labels get less as well:

| label | share of the limit | by default |
|---|---|---|
"""

_OVERFLOW = """
`exporter_label_overflow_total{metric, label}` counts the values that became `other`: one for each
label set and group commit. If it grows for a label whose values you do want to see, raise
`LABEL_VALUES_LIMIT`; if it does not stop growing then, somebody sends ids where names belong.

A gauge of which several label sets became one `other` shows their sum where it comes from the
store, and the last report where it was reported.
"""

_LINT = """
## What promtool says

"""

_NO_EXCEPTIONS = "`promtool check metrics` has nothing to say.\n"

_EXCEPTIONS = """\
`promtool check metrics` complains of names that are fixed, because dashboards use them:

| complaint | reason |
|---|---|
"""


def render() -> str:
    """docs/metrics.md, from the catalogue and the limits of the label guard."""
    rows = (_row(metric) for metric in CATALOGUE)
    histograms = (metric for metric in CATALOGUE if isinstance(metric, Histogram))
    return "".join(
        (
            _HEAD.format(longest_exemplar=LONGEST_EXEMPLAR),
            *rows,
            _BUCKETS,
            *(f"| `{metric.name}` | {_bounds(metric)} |\n" for metric in histograms),
            _ZERO_FIRST.format(seconds=Settings().zero_first_seconds),
            *(
                f"| `{metric.name}` | {_rare(metric.zero_first)} |\n"
                for metric in CATALOGUE
                if isinstance(metric, Counter) and metric.zero_first is not None
            ),
            _guard(),
            _OVERFLOW,
            _LINT,
            lint(LINT_EXCEPTIONS),
        )
    )


def lint(exceptions: Mapping[str, str]) -> str:
    """What the page says of promtool's complaints that are accepted."""
    if not exceptions:
        return _NO_EXCEPTIONS
    return _EXCEPTIONS + "".join(f"| {said} | {reason} |\n" for said, reason in exceptions.items())


def _row(metric: Metric) -> str:
    labels = ", ".join(
        f"*{label}*" if label in metric.open_labels else label for label in metric.labels
    )
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit} | {metric.help} |\n"


def _bounds(metric: Histogram) -> str:
    return " ".join(f"{bound:g}" for bound in metric.buckets)


def _rare(matchers: Mapping[str, str]) -> str:
    matching = ", ".join(f'`{label}=~"{pattern}"`' for label, pattern in matchers.items())
    return matching.replace("|", "\\|") or "all"


def _guard() -> str:
    defaults = Settings()
    gauge = next(metric for metric in CATALOGUE if metric.kind == "gauge")
    return _GUARD.format(
        values=defaults.label_values_limit,
        series=defaults.series_limit,
        other=OTHER,
        own=OWN_SERVICE,
        histogram=f"{KIND_SHARES[Histogram]:.0%}",
    ) + "".join(
        f"| {label} | {share:.0%} | {value_limit(gauge, label, defaults.label_values_limit)} |\n"
        for label, share in LABEL_SHARES.items()
    )
