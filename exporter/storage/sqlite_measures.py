"""Measures as SQL: the columns that each function selects, and what their values mean.

Whole numbers and money are summed in two halves, the lower 32 bits and the rest, which cannot
overflow; sums, and averages of money, are put together from them exactly. Counters and flags are
too small for that to be needed, and what one record has is in its column as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..errors import Invalid
from .query import Function, Measure, Where
from .sqlite_columns import quote
from .sqlite_conditions import Sql, condition
from .sqlite_schema import Table
from .sqlite_values import COUNTER, FLAG, INTEGER, MONEY, REAL, Form, amount_of

FINEST_QUANTILE = 1_000_000


@dataclass(frozen=True)
class Output:
    """One value of a query's rows.

    columns: the quoted names and the SQL of the columns that it is read from.
    load: the value, of theirs; None where it is that of the only one as it is.
    order: what to order by, in its stead.
    """

    name: str
    columns: dict[str, Sql]
    load: Callable[..., Any] | None
    order: tuple[str, ...]


Rankings = dict[tuple[str, Where], int]
"""The fields (where a condition holds) that a query ranks, each once, numbered."""


@dataclass(frozen=True)
class Ranking:
    """The names of a ranked value, of its rank in the group, and of how many there are."""

    value: str
    rank: str
    present: str

    @classmethod
    def numbered(cls, number: int) -> "Ranking":
        """The names in the ranking of that number."""
        return cls(*(f'"@{what} {number}"' for what in ("value", "rank", "present")))


@dataclass(frozen=True)
class _Subject:
    """A measure whose columns' names begin with `alias`, over a column of some form."""

    measure: Measure
    alias: str
    column: str
    form: Form
    where: Sql
    rankings: Rankings
    each: bool

    def aggregate(self, function: str, of: str) -> Sql:
        """An aggregate function of an expression, over the records that the measure is about."""
        if self.each:
            return self._alone(function, of)
        if not self.where.text:
            return Sql(f"{function}({of})")
        return Sql(f"{function}({of}) FILTER (WHERE {self.where.text})", self.where.values)

    def _alone(self, function: str, of: str) -> Sql:
        """What such a function comes to over a record by itself."""
        value = of
        if function == "COUNT":
            value = "1" if of == "*" else f"({of} IS NOT NULL)"
        if not self.where.text:
            return Sql(value)
        otherwise = "0" if function == "COUNT" else "NULL"
        text = f"CASE WHEN {self.where.text} THEN {value} ELSE {otherwise} END"
        return Sql(text, self.where.values)

    def output(
        self, *columns: Sql, load: Callable[..., Any] | None = None, order: tuple[str, ...] = ()
    ) -> Output:
        """These columns, named; `order` speaks of them as {0}, {1} …, by default the first."""
        names = [f'"{self.alias}.{number}"' for number in range(len(columns))]
        return Output(
            self.measure.name,
            dict(zip(names, columns, strict=True)),
            load,
            tuple(part.format(*names) for part in order or ("{0}",)),
        )


def calculate(
    measure: Measure, alias: str, table: Table, rankings: Rankings, *, each: bool = False
) -> Output:
    """The output of a measure; puts what has to be ranked for it into `rankings`.

    each: over a record by itself, and not over groups. Raises Invalid for a sum or an average of
    what is no number.
    """
    field = measure.field
    subject = _Subject(
        measure,
        alias,
        "*" if field is None else quote(field),
        INTEGER if field is None else table.layout.forms[field],
        condition(measure.where, table),
        rankings,
        each,
    )
    return FUNCTIONS[measure.function](subject)


def loads(form: Form) -> Callable[[Any], Any] | None:
    """How an output of a form is read, which may be NULL."""
    load = form.load
    return None if load is None else lambda stored: None if stored is None else load(stored)


def _count(subject: _Subject) -> Output:
    return subject.output(subject.aggregate("COUNT", subject.column))


def _distinct(subject: _Subject) -> Output:
    return subject.output(subject.aggregate("COUNT", f"DISTINCT {subject.column}"))


def _least(subject: _Subject) -> Output:
    return subject.output(subject.aggregate("MIN", subject.column), load=loads(subject.form))


def _largest(subject: _Subject) -> Output:
    return subject.output(subject.aggregate("MAX", subject.column), load=loads(subject.form))


def _sum(subject: _Subject) -> Output:
    return _by_form(_SUMS_OF_EACH if subject.each else _SUMS, subject)


def _average(subject: _Subject) -> Output:
    return _by_form(_AVERAGES, subject)


def _percentile(subject: _Subject) -> Output:
    """The value whose rank is the quantile's share of the group, rounded up, in whole numbers:
    0.07 of 100 values is the 7th, whatever 0.07 is in binary."""
    measure, rankings = subject.measure, subject.rankings
    asked = str(measure.field), measure.where
    ranking = Ranking.numbered(rankings.setdefault(asked, len(rankings)))
    share = Fraction(str(measure.quantile)).limit_denominator(FINEST_QUANTILE)
    rounding = share.denominator - 1
    rank = f"({ranking.present} * {share.numerator} + {rounding}) / {share.denominator}"
    chosen = f"MAX({ranking.value}) FILTER (WHERE {ranking.rank} = MAX(1, {rank}))"
    return subject.output(Sql(chosen), load=loads(subject.form))


FUNCTIONS: dict[Function, Callable[[_Subject], Output]] = {
    Function.COUNT: _count,
    Function.SUM: _sum,
    Function.AVG: _average,
    Function.MIN: _least,
    Function.MAX: _largest,
    Function.DISTINCT: _distinct,
    Function.PERCENTILE: _percentile,
}


def _halves(subject: _Subject) -> tuple[Sql, Sql]:
    high = subject.aggregate("SUM", f"{subject.column} >> 32")
    low = subject.aggregate("SUM", f"{subject.column} & 0xFFFFFFFF")
    return Sql(f"COALESCE({high.text}, 0)", high.values), Sql(
        f"COALESCE({low.text}, 0)", low.values
    )


_ORDER_OF_HALVES = ("{0} + ({1} >> 32)", "{1} & 0xFFFFFFFF")


def _whole_sum(subject: _Subject) -> Output:
    return subject.output(
        *_halves(subject), load=lambda high, low: (high << 32) + low, order=_ORDER_OF_HALVES
    )


def _plain_sum(subject: _Subject) -> Output:
    text, values = subject.aggregate("SUM", subject.column)
    return subject.output(Sql(f"COALESCE({text}, 0)", values))


def _money_sum(subject: _Subject) -> Output:
    def load(high: int, low: int) -> Decimal:
        return amount_of((high << 32) + low)

    return subject.output(*_halves(subject), load=load, order=_ORDER_OF_HALVES)


def _money_alone(subject: _Subject) -> Output:
    text, values = subject.aggregate("SUM", subject.column)
    return subject.output(Sql(f"COALESCE({text}, 0)", values), load=amount_of)


def _real_sum(subject: _Subject) -> Output:
    text, values = subject.aggregate("SUM", subject.column)
    return subject.output(Sql(f"COALESCE({text}, 0.0)", values))


def _plain_average(subject: _Subject) -> Output:
    return subject.output(subject.aggregate("AVG", subject.column))


def _money_average(subject: _Subject) -> Output:
    """Rounded to the millionth, half to even. Rows are ordered by its value in floating point."""

    def load(high: int, low: int, count: int) -> Decimal | None:
        if count == 0:
            return None
        units, rest = divmod((high << 32) + low, count)
        up = 2 * rest > count or (2 * rest == count and units % 2 == 1)
        return amount_of(units + up)

    return subject.output(
        *_halves(subject),
        subject.aggregate("COUNT", subject.column),
        load=load,
        order=("({0} * 4294967296.0 + {1}) / {2}",),
    )


_SUMS = {
    INTEGER: _whole_sum,
    COUNTER: _plain_sum,
    FLAG: _plain_sum,
    MONEY: _money_sum,
    REAL: _real_sum,
}
_SUMS_OF_EACH = {**_SUMS, INTEGER: _plain_sum, MONEY: _money_alone}
"""What a record by itself has is no more than its column holds."""
_AVERAGES = {
    INTEGER: _plain_average,
    COUNTER: _plain_average,
    FLAG: _plain_average,
    MONEY: _money_average,
    REAL: _plain_average,
}


def _by_form(table: Mapping[Form, Callable[[_Subject], Output]], subject: _Subject) -> Output:
    calculation = table.get(subject.form)
    if calculation is None:
        measure = subject.measure
        raise Invalid.field(str(measure.field), f"has no {measure.function}: it is no number")
    return calculation(subject)
