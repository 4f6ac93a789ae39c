"""A dashboard as a declaration: its topics, one row each, and what all dashboards have alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from .colors import BAD
from .panels import Panel
from .variables import DATASOURCE, Variable, on_every_dashboard


def firing(severity: str) -> str:
    """The alerts of this repository that fire, by a pattern of severities: each has a category."""
    return f'ALERTS{{alertstate="firing", severity=~"{severity}", category!=""}}'


FIRING = firing("critical|warning")
"""Those that somebody has to act on."""

TAG = "meterhouse"


@dataclass(frozen=True)
class Topic:
    """A row of a dashboard: its heading, and its panels from left to right."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Page:
    """A dashboard: what it is for, its topics from top to bottom, and variables of its own.

    Alerts and other people's bookmarks name the uid: it stays as it is.
    """

    uid: str
    title: str
    description: str
    topics: Sequence[Topic]
    variables: Sequence[Variable] = ()

    def panel_ids(self) -> dict[str, int]:
        """The id of each panel by its title; those of a row come after the row's own."""
        return {
            panel.title: _id(row, place)
            for row, topic in enumerate(self.topics, start=1)
            for place, panel in enumerate(topic.panels, start=1)
        }

    def build(self) -> model.Dashboard:
        """The dashboard in the house style.

        Ids come from the place in the row, 101, 102 … in the first: a panel that is added at a
        row's end moves none of the others, and links to them stay right.
        """
        made = (
            build.Dashboard(f"Meterhouse / {self.title}")
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .readonly()
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .time("now-6h", "now")
            .refresh("1m")
            .timezone("browser")
            .link(_other_dashboards())
            .annotation(_alerts())
        )
        own = (variable.builder() for variable in self.variables)
        for variable in (*on_every_dashboard(), *own):
            made.with_variable(variable)
        ids: list[int] = []
        for row, topic in enumerate(self.topics, start=1):
            made.with_row(build.Row(topic.title))
            for panel in topic.panels:
                made.with_panel(panel.builder())
            ids += (_id(row, place) for place in range(len(topic.panels) + 1))
        built = made.build()
        for one, chosen_id in zip(built.panels or (), ids, strict=True):
            one.id_val = chosen_id
        return built


def _id(row: int, place: int) -> int:
    """The id of a panel, by its row and its place in it, both from 1; at 0 is the row itself."""
    return 100 * row + place


def _other_dashboards() -> build.DashboardLink:
    return (
        build.DashboardLink("Meterhouse")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
        .tooltip("The other dashboards, for the same time")
    )


def _alerts() -> build.AnnotationQuery:
    """Firing alerts as marks. They are aggregated over replicas, so no job is asked for."""
    return (
        build.AnnotationQuery()
        .name("Firing alerts")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(BAD)
        .expr(FIRING)
        .type("tags")
    )
