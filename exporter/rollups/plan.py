"""Which part of a question is answered from which level, and which from the records.

Rollups hold what lies before the end of the last closed bucket of their level. An hour that was
written to since is marked, and read from the records until it was rolled up again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..intervals import HOUR, beginning, following
from .documents import LEVELS, Level

Range = tuple[datetime, datetime]
"""The moments start ≤ t < end."""
Ranges = tuple[Range, ...]


@dataclass(frozen=True)
class Progress:
    """How far the rollups are: of each level, all before a time; but not the hours in `marked`."""

    until: Mapping[Level, datetime]
    marked: frozenset[datetime] = frozenset()


@dataclass(frozen=True)
class Cover:
    """The parts of a period: those of each level, and those of the records."""

    levels: Mapping[Level, Ranges]
    records: Ranges

    @property
    def rolled(self) -> bool:
        """Whether any part is answered from rollups."""
        return any(self.levels.values())


def whole(period: Range) -> Cover:
    """A period that is answered from the records alone."""
    return Cover({}, (period,))


def cover(period: Range, progress: Progress, longest: Level) -> Cover:
    """The parts of a period, with the longest buckets that fit.

    `longest` is the longest level that a question can be answered from.
    """
    start, end = period
    closed = min(end, progress.until["hour"])
    levels: dict[Level, list[Range]] = {level: [] for level in LEVELS}
    records: list[Range] = []
    allowed = LEVELS[LEVELS.index(longest) :]
    for part in _without(start, closed, progress.marked):
        for level, piece in _split(part, allowed, progress.until):
            (records if level is None else levels[level]).append(piece)
    records += [
        (max(start, hour), min(closed, hour + HOUR))
        for hour in progress.marked
        if start < hour + HOUR and hour < closed
    ]
    if closed < end:
        records.append((max(start, closed), end))
    return Cover(
        {level: joined(ranges) for level, ranges in levels.items() if ranges}, joined(records)
    )


def _without(start: datetime, end: datetime, marked: frozenset[datetime]) -> Iterator[Range]:
    """What is left of a range without the hours that are marked."""
    for hour in sorted(hour for hour in marked if start < hour + HOUR and hour < end):
        if start < hour:
            yield start, hour
        start = max(start, hour + HOUR)
    if start < end:
        yield start, end


def _split(
    part: Range, levels: Sequence[Level], until: Mapping[Level, datetime]
) -> Iterator[tuple[Level | None, Range]]:
    """A range by level: whole buckets of the longest in its middle, and shorter ones around."""
    if not levels:
        yield None, part
        return
    (level, *finer), (start, end) = levels, part
    first = beginning(start, level)
    if first < start:
        first = following(first, level)
    last = beginning(min(end, until[level]), level)
    if last <= first:
        yield from _split(part, finer, until)
        return
    if start < first:
        yield from _split((start, first), finer, until)
    yield level, (first, last)
    if last < end:
        yield from _split((last, end), finer, until)


def joined(ranges: Sequence[Range]) -> Ranges:
    """The ranges in order, those that touch as one."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return tuple(found)
