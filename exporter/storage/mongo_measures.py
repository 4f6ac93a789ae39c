"""Measures as the accumulators of a $group, and what their results mean.

Plain measures need one group. What is counted as distinct, or ranked for a percentile, needs the
values of each group first, with how often each occurs: those are a branch of the pipeline of their
own, one for each field. No array of values is ever built, so MongoDB can move all of it to disk.

Integers are summed as Decimal128: sums of 64-bit integers that overflow become floats.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

from ..errors import Invalid
from ..fields import Money
from .kinds import FieldKind
from .mongo_conditions import Expression, all_of, expression, is_present
from .query import Function, Measure

FINEST_QUANTILE = 1_000_000
MILLIONTH = Decimal(1).scaleb(-Money.DECIMALS)
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""For averages of money: 34 digits of a sum, and what dividing adds before the one rounding."""

Group = dict[str, Any]
"""A group as MongoDB answers it: `_id`, and the results of accumulators by name."""


@dataclass(frozen=True)
class Output:
    """What becomes of one measure.

    accumulators: for the last $group, by the name of their result.
    load: the measure's value, of the group they were calculated for.
    order: what rows are ordered by for it.
    """

    accumulators: dict[str, Expression]
    load: Callable[[Group], Any]
    order: Expression


@dataclass
class Branch:
    """The values of one field in each group, and how often each occurs.

    name: of the field.
    counts: how often, by the name of the result; one for each condition that is asked about.
    ranked: those counts for which every value's rank is needed, and their total.
    """

    name: str
    counts: dict[str, Expression] = field(default_factory=dict)
    ranked: set[str] = field(default_factory=set)


@dataclass
class Plan:
    """What all measures of an aggregation need, gathered from each in turn."""

    kinds: Mapping[str, FieldKind]
    plain: dict[str, Expression] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)

    def add(self, measure: Measure, alias: str) -> Output:
        """The output of one more measure; raises Invalid for what cannot be calculated."""
        return FUNCTIONS[measure.function](_Subject(measure, alias, self))


@dataclass(frozen=True)
class _Subject:
    """A measure whose results' names begin with `alias`, on its way into a plan."""

    measure: Measure
    alias: str
    plan: Plan

    @property
    def kind(self) -> FieldKind:
        """The kind of its field; a count of records is a whole number."""
        name = self.measure.field
        return FieldKind.INTEGER if name is None else self.plan.kinds[name]

    @property
    def value(self) -> Expression:
        """Its value in a record; null or nothing where it is absent, or the condition does not
        hold."""
        value = f"${self.measure.field}"
        where = expression(self.measure.where, self.plan.kinds)
        return value if where is None else {"$cond": [where, value, None]}

    @property
    def counted(self) -> Expression:
        """1 for a record that has the value, and for which the condition holds, else 0."""
        conditions = [
            expression(self.measure.where, self.plan.kinds),
            None if self.measure.field is None else is_present(f"${self.measure.field}"),
        ]
        asked = all_of([condition for condition in conditions if condition is not None])
        return 1 if asked is None else {"$cond": [asked, 1, 0]}

    def plain(self, suffix: str, operator: str, of: Expression) -> tuple[str, Expression]:
        """Calculate with the records themselves; the result's name, and how parts are merged."""
        name = self.alias + suffix
        self.plan.plain[name] = {operator: of}
        return name, {operator: f"${name}"}

    def branch(self, *, ranked: bool) -> str:
        """Count its values one by one; the name of the count."""
        name = str(self.measure.field)
        branch = self.plan.branches.setdefault(name, Branch(name))
        counted = {"$sum": self.counted}
        count = next((known for known, same in branch.counts.items() if same == counted), None)
        if count is None:
            count = f"{self.alias}c"
            branch.counts[count] = counted
        if ranked:
            branch.ranked.add(count)
        return count


def running(count: str) -> str:
    """The name of the number of values up to one, in order, that were counted as `count`."""
    return f"{count}r"


def total(count: str) -> str:
    """The name of the number of all values that were counted as `count`."""
    return f"{count}t"


def loads(kind: FieldKind) -> Callable[[Any], Any] | None:
    """How a value of that kind is read from a group; None where it already is what it means."""
    return float if kind is FieldKind.REAL else None


def _count(subject: _Subject) -> Output:
    name, merge = subject.plain("", "$sum", subject.counted)
    return Output({name: merge}, lambda group: group.get(name, 0), f"${name}")


def _extreme(operator: str) -> Callable[[_Subject], Output]:
    def calculate(subject: _Subject) -> Output:
        name, merge = subject.plain("", operator, subject.value)
        return Output({name: merge}, _optional(name, subject.kind), f"${name}")

    return calculate


def _sum(subject: _Subject) -> Output:
    kind = _numeric(subject)
    name, merge = subject.plain("", "$sum", _SUMMED[kind](subject.value))
    result = _RESULTS[kind]
    return Output({name: merge}, lambda group: result(group.get(name, 0)), f"${name}")


def _average(subject: _Subject) -> Output:
    kind = _numeric(subject)
    of, merge_of = subject.plain("", "$sum", _SUMMED[kind](subject.value))
    by, merge_by = subject.plain("n", "$sum", subject.counted)
    result = _RESULTS[kind]

    def load(group: Group) -> Any:
        count = group.get(by, 0)
        if count == 0:
            return None
        amount = result(group[of])
        if not isinstance(amount, Decimal):
            return amount / count
        return Money(EXACT.divide(amount, Decimal(count)).quantize(MILLIONTH, context=EXACT))

    # $max: a group without values would be divided by 0, even where its result is not used.
    mean: Expression = {"$divide": [f"${of}", {"$max": [f"${by}", 1]}]}
    if kind is FieldKind.MONEY:  # averages that are shown as equal are ordered as such
        mean = {"$round": [mean, Money.DECIMALS]}
    order = {"$cond": [{"$gt": [f"${by}", 0]}, mean, None]}
    return Output({of: merge_of, by: merge_by}, load, order)


def _distinct(subject: _Subject) -> Output:
    count, name = subject.branch(ranked=False), subject.alias
    there = {"$cond": [{"$gt": [f"${count}", 0]}, 1, 0]}
    return Output({name: {"$sum": there}}, lambda group: group.get(name, 0), f"${name}")


def _percentile(subject: _Subject) -> Output:
    """The smallest value with at least the quantile's share of all up to it, in whole numbers:
    0.07 of 100 values is the 7th, whatever 0.07 is in binary."""
    count, name = subject.branch(ranked=True), subject.alias
    share = Fraction(str(subject.measure.quantile)).limit_denominator(FINEST_QUANTILE)
    reached = {
        "$gte": [
            {"$multiply": [f"${running(count)}", share.denominator]},
            {"$multiply": [f"${total(count)}", share.numerator]},
        ]
    }
    chosen = {"$cond": [{"$and": [{"$gt": [f"${count}", 0]}, reached]}, "$_id.value", None]}
    return Output({name: {"$min": chosen}}, _optional(name, subject.kind), f"${name}")


FUNCTIONS: dict[Function, Callable[[_Subject], Output]] = {
    Function.COUNT: _count,
    Function.SUM: _sum,
    Function.AVG: _average,
    Function.MIN: _extreme("$min"),
    Function.MAX: _extreme("$max"),
    Function.DISTINCT: _distinct,
    Function.PERCENTILE: _percentile,
}

_SUMMED: dict[FieldKind, Callable[[Expression], Expression]] = {
    FieldKind.INTEGER: lambda value: {"$toDecimal": value},
    FieldKind.FLAG: lambda value: {"$toDecimal": value},
    FieldKind.REAL: lambda value: value,
    FieldKind.MONEY: lambda value: value,
}
"""What of a value is added up."""

_RESULTS: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.INTEGER: int,
    FieldKind.FLAG: int,
    FieldKind.REAL: float,
    FieldKind.MONEY: Money,
}
"""What a sum means; over nothing it is a plain 0."""


def _numeric(subject: _Subject) -> FieldKind:
    if subject.kind not in _SUMMED:
        measure = subject.measure
        raise Invalid.field(str(measure.field), f"has no {measure.function}: it is no number")
    return subject.kind


def _optional(name: str, kind: FieldKind) -> Callable[[Group], Any]:
    load = loads(kind)

    def read(group: Group) -> Any:
        value = group.get(name)
        return value if value is None or load is None else load(value)

    return read
