"""Lines: values over time."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import common as choose
from grafana_foundation_sdk.models import dashboard as model

from ..colors import BY_LABEL, BY_NAME, MUTED, NEUTRAL
from .frame import Frame, Queries, over_time, setting, several
from .limits import Limits, thresholds

BROAD = 12
"""The width from which on there is room for a legend beside the graph."""
LEAST_TOP: Mapping[str, float] = MappingProxyType(
    {
        "short": 1,
        "percentunit": 0.01,
        "currencyUSD": 0.01,
        "reqps": 0.1,
        "ops": 0.1,
        "Bps": 1000,
    }
)
"""Where the scale of a unit ends at least: Grafana draws nothing but zeros on one up to 100."""


@dataclass(frozen=True)
class Lines(Frame):
    """Values over time; `stacked` where their sum means something. `limits` are drawn as lines.

    A broad panel names its series beside the graph, with their last value, the largest first:
    forty names take no room from the lines, and the one to look at is on top. Where `limits` are
    falling, that is the smallest.
    """

    unit: str
    queries: Queries
    _: KW_ONLY
    stacked: bool = False
    limits: Limits | None = None
    lowest: float | None = 0
    highest: float | None = None

    def builder(self) -> timeseries.Panel:
        """The panel."""
        panel = (
            timeseries.Panel()
            .legend(self._legend())
            .tooltip(
                shared.VizTooltipOptions()
                .mode(choose.TooltipDisplayMode.MULTI)
                .sort(choose.SortOrder.DESCENDING)
            )
            .color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
            .line_width(1)
            .fill_opacity(40 if self.stacked else 0 if several(self.queries) else 8)
            .show_points(choose.VisibilityMode.NEVER)
            .span_nulls(90_000)  # ms: a missed scrape is no gap
        )
        if self.stacked:
            panel.stacking(shared.StackingConfig().mode(choose.StackingMode.NORMAL))
        self._scale(panel)
        if self.limits is not None:
            panel.thresholds(thresholds(self.limits.marks()))
            panel.thresholds_style(
                shared.GraphThresholdsStyleConfig().mode(choose.GraphThresholdsStyleMode.DASHED)
            )
        for name, look in _looks(self.queries):
            panel.override_by_name(name, look)
        return self.framed(panel, self.unit, over_time(self.queries))

    def _scale(self, panel: timeseries.Panel) -> None:
        limits = self.limits
        if limits is not None and not limits.falling and self.unit in ("short", "percentunit"):
            panel.axis_soft_max(1.2 * limits.bad)
        elif self.unit in LEAST_TOP:
            panel.axis_soft_max(LEAST_TOP[self.unit])
        if self.lowest is not None:
            panel.min(self.lowest)
        if self.highest is not None:
            panel.max(self.highest)

    def _legend(self) -> shared.VizLegendOptions:
        legend = shared.VizLegendOptions().show_legend(True)
        if self.width < BROAD or not several(self.queries):
            return legend.display_mode(choose.LegendDisplayMode.LIST).placement(
                choose.LegendPlacement.BOTTOM
            )
        return (
            legend.display_mode(choose.LegendDisplayMode.TABLE)
            .placement(choose.LegendPlacement.RIGHT)
            .calcs(["lastNotNull"])
            .sort_by("Last *")
            .sort_desc(self.limits is None or not self.limits.falling)
        )


def _looks(queries: Queries) -> list[tuple[str, list[model.DynamicConfigValue]]]:
    """The same colour for the same name; what went before is dashed.

    A series that is alone has no colour to be told by: it says nothing of good or bad.
    """
    others = [legend for legend in queries if BY_NAME.get(legend) != MUTED]
    alone = len(others) == 1 and "{{" not in others[0]
    colors: dict[str, str] = {others[0]: NEUTRAL} if alone else {}
    for legend in queries:
        colors |= BY_LABEL.get(legend.strip("{}"), {})
        if legend in BY_NAME:
            colors[legend] = BY_NAME[legend]
    looks = []
    for name, color in colors.items():
        look = [setting("color", {"mode": "fixed", "fixedColor": color})]
        if color == MUTED:
            look.append(setting("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}))
            look.append(setting("custom.fillOpacity", 0))
        looks.append((name, look))
    return looks
