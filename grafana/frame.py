"""What every panel has: a title, a description, a unit, its queries, and words for no data."""

from collections.abc import Sequence
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import bargauge, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from .common import DATASOURCE

OPTIONAL_LABELS = ("cache_type", "feature", "payment_method", "plan", "user_plan")
"""Labels that an event may leave out: a series without one still needs a name in the legend."""
Queries = Sequence[tuple[str, str]]
"""PromQL, and the legend of its series."""
AnyPanel = TypeVar(
    "AnyPanel", timeseries.Panel, stat.Panel, bargauge.Panel, table.Panel, heatmap.Panel
)


def framed(
    panel: AnyPanel,
    title: str,
    description: str,
    unit: str,
    queries: Sequence[prometheus.Dataquery],
    *,
    width: int,
    height: int,
    nothing: str,
) -> AnyPanel:
    """The panel with what each of them has."""
    panel.title(title).description(description).unit(unit).span(width).height(height)
    panel.datasource(DATASOURCE).no_value(nothing)
    for number, query in enumerate(queries):
        panel.with_target(query.ref_id(chr(ord("A") + number)).datasource(DATASOURCE))
    return panel


def ask(query: str, legend: str) -> prometheus.Dataquery:
    """A query, with a name for the series that lack the label they are named by."""
    for label in OPTIONAL_LABELS:
        if f"{{{{{label}}}}}" in legend:
            query = f'label_replace({query}, "{label}", "(none)", "{label}", "")'
    return prometheus.Dataquery().expr(query).legend_format(legend)


def over_time(queries: Queries) -> list[prometheus.Dataquery]:
    """Asked for every point of the range."""
    return [ask(query, legend).range() for query, legend in queries]


def once(queries: Queries) -> list[prometheus.Dataquery]:
    """Asked for now."""
    return [ask(query, legend).instant() for query, legend in queries]


def setting(name: str, value: Any) -> model.DynamicConfigValue:
    """What an override sets."""
    return model.DynamicConfigValue(id_val=name, value=value)
