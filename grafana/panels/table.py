"""Tables: one row a model, endpoint, plan …, and every number of it side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as shared_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from ..colors import BY_LABEL
from .frame import Frame, ask, setting
from .limits import Limits

NO_CELL = "-"
"""What a cell shows that has no value: a row may lack some."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its query with one series a row, its unit and colours."""

    title: str
    query: str
    unit: str
    limits: Limits | None = None
    decimals: int | None = None

    def look(self) -> list[model.DynamicConfigValue]:
        """What an override sets for its cells."""
        look = [setting("unit", self.unit), setting("noValue", NO_CELL)]
        if self.decimals is not None:
            look.append(setting("decimals", self.decimals))
        if self.limits is not None:
            steps = {"mode": "absolute", "steps": self.limits.or_nothing()}
            look += [
                setting("thresholds", steps),
                setting("custom.cellOptions", {"type": "color-text"}),
            ]
        return look


@dataclass(frozen=True)
class Table(Frame):
    """A table over the whole range: a row for each value of the labels that `rows` gives titles.

    It is sorted by the first column, the largest first, or by the headings of `order`, the smallest
    first.
    `widths` are those of columns with long values, in pixels; the others share what is left. A
    label whose values have colours shows them.
    """

    rows: Mapping[str, str]
    columns: Sequence[Column]
    _: KW_ONLY
    width: int = 24
    height: int = 9
    order: Sequence[str] = ()
    widths: Mapping[str, int] = field(default_factory=dict)

    def builder(self) -> table.Panel:
        """The panel."""
        panel = (
            table.Panel()
            .sort_by(self._sorted())
            .min_width(70)
            .with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
            .with_transformation(
                model.DataTransformerConfig(id_val="organize", options=self._organized())
            )
        )
        for title, pixels in self.widths.items():
            panel.override_by_name(title, [setting("custom.width", pixels)])
        for label, title in self.rows.items():
            if label in BY_LABEL:
                panel.override_by_name(title, _colored(BY_LABEL[label]))
        for one in self.columns:
            panel.override_by_name(one.title, one.look())
        asked = [
            ask(one.query, one.title).instant().format(PromQueryFormat.TABLE)
            for one in self.columns
        ]
        return self.framed(panel, "short", asked)

    def _sorted(self) -> list[Builder[shared_model.TableSortByFieldState]]:
        if not self.order:
            largest = shared.TableSortByFieldState().display_name(self.columns[0].title)
            return [largest.desc(True)]
        return [
            shared.TableSortByFieldState().display_name(title).desc(False) for title in self.order
        ]

    def _organized(self) -> Mapping[str, object]:
        """The labels first, then the values, under the headings that were asked for."""
        letters = [f" #{chr(ord('A') + number)}" for number in range(len(self.columns))]
        if len(letters) == 1:
            letters = [""]  # Grafana numbers the values only where there are several
        titles = {
            f"Value{letter}": one.title for letter, one in zip(letters, self.columns, strict=True)
        }
        return {
            "excludeByName": {"Time": True},
            "indexByName": {name: place for place, name in enumerate((*self.rows, *titles))},
            "renameByName": {**self.rows, **titles},
        }


def _colored(colors: Mapping[str, str]) -> list[model.DynamicConfigValue]:
    """What an override sets for a label's cells."""
    shown = {value: {"color": color, "text": value} for value, color in colors.items()}
    return [
        setting("mappings", [{"type": "value", "options": shown}]),
        setting("custom.cellOptions", {"type": "color-text"}),
    ]
