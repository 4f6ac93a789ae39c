"""Questions that rollups can answer: which of their numbers each is made of, and what those mean.

What no rollup knows is left to the records, the whole question with it: an answer whose parts
were of different records would not add up.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from ..family import Family, Rollup
from ..fields import Money
from ..storage.base import Row
from ..storage.query import (
    Aggregation,
    Function,
    LogBucket,
    Measure,
    Operator,
    TimeBucket,
    Where,
)
from .documents import TENANT, Level, only
from .ordering import in_order, sortable
from .plan import Range
from .sets import Members, percentile
from .wanted import Different, Distribution, Group, Groups, Key, Part, nothing_of, number

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)
EXACT = "exact"
"""In the rows of a question for percentiles: whether they are those of the records."""
MILLIONTH = Decimal(1).scaleb(-Money.DECIMALS)

_LONGEST: Mapping[str, Level] = {"hour": "hour", "day": "day", "week": "day", "month": "month"}
"""The longest level whose buckets lie in one interval each."""

_FIRST = itemgetter(0)
Finish = Callable[[Iterable[Group]], Iterable[Any]]
"""The values of a measure, of what was collected for groups: a long series has thousands."""


@dataclass
class Share:
    """The measures of a question that one rollup answers, and what is collected for them."""

    rollup: Rollup
    wanted: list[Part] = field(default_factory=list)

    @property
    def nothing(self) -> Group:
        """What a group comes to that nothing was found for."""
        return [nothing_of(part) for part in self.wanted]

    def place(self, part: Part) -> int:
        """Collect a part, which several measures may need; its place in a group."""
        if part not in self.wanted:
            self.wanted.append(part)
        return self.wanted.index(part)


@dataclass(frozen=True)
class Question:
    """An aggregation, in a form that parts of a period can answer.

    where: without the period. finish: for each measure, by the rollup that has its numbers.
    """

    asked: Aggregation
    period: Range
    where: Where
    longest: Level
    shares: Sequence[Share]
    finish: Mapping[str, tuple[str, Finish]]

    def rows(self, found: Mapping[str, Groups]) -> list[Row]:
        """The rows, of the groups that were collected for each share, by its rollup's name."""
        by = [part if isinstance(part, str) else part.name for part in self.asked.by]
        keys = in_order(dict.fromkeys(chain.from_iterable(found.values())) if by else [()])

        def column(
            name: str, keys: Sequence[Key], groups: Mapping[str, list[Group]]
        ) -> Iterable[Any]:
            if name in by:
                return map(itemgetter(by.index(name)), keys)
            rollup, finish = self.finish[name]
            return finish(groups[rollup])

        for part in reversed(self.asked.order):
            values = map(sortable, column(part.name, keys, self._of(keys, found)))
            ranked = sorted(zip(values, keys, strict=True), key=_FIRST, reverse=part.descending)
            keys = [key for _, key in ranked]
        keys = keys[: self.asked.limit]
        groups = self._of(keys, found)
        names = [*by, *self.finish]
        columns = [column(name, keys, groups) for name in names]
        if asks_percentile(self.asked):
            names.append(EXACT)
            columns.append(repeat(False, len(keys)))
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]

    def _of(self, keys: Sequence[Key], found: Mapping[str, Groups]) -> dict[str, list[Group]]:
        """What was collected for these keys, in their order, by the rollup's name."""
        collected = {}
        for share in self.shares:
            groups, nothing = found[share.rollup.name], share.nothing
            collected[share.rollup.name] = [groups.get(key, nothing) for key in keys]
        return collected

    def sets(self, found: Mapping[str, Groups]) -> dict[Key, Members]:
        """The sets that were collected for a question with one measure, which counts them."""
        (share,), (groups,) = self.shares, found.values()
        (place,) = (place for place, part in enumerate(share.wanted) if isinstance(part, Different))
        return {
            key: Members() if group[place] is None else group[place]
            for key, group in groups.items()
        }


def question(asked: Aggregation) -> Question | None:
    """The aggregation as a question for rollups; None for one that they cannot answer."""
    if not asked.family.rollups or not asked.measures or asked.each or asked.flat:
        return None
    by_each = (_question(asked, time) for time in asked.family.times)
    return next((found for found in by_each if found is not None), None)


def _question(asked: Aggregation, time: str) -> Question | None:
    """The same, of a period of that time."""
    split = split_period(asked.where, time)
    longest = _longest(asked, time)
    if split is None or longest is None:
        return None
    period, where = split
    told = {*asked.present, *(part for part in asked.by if isinstance(part, str))}
    rollups = [one for one in asked.family.rollups if asked.family.time_of(one) == time]
    shares: dict[str, Share] = {}
    finish: dict[str, tuple[str, Finish]] = {}
    for measure in asked.measures:
        rollup = next((one for one in rollups if _can_answer(one, measure, where, told)), None)
        if rollup is None:
            return None
        share = shares.setdefault(rollup.name, Share(rollup))
        finish[measure.name] = rollup.name, _MEANINGS[measure.function](asked, measure, share)
    return Question(asked, period, where, longest, list(shares.values()), finish)


def split_period(where: Where, time: str) -> tuple[Range, Where] | None:
    """The period of a time that filters ask for, and the other filters; None where it is no such
    period."""
    start, end = BEGINNING, END
    rest = []
    for part in where:
        if part.field != time:
            rest.append(part)
        elif part.op is Operator.GTE and isinstance(part.value, datetime):
            start = max(start, part.value)
        elif part.op is Operator.LT and isinstance(part.value, datetime):
            end = min(end, part.value)
        else:
            return None
    return ((start, max(start, end)), tuple(rest)) if end < END else None


def named(where: Where, field: str) -> str | None:
    """The only value that filters leave to a field, if they name it."""
    for part in where:
        if part.field == field and part.op is Operator.EQ and isinstance(part.value, str):
            return part.value
    return None


def _longest(asked: Aggregation, time: str) -> Level | None:
    """The longest level that the question can be answered from, about a period of that time; None
    where it asks for what no level has."""
    longest: Level = "month"
    for by in asked.by:
        if isinstance(by, LogBucket) or by == time:
            return None
        if isinstance(by, TimeBucket):
            if (by.field or asked.family.time_field) != time or longest != "month":
                return None
            longest = _LONGEST[by.interval]
    return longest


def _can_answer(rollup: Rollup, measure: Measure, where: Where, told: set[str]) -> bool:
    """Whether a rollup has what a measure needs, for what is filtered by, and those fields that
    its documents have to tell."""
    needs = told | {part.field for part in measure.where}
    needs |= {part.field for part in where if part not in only(rollup)}
    return (
        needs <= {*rollup.by, TENANT}
        and all(part in where for part in only(rollup))
        and _HAS[measure.function](rollup, measure.field)
    )


_HAS: Mapping[Function, Callable[[Rollup, str | None], bool]] = {
    Function.COUNT: lambda rollup, measure: measure is None or measure in rollup.sums,
    Function.SUM: lambda rollup, measure: measure in rollup.sums,
    Function.AVG: lambda rollup, measure: measure in rollup.sums,
    Function.MIN: lambda rollup, measure: measure in rollup.extremes,
    Function.MAX: lambda rollup, measure: measure in rollup.extremes,
    Function.DISTINCT: lambda rollup, measure: measure in (*rollup.members, *rollup.by),
    Function.PERCENTILE: lambda rollup, measure: measure in rollup.spreads,
}
"""What a rollup must have for each function of a measure."""


def _number(asked: Aggregation, measure: Measure, share: Share) -> Finish:
    place = share.place(number(measure.function, measure.field, measure.where))
    nothing = _over_nothing(asked.family, measure)
    return lambda groups: [group[place] or nothing for group in groups]


def _extreme(asked: Aggregation, measure: Measure, share: Share) -> Finish:
    place = share.place(number(measure.function, measure.field, measure.where))
    return lambda groups: [group[place] for group in groups]


def _average(asked: Aggregation, measure: Measure, share: Share) -> Finish:
    of = share.place(number(Function.SUM, measure.field, measure.where))
    by = share.place(number(Function.COUNT, measure.field, measure.where))

    def finish(groups: Iterable[Group]) -> Iterable[Any]:
        means = [group[of] / group[by] if group[by] else None for group in groups]
        return [
            mean.quantize(MILLIONTH, ROUND_HALF_EVEN) if isinstance(mean, Decimal) else mean
            for mean in means
        ]

    return finish


def _distinct(asked: Aggregation, measure: Measure, share: Share) -> Finish:
    _every_group(measure, share)
    place = share.place(Different(str(measure.field), measure.where))
    return lambda groups: [0 if group[place] is None else len(group[place]) for group in groups]


def _percentile(asked: Aggregation, measure: Measure, share: Share) -> Finish:
    _every_group(measure, share)
    quantile = measure.quantile or 0.0
    place = share.place(Distribution(str(measure.field), measure.where))

    def finish(groups: Iterable[Group]) -> Iterable[float | None]:
        spreads = [group[place] for group in groups]
        return [one if one is None else percentile(one.counts(), quantile) for one in spreads]

    return finish


def _every_group(measure: Measure, share: Share) -> None:
    """See that a group is found, and so has a row, where the measure's condition never holds."""
    if measure.where:
        share.place(number(Function.COUNT))


_MEANINGS: Mapping[Function, Callable[[Aggregation, Measure, Share], Finish]] = {
    Function.COUNT: _number,
    Function.SUM: _number,
    Function.AVG: _average,
    Function.MIN: _extreme,
    Function.MAX: _extreme,
    Function.DISTINCT: _distinct,
    Function.PERCENTILE: _percentile,
}
"""What each function of a measure is made of; it puts that into the share."""


def _over_nothing(family: Family, measure: Measure) -> Any:
    """0, as money where the measure is money."""
    summed = measure.function is Function.SUM and measure.field is not None
    return Money(0) if summed and family.leaves[str(measure.field)] is Money else 0


def asks_percentile(asked: Aggregation) -> bool:
    """Whether the rows say if they are exact: what a percentile is may depend on its source."""
    return any(measure.function is Function.PERCENTILE for measure in asked.measures)
