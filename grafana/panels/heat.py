"""A heat map: many values over time as shades."""

from dataclasses import KW_ONLY, dataclass

from grafana_foundation_sdk.builders import heatmap
from grafana_foundation_sdk.models import common as choose
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from .frame import Frame, ask


@dataclass(frozen=True)
class Heat(Frame):
    """Many values over time as shades; rows are the `buckets` of a histogram, else the series.

    `unit` is that of the rows where they are buckets, else that of the shades.
    """

    unit: str
    query: str
    legend: str = "{{le}}"
    _: KW_ONLY
    buckets: bool = True

    def builder(self) -> heatmap.Panel:
        """The panel."""
        panel = (
            heatmap.Panel()
            .calculate(False)
            .color(
                heatmap.HeatmapColorOptions()
                .mode(HeatmapColorMode.SCHEME)
                .scheme("Blues")
                .exponent(0.5)
                .steps(32)
            )
            .cell_gap(1)
            .filter_values(heatmap.FilterValueRange().le(1e-9))
            .show_legend()
            .y_axis(heatmap.YAxisConfig().unit(self.unit if self.buckets else "short"))
            .cell_values(heatmap.CellValues().unit("short" if self.buckets else self.unit))
            .mode(choose.TooltipDisplayMode.SINGLE)
        )
        asked = ask(self.query, self.legend).range()
        asked.format(PromQueryFormat.HEATMAP if self.buckets else PromQueryFormat.TIME_SERIES)
        return self.framed(panel, self.unit, [asked])
