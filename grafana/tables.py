"""Tables: one row a model, endpoint, plan …, and every number of it side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from .frame import ask, framed, setting
from .limits import Limits

WIDTH = 24
"""Of the whole dashboard."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its query with one series a row, its unit and colours."""

    title: str
    query: str
    unit: str
    limits: Limits | None = None


def grid(
    title: str,
    description: str,
    rows: Mapping[str, str],
    columns: Sequence[Column],
    *,
    width: int = WIDTH,
    height: int = 9,
    worst: bool = False,
    wide: str = "",
) -> table.Panel:
    """A table over the whole range: a row for each value of the labels that `rows` gives titles.

    It is sorted by the first column: the largest first, or with `worst` the smallest.
    `wide` names a heading whose values are long.
    """
    letters = [chr(ord("A") + number) for number in range(len(columns))]
    if len(letters) == 1:
        letters = [""]  # Grafana numbers the values only where there are several
    renamed = {
        f"Value #{letter}".removesuffix(" #"): one.title
        for letter, one in zip(letters, columns, strict=True)
    }
    panel = (
        table.Panel()
        .sort_by([shared.TableSortByFieldState().display_name(columns[0].title).desc(not worst)])
        .filterable(True)
        .min_width(80)
        .with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize",
                options={
                    "excludeByName": {"Time": True},
                    "indexByName": {name: place for place, name in enumerate((*rows, *renamed))},
                    "renameByName": {**rows, **renamed},
                },
            )
        )
    )
    if wide:
        panel.override_by_name(wide, [setting("custom.width", 280)])
    for one in columns:
        look = [setting("unit", one.unit)]
        if one.limits is not None:
            steps = {"mode": "absolute", "steps": one.limits.steps()}
            look += [
                setting("thresholds", steps),
                setting("custom.cellOptions", {"type": "color-text"}),
            ]
        panel.override_by_name(one.title, look)
    asked = [ask(one.query, one.title).instant().format(PromQueryFormat.TABLE) for one in columns]
    return framed(
        panel, title, description, "short", asked, width=width, height=height, nothing="-"
    )
