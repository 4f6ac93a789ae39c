"""What a check's runs come to: a level that does not change with every run, and its stretches.

A level changes when as many runs in a row as the check declares say that it is worse, or better,
and it has changed then since the first of those: one failed run is no outage, and an outage is as
long as it was, not as long as it took to be sure.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..ids import new_id
from ..records.health_check import HealthCheck
from .check import Check, Finding, Level

MISSED = 2.5
"""Intervals without a run (its timeout comes on top) after which nobody watched in between."""
QUARTER = 6
"""Hours of a quarter of a day, at whose end a stretch is cut."""
LONGEST_STRETCH = timedelta(hours=10)
"""None lasts longer: a quarter, and what may pass until the run after it, of an hourly check."""


@dataclass(frozen=True)
class Result:
    """What became of one run: when it began, how many seconds it took, and what it found."""

    at: datetime
    seconds: float
    finding: Finding

    @property
    def level(self) -> Level:
        """How the check was."""
        return self.finding.level


@dataclass(frozen=True)
class Change:
    """A level that has changed, since when, and why."""

    before: Level
    after: Level
    since: datetime
    message: str | None


@dataclass
class Track:
    """The runs of one check on one replica.

    level: what it is, at the beginning what it is taken to be until runs say otherwise.
    closed: stretches that are over, for whoever stores them.
    """

    check: Check
    instance: str
    level: Level = Level.HEALTHY
    current: HealthCheck | None = None
    closed: list[HealthCheck] = field(default_factory=list)
    last: Result | None = None
    _undecided: list[Result] = field(default_factory=list)
    """The last runs, as far as they all are worse than the level, or all better."""

    @property
    def shown(self) -> Level:
        """How the check is shown: a failed run is to be seen before it makes it down."""
        if self.level is Level.UNHEALTHY or self.last is None:
            return self.level
        return max(self.level, min(self.last.level, Level.DEGRADED))

    def add(self, result: Result) -> Change | None:
        """Take in a run; the change of the level that it comes to, if it does."""
        if self.last is not None and result.at - self.last.at > self._patience:
            self.close()
        if self.current is None:
            self._begin(result.at)
        self.last = result
        self._take(result)
        return self._decide()

    def close(self) -> None:
        """End the stretch with the last run: nobody knows what comes next."""
        if self.current is not None and self.last is not None:
            self._settle()
            self._end(self.last.at)
            self.current = None

    @property
    def _patience(self) -> timedelta:
        return timedelta(seconds=MISSED * self.check.every + self.check.timeout)

    def _side(self, result: Result) -> int:
        """Above 0 for a run that is worse than the level, below for one that is better."""
        return (result.level > self.level) - (result.level < self.level)

    def _take(self, result: Result) -> None:
        side = self._side(result)
        if self._undecided and self._side(self._undecided[-1]) != side:
            self._settle()
        if side:
            self._undecided.append(result)
            self._extend(self._undecided[0].at)
        else:
            self._count(result)

    def _settle(self) -> None:
        """The runs in question were no change."""
        undecided, self._undecided = self._undecided, []
        for result in undecided:
            self._count(result)

    def _decide(self) -> Change | None:
        """Whether the undecided runs are enough, and what the level is then."""
        undecided = self._undecided
        if not undecided:
            return None
        worse = self._side(undecided[0]) > 0
        if len(undecided) < (self.check.failures if worse else self.check.successes):
            return None
        self._undecided = []
        before, since = self.level, undecided[0].at
        self._end(since)
        self.level = (min if worse else max)(result.level for result in undecided)
        self._begin(since)
        for result in undecided:  # those that are further off may begin the next change
            self._take(result)
        said = [one.finding.message for one in undecided if one.finding.message]
        return Change(before, self.level, since, said[-1] if said else None)

    def _count(self, result: Result) -> None:
        """Count a run to the stretch, which is cut where a quarter of the day begins."""
        current = self.current or self._begin(result.at)
        if _quarter(result.at) > current.timestamp:
            self._end(result.at)
            current = self._begin(result.at)
        milliseconds = result.seconds * 1000
        total = current.response_time * current.runs + milliseconds
        current.runs += 1
        current.response_time = total / current.runs
        current.max_response_time = max(current.max_response_time, milliseconds)
        current.message = result.finding.message or current.message
        self._extend(result.at)

    def _extend(self, until: datetime) -> None:
        if self.current is not None:
            self.current.until = max(self.current.until, until)

    def _begin(self, at: datetime) -> HealthCheck:
        self.current = HealthCheck(
            record_id=new_id(),
            service=self.check.name,
            instance=self.instance,
            critical=self.check.critical,
            status=self.level.status,
            timestamp=at,
            until=at,
        )
        return self.current

    def _end(self, at: datetime) -> None:
        """Close the stretch; one without any time is forgotten."""
        current = self.current
        if current is not None and at > current.timestamp:
            current.until = at
            self.closed.append(current)


def _quarter(moment: datetime) -> datetime:
    """Where the quarter of the UTC day begins that a moment lies in."""
    hour = moment.hour // QUARTER * QUARTER
    return moment.replace(hour=hour, minute=0, second=0, microsecond=0)
