"""Numbers: what is true now, large."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType

from grafana_foundation_sdk.builders import common as shared
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import common as choose
from grafana_foundation_sdk.models import dashboard as model

from ..colors import NEUTRAL
from .frame import Frame, Queries, link_to, once, setting, several
from .limits import Limits, plain, thresholds

CURRENCY_UNITS: Mapping[str, str] = MappingProxyType(
    {name: f"currency{name}" for name in ("USD", "EUR", "GBP", "JPY")}
)
"""The unit of a series that is named by its currency; money of others is a plain number."""


@dataclass(frozen=True)
class Numbers(Frame):
    """The number of now, one a series: give the query the window it is to speak of.

    A number without a unit counts something, and is shown whole unless `decimals` says otherwise.
    """

    unit: str
    queries: Queries
    _: KW_ONLY
    width: int = 3
    height: int = 4
    limits: Limits | None = None
    decimals: int | None = None
    leads_to: str = ""
    """The uid of the dashboard that says why."""

    def builder(self) -> stat.Panel:
        """The panel."""
        text = choose.BigValueTextMode
        panel = (
            stat.Panel()
            .color_mode(choose.BigValueColorMode.VALUE)
            .graph_mode(choose.BigValueGraphMode.NONE)
            .justify_mode(choose.BigValueJustifyMode.AUTO)
            .text_mode(text.VALUE_AND_NAME if several(self.queries) else text.VALUE)
            .reduce_options(shared.ReduceDataOptions().calcs(["lastNotNull"]))
            .thresholds(thresholds(self.limits.or_nothing()) if self.limits else plain(NEUTRAL))
            .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        )
        if self.leads_to:
            panel.data_links([link_to(self.leads_to)])
        if self.decimals is not None:
            panel.decimals(self.decimals)
        if "{{currency}}" in self.queries:
            for currency, unit in CURRENCY_UNITS.items():
                panel.override_by_name(currency, [setting("unit", unit)])
        return self.framed(panel, self.unit, once(self._whole()))

    def _whole(self) -> Queries:
        if self.unit != "short" or self.decimals is not None:
            return self.queries
        return {legend: f"round({query})" for legend, query in self.queries.items()}
