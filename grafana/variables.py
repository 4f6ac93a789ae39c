"""The variables at the top of a dashboard, in the form that Grafana's dashboard linter asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from exporter.metrics.catalogue import BUILD_INFO, Metric

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")


class Variable(Protocol):
    """What a dashboard takes."""

    def builder(self) -> Builder[model.VariableModel]:
        """The same, as the SDK builds it."""


@dataclass(frozen=True)
class Choice:
    """A variable whose values are those that `label` has on `metric`."""

    label: str
    metric: Metric
    title: str

    def builder(self) -> build.QueryVariable:
        """Any number of the values that the chosen job and instances have."""
        series = self.metric.name + ("_count" if self.metric.kind == "histogram" else "")
        return _query(
            self.label,
            self.title,
            f"The values of {self.label}.",
            f'label_values({series}{{job=~"$job", instance=~"$instance"}}, {self.label})',
            all_value=".*",  # an event may leave it out
        )


@dataclass(frozen=True)
class OneOf:
    """A variable with fixed values, the first of them chosen."""

    name: str
    title: str
    description: str
    values: Sequence[str]

    def builder(self) -> build.CustomVariable:
        """One of the values at a time."""
        first = self.values[0]
        return (
            build.CustomVariable(self.name)
            .label(self.title)
            .description(self.description)
            .values(",".join(self.values))
            .current(model.VariableOption(selected=True, text=first, value=first))
        )


def on_every_dashboard() -> tuple[Builder[model.VariableModel], ...]:
    """The Prometheus, the scrape job, and the replicas."""
    return _datasource(), _job(), _instance()


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
