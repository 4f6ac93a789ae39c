"""What every panel has: a title, a description, a unit, its queries, and words for no data."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Protocol, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from ..variables import DATASOURCE

NOTHING = "No data"
OPTIONAL_LABELS = ("cache_type", "feature", "payment_method", "plan", "user_plan")
"""Labels that an event may leave out: a series without one still needs a name in the legend."""
UNNAMED = "— none"
"""The name of those: after all others, so that it shifts none of their colours."""
Queries = Mapping[str, str]
"""PromQL by the name of its series in the legend: a name, or `{{label}}` for one series a value."""
AnyPanel = TypeVar(
    "AnyPanel",
    timeseries.Panel,
    stat.Panel,
    bargauge.Panel,
    table.Panel,
    heatmap.Panel,
    statetimeline.Panel,
)


class Panel(Protocol):
    """What a dashboard shows."""

    @property
    def title(self) -> str:
        """Its heading, which no other one of its dashboard has."""

    def builder(self) -> Builder[model.Panel]:
        """The same, as the SDK builds it."""


@dataclass(frozen=True)
class Frame:
    """What each kind of panel has; `width` is of the dashboard's 24 columns.

    `nothing` is what it says where there is no data: a family may have none yet, and no failure
    is good news.
    """

    title: str
    description: str
    _: KW_ONLY
    width: int = 8
    height: int = 8
    nothing: str = NOTHING

    def framed(
        self, panel: AnyPanel, unit: str, queries: Sequence[prometheus.Dataquery]
    ) -> AnyPanel:
        """The panel with what each of them has."""
        panel.title(self.title).description(self.description).unit(unit)
        panel.span(self.width).height(self.height)
        panel.datasource(DATASOURCE).no_value(self.nothing)
        for number, query in enumerate(queries):
            panel.with_target(query.ref_id(chr(ord("A") + number)).datasource(DATASOURCE))
        return panel


def ask(query: str, legend: str) -> prometheus.Dataquery:
    """A query, with a name for the series that lack the label they are named by."""
    for label in OPTIONAL_LABELS:
        if f"{{{{{label}}}}}" in legend:
            query = f'label_replace({query}, "{label}", "{UNNAMED}", "{label}", "")'
    return prometheus.Dataquery().expr(query).legend_format(legend)


def over_time(queries: Queries) -> list[prometheus.Dataquery]:
    """Asked for every point of the range."""
    return [ask(query, legend).range() for legend, query in queries.items()]


def once(queries: Queries) -> list[prometheus.Dataquery]:
    """Asked for now."""
    return [ask(query, legend).instant() for legend, query in queries.items()]


def several(queries: Queries) -> bool:
    """Whether there may be more than one series."""
    return len(queries) > 1 or "{{" in next(iter(queries))


def link_to(uid: str) -> build.DashboardLink:
    """A click on a value opens that dashboard, for the same time and the same variables."""
    return (
        build.DashboardLink("Why?")
        .url(f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}")
        .target_blank(False)
    )


def setting(name: str, value: Any) -> model.DynamicConfigValue:
    """What an override sets."""
    return model.DynamicConfigValue(id_val=name, value=value)
