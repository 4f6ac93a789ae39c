"""The kinds of panel, each with the house defaults: a description, a unit and a legend, always.

A query is PromQL and the name of its series. `nothing` is what a panel says where there is no
data: a family may have none yet, and no failure is good news.
"""

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, timeseries
from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as choose
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from .common import COLORS, CURRENCY_UNITS, MUTED, NAMED_COLORS, NEUTRAL
from .frame import Queries, ask, framed, once, over_time, setting
from .limits import Limits, plain, thresholds

NOTHING = "No data"


def lines(
    title: str,
    description: str,
    unit: str,
    queries: Queries,
    *,
    width: int = 8,
    height: int = 8,
    stacked: bool = False,
    limits: Limits | None = None,
    highest: float | None = None,
    lowest: float | None = 0,
    nothing: str = NOTHING,
) -> timeseries.Panel:
    """Values over time; `stacked` where their sum means something. `limits` are drawn as lines."""
    panel = (
        timeseries.Panel()
        .legend(_legend())
        .tooltip(
            shared.VizTooltipOptions()
            .mode(choose.TooltipDisplayMode.MULTI)
            .sort(choose.SortOrder.DESCENDING)
        )
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        .line_width(1)
        .fill_opacity(40 if stacked else 0 if _many(queries) else 8)
        .show_points(choose.VisibilityMode.NEVER)
        .span_nulls(90_000)  # ms: a missed scrape is no gap
    )
    if stacked:
        panel.stacking(shared.StackingConfig().mode(choose.StackingMode.NORMAL))
    if limits is not None and not limits.falling and unit in ("short", "percentunit"):
        panel.axis_soft_max(1.2 * limits.bad)
    elif unit == "short":
        panel.axis_soft_max(1)
    if lowest is not None:
        panel.min(lowest)
    if highest is not None:
        panel.max(highest)
    if limits is not None:
        panel.thresholds(thresholds(limits.steps()))
        panel.thresholds_style(
            shared.GraphThresholdsStyleConfig().mode(choose.GraphThresholdsStyleMode.DASHED)
        )
    for name, look in _looks(queries):
        panel.override_by_name(name, look)
    return framed(
        panel,
        title,
        description,
        unit,
        over_time(queries),
        width=width,
        height=height,
        nothing=nothing,
    )


def numbers(
    title: str,
    description: str,
    unit: str,
    queries: Queries,
    *,
    width: int = 3,
    height: int = 4,
    limits: Limits | None = None,
    decimals: int | None = None,
    nothing: str = NOTHING,
) -> stat.Panel:
    """The number of now, one a series: give the query the window it is to speak of.

    A number without a unit counts something, and is shown whole unless `decimals` says otherwise.
    """
    several = _many(queries)
    panel = (
        stat.Panel()
        .color_mode(choose.BigValueColorMode.VALUE)
        .graph_mode(choose.BigValueGraphMode.NONE)
        .justify_mode(choose.BigValueJustifyMode.AUTO)
        .text_mode(
            choose.BigValueTextMode.VALUE_AND_NAME if several else choose.BigValueTextMode.VALUE
        )
        .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(thresholds(limits.or_nothing()) if limits else plain(NEUTRAL))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    )
    if decimals is not None:
        panel.decimals(decimals)
    if queries[0][1] == "{{currency}}":
        for currency, of_currency in CURRENCY_UNITS.items():
            panel.override_by_name(currency, [setting("unit", of_currency)])
    if unit == "short" and decimals is None:
        queries = [(f"round({query})", legend) for query, legend in queries]
    return framed(
        panel,
        title,
        description,
        unit,
        once(queries),
        width=width,
        height=height,
        nothing=nothing,
    )


def ranking(
    title: str,
    description: str,
    unit: str,
    queries: Queries,
    *,
    width: int = 8,
    height: int = 8,
    nothing: str = NOTHING,
) -> bargauge.Panel:
    """Bars below each other, the longest first, for what was added up over the whole range."""
    whole = "round" if unit == "short" else ""
    queries = [(f"sort_desc({whole}({query}))", legend) for query, legend in queries]
    panel = (
        bargauge.Panel()
        .orientation(choose.VizOrientation.HORIZONTAL)
        .display_mode(choose.BarGaugeDisplayMode.BASIC)
        .value_mode(choose.BarGaugeValueMode.TEXT)
        .show_unfilled(False)
        .name_placement(choose.BarGaugeNamePlacement.TOP)
        .max_viz_height(40)
        .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(plain(NEUTRAL))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .min(0)
    )
    return framed(
        panel,
        title,
        description,
        unit,
        once(queries),
        width=width,
        height=height,
        nothing=nothing,
    )


def heat(
    title: str,
    description: str,
    unit: str,
    query: str,
    legend: str,
    *,
    width: int = 12,
    height: int = 8,
    buckets: bool = True,
    nothing: str = NOTHING,
) -> heatmap.Panel:
    """Many values over time as shades; rows are the buckets of a histogram, else the series.

    `unit` is that of the rows where they are buckets, else that of the shades.
    """
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
        .y_axis(heatmap.YAxisConfig().unit(unit if buckets else "short"))
        .cell_values(heatmap.CellValues().unit("short" if buckets else unit))
        .mode(choose.TooltipDisplayMode.SINGLE)
    )
    asked = ask(query, legend).range()
    asked.format(PromQueryFormat.HEATMAP if buckets else PromQueryFormat.TIME_SERIES)
    return framed(
        panel, title, description, unit, [asked], width=width, height=height, nothing=nothing
    )


def _many(queries: Queries) -> bool:
    return len(queries) > 1 or "{{" in queries[0][1]


def _legend() -> shared.VizLegendOptions:
    return (
        shared.VizLegendOptions()
        .show_legend(True)
        .display_mode(choose.LegendDisplayMode.LIST)
        .placement(choose.LegendPlacement.BOTTOM)
    )


def _looks(queries: Queries) -> list[tuple[str, list[model.DynamicConfigValue]]]:
    """The same colour for the same name; what went before is dashed."""
    colors: dict[str, str] = {}
    for _, legend in queries:
        colors |= COLORS.get(legend.strip("{}"), {})
        if legend in NAMED_COLORS:
            colors[legend] = NAMED_COLORS[legend]
    looks = []
    for name, color in colors.items():
        look = [setting("color", {"mode": "fixed", "fixedColor": color})]
        if color == MUTED:
            look.append(setting("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}))
            look.append(setting("custom.fillOpacity", 0))
        looks.append((name, look))
    return looks
