"""What all dashboards share: variables, links, annotations, colours, and the layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics.catalogue import BUILD_INFO, Metric

FIRING = 'ALERTS{alertstate="firing", severity=~"critical|warning", category!=""}'
"""The alerts of this repository that somebody has to act on: each has a category."""

TAG = "meterhouse"
DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")

GOOD, WARNING, BAD, NEUTRAL, MUTED = "green", "orange", "red", "blue", "text"
"""What a colour says, everywhere."""

COLORS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "status": {
            "completed": GOOD,
            "active": GOOD,
            "failed": BAD,
            "cancelled": WARNING,
            "refunded": "purple",
            "pending": NEUTRAL,
            "trial": NEUTRAL,
        },
        "outcome": {
            "stored": GOOD,
            "duplicate": NEUTRAL,
            "invalid": WARNING,
            "spooled": "yellow",
            "failed": BAD,
        },
    }
)
"""The colour of a series by its label and the value; other labels take theirs from the palette."""

NAMED_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "2xx": GOOD,
        "3xx": NEUTRAL,
        "4xx": WARNING,
        "5xx": BAD,
        "p50": GOOD,
        "p95": WARNING,
        "p99": BAD,
        "saved": GOOD,
        "lost": BAD,
        "gained": NEUTRAL,
        "a week before": MUTED,
    }
)
"""The colour of a series whose name does not come from a label."""

CURRENCY_UNITS: Mapping[str, str] = MappingProxyType(
    {name: f"currency{name}" for name in ("USD", "EUR", "GBP", "JPY")}
)
"""The unit of a series that is named by its currency; money of others is a plain number."""


@dataclass(frozen=True)
class Topic:
    """A row of a dashboard: its heading, and its panels from left to right."""

    title: str
    panels: Sequence[Builder[model.Panel]]


@dataclass(frozen=True)
class Choice:
    """A variable whose values are those that `label` has on `metric`."""

    label: str
    metric: Metric
    title: str


def page(
    uid: str,
    title: str,
    description: str,
    topics: Sequence[Topic],
    *,
    choices: Sequence[Choice] = (),
    more: Sequence[Builder[model.VariableModel]] = (),
) -> model.Dashboard:
    """A dashboard in the house style.

    Ids come from the place in the row, 101, 102 … in the first: a panel that is added at a row's
    end moves none of the others, and links to them stay right.
    """
    made = (
        build.Dashboard(f"Meterhouse / {title}")
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .timezone("browser")
        .link(_other_dashboards())
        .annotation(_alerts())
    )
    chosen = [_choice(one) for one in choices]
    for variable in (_datasource(), _job(), _instance(), *chosen, *more):
        made.with_variable(variable)
    ids: list[int] = []
    for number, topic in enumerate(topics, start=1):
        made.with_row(build.Row(topic.title))
        for panel in topic.panels:
            made.with_panel(panel)
        ids += range(100 * number, 100 * number + len(topic.panels) + 1)
    built = made.build()
    for one, chosen_id in zip(built.panels or (), ids, strict=True):
        one.id_val = chosen_id
    return built


def one_of(name: str, title: str, description: str, values: Sequence[str]) -> build.CustomVariable:
    """A variable with fixed values, the first of them chosen."""
    return (
        build.CustomVariable(name)
        .label(title)
        .description(description)
        .values(",".join(values))
        .current(model.VariableOption(selected=True, text=values[0], value=values[0]))
    )


def _datasource() -> build.DatasourceVariable:
    return (
        build.DatasourceVariable("datasource")
        .label("Data source")
        .description("The Prometheus that scrapes Meterhouse.")
        .type("prometheus")
        .current(model.VariableOption(selected=True, text="Prometheus", value="prometheus"))
    )


def _job() -> build.QueryVariable:
    """Only jobs of this service: other programs have an http_requests_total, too."""
    return _query(
        "job",
        "Job",
        "The scrape job of the service.",
        f"label_values({BUILD_INFO.name}, job)",
        all_value=".+",
        current="meterhouse",
    )


def _instance() -> build.QueryVariable:
    return _query(
        "instance",
        "Instance",
        "The replicas of the service.",
        f'label_values({BUILD_INFO.name}{{job=~"$job"}}, instance)',
        all_value=".+",
    )


def _choice(one: Choice) -> build.QueryVariable:
    series = one.metric.name + ("_count" if one.metric.kind == "histogram" else "")
    return _query(
        one.label,
        one.title,
        f"The values of {one.label}.",
        f'label_values({series}{{job=~"$job", instance=~"$instance"}}, {one.label})',
        all_value=".*",  # an event may leave it out
    )


def _query(
    name: str, title: str, description: str, query: str, *, all_value: str, current: str = ""
) -> build.QueryVariable:
    chosen = [current] if current else ["$__all"]
    return (
        build.QueryVariable(name)
        .label(title)
        .description(description)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": f"Variable-{name}"})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(True)
        .include_all(True)
        .all_value(all_value)
        .current(
            model.VariableOption(
                selected=True, text=[current] if current else ["All"], value=chosen
            )
        )
    )


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
