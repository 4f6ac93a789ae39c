"""States over time: a bar a series, in the colour of what it was."""

from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import statetimeline
from grafana_foundation_sdk.models import common as choose
from grafana_foundation_sdk.models import dashboard as model

from .frame import Frame, Queries, over_time


@dataclass(frozen=True)
class States(Frame):
    """What each series was, and from when to when: a word and a colour for each of its values."""

    queries: Queries
    words: Mapping[int, tuple[str, str]]

    def builder(self) -> statetimeline.Panel:
        """The panel."""
        panel = (
            statetimeline.Panel()
            .merge_values(True)
            .show_value(choose.VisibilityMode.NEVER)
            .row_height(0.8)
            .line_width(0)
            .fill_opacity(80)
            .legend(
                shared.VizLegendOptions()
                .show_legend(True)
                .display_mode(choose.LegendDisplayMode.LIST)
                .placement(choose.LegendPlacement.BOTTOM)
            )
            .tooltip(shared.VizTooltipOptions().mode(choose.TooltipDisplayMode.SINGLE))
            .color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED))
            .mappings([self._mapping()])
        )
        return self.framed(panel, "short", over_time(self.queries))

    def _mapping(self) -> model.ValueMap:
        return model.ValueMap(
            options={
                str(value): model.ValueMappingResult(text=text, color=color, index=place)
                for place, (value, (text, color)) in enumerate(self.words.items())
            }
        )
