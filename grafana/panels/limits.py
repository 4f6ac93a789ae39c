"""From which values on a number is worth a look, and how Grafana is told."""

from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from ..colors import BAD, GOOD, MUTED, WARNING

_LOWEST = -1e9
"""Below every number that is shown."""


@dataclass(frozen=True)
class Limits:
    """From which value on something is worth a look, and from which it is bad.

    `falling` turns it round: a value below `bad` is bad.
    """

    warning: float
    bad: float
    falling: bool = False

    def or_nothing(self) -> list[model.Threshold]:
        """The same for single numbers, where the colour of no data is none of them."""
        lowest, *others = self.steps()
        return [*_steps((None, MUTED), (_LOWEST, lowest.color)), *others]

    def marks(self) -> list[model.Threshold]:
        """The same where each limit is drawn as a line: in the colour of what lies behind it."""
        if self.falling:
            return _steps((None, BAD), (self.bad, BAD), (self.warning, WARNING))
        return self.steps()

    def steps(self) -> list[model.Threshold]:
        """The colours from the lowest value up."""
        if self.falling:
            return _steps((None, BAD), (self.bad, WARNING), (self.warning, GOOD))
        return _steps((None, GOOD), (self.warning, WARNING), (self.bad, BAD))


def thresholds(steps: list[model.Threshold]) -> build.ThresholdsConfig:
    """What a panel takes."""
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def plain(color: str) -> build.ThresholdsConfig:
    """One colour, whatever the value, and that of no data where there is none."""
    return thresholds(_steps((None, MUTED), (_LOWEST, color)))


def _steps(*steps: tuple[float | None, str]) -> list[model.Threshold]:
    return [model.Threshold(value=value, color=color) for value, color in steps]
