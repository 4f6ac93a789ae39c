"""Overview: one screen that says whether all is well, what it costs and what it earns."""

from ..page import Page
from .hours import HOURS
from .money import MONEY
from .well import WELL

PAGE = Page(
    "meterhouse-overview",
    "Overview",
    "Is all well, what does it cost, what does it earn? The other dashboards say why.",
    (WELL, MONEY, HOURS),
)
