"""A ranking: bars below each other."""

import re
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge
from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as choose
from grafana_foundation_sdk.models import dashboard as model

from ..colors import NEUTRAL
from .frame import Frame, Queries, once
from .limits import plain

MOST = 6


@dataclass(frozen=True)
class Ranking(Frame):
    """Bars below each other, the longest first, for what was added up over the whole range.

    There is room for six with their names: ask for the `topk(MOST, …)` of open sets.
    """

    unit: str
    queries: Queries

    def builder(self) -> bargauge.Panel:
        """The panel."""
        panel = (
            bargauge.Panel()
            .orientation(choose.VizOrientation.HORIZONTAL)
            .display_mode(choose.BarGaugeDisplayMode.BASIC)
            .value_mode(choose.BarGaugeValueMode.TEXT)
            .show_unfilled(False)
            .name_placement(choose.BarGaugeNamePlacement.TOP)
            .sizing(choose.BarGaugeSizing.MANUAL)
            .min_viz_height(16)
            .max_viz_height(40)
            .text(shared.VizTextDisplayOptions().title_size(13).value_size(14))
            .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]))
            .thresholds(plain(NEUTRAL))
            .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
            .min(0)
        )
        if len(self.queries) == 1:
            panel.display_name(_name(next(iter(self.queries))))
        whole = "round" if self.unit == "short" else ""
        queries = {legend: f"sort_desc({whole}({query}))" for legend, query in self.queries.items()}
        return self.framed(panel, self.unit, once(queries))


def _name(legend: str) -> str:
    """The legend as a display name: Grafana shows that even where there is only one bar."""
    return re.sub(r"{{(\w+)}}", r"${__field.labels.\1}", legend)
