"""The kinds of panel, each a declaration with the house defaults."""

from .frame import Panel
from .heat import Heat
from .limits import Limits
from .lines import Lines
from .numbers import Numbers
from .ranking import MOST, Ranking
from .states import States
from .table import Column, Table

__all__ = [
    "MOST",
    "Column",
    "Heat",
    "Limits",
    "Lines",
    "Numbers",
    "Panel",
    "Ranking",
    "States",
    "Table",
]
