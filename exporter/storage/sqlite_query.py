"""The query model as SQL: each query is one statement, and every value in it is bound.

Percentiles are exact: before the groups are formed, window functions rank the values of each, once
for all percentiles of the same field.
"""
# ruff: noqa: S608  # every name is quoted and from a declared schema, every value is bound

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, Generic, TypeVar

from ..errors import Invalid
from ..family import attribute_of
from .base import Row
from .query import Aggregation, Find, Function, Where, check_fields, field_of
from .sqlite_columns import quote
from .sqlite_conditions import Sql, condition, join, source
from .sqlite_groups import group
from .sqlite_measures import Output, Ranking, Rankings, calculate
from .sqlite_schema import TENANT, Table

Answer = TypeVar("Answer")


AT_ONCE = 1_000
"""Rows that are read before what they mean is made of them."""


@dataclass(frozen=True)
class Statement(Generic[Answer]):
    """A SELECT with its values, and what some of its rows mean, in their order."""

    sql: str
    values: tuple[Any, ...]
    load: Callable[[Sequence[tuple[Any, ...]]], Iterable[Answer]]

    def run(self, connection: sqlite3.Connection) -> list[Answer]:
        """What all rows mean, in their order."""
        cursor = connection.execute(self.sql, self.values)
        found: list[Answer] = []
        while rows := cursor.fetchmany(AT_ONCE):
            found += self.load(rows)
        return found


def compile_get(table: Table, tenant: str, key: str) -> Statement[Any]:
    """The statement for the document with that key."""
    return Statement(table.get, (tenant, key), partial(map, table.layout.document))


def compile_find(query: Find, table: Table) -> Statement[Any]:
    """The statement for documents; raises Invalid for what the family does not declare."""
    _check(query)
    order = [_directed(quote(part.name), part.descending) for part in query.order]
    order += [quote(query.family.key), quote(TENANT)]
    matching = source(query.where, table)
    sql = (
        f"SELECT {table.layout.selection(query.leave_out)}{matching.text} "
        f"ORDER BY {', '.join(order)} LIMIT ? OFFSET ?"
    )
    blank = [attribute_of(query.family.document, name) for name in query.leave_out]
    load = partial(map, partial(table.layout.document, blank=blank))
    return Statement(sql, (*matching.values, query.limit, query.offset), load)


def compile_removal(where: Where, table: Table) -> Sql:
    """The statement that removes what matches; raises Invalid for what is not declared."""
    _check(Find(table.family, where))
    matching = source(where, table)
    text = f"DELETE FROM {table.name} WHERE rowid IN (SELECT {table.name}.rowid{matching.text})"
    return Sql(text, matching.values)


def compile_aggregation(query: Aggregation, table: Table) -> Statement[Row]:
    """The statement for the rows of groups; raises Invalid for what the family does not declare,
    or cannot be calculated of its fields."""
    _check(query)
    rankings: Rankings = {}
    groups = [group(by, f'"@{number}"', table) for number, by in enumerate(query.by)]
    measures = [
        calculate(measure, f"@{number}", table, rankings, each=query.each)
        for number, measure in enumerate(query.measures, len(groups))
    ]
    outputs = [*groups, *measures]
    selected = join(
        ", ",
        [
            Sql(f"{column.text} AS {name}", column.values)
            for output in outputs
            for name, column in output.columns.items()
        ],
    )
    records = _records(query, table, rankings, groups)
    statement = Sql(f"SELECT {selected.text}{records.text}", selected.values + records.values)
    names = [name for output in groups for name in output.columns]
    if names and not query.each:
        statement = Sql(f"{statement.text} GROUP BY {', '.join(names)}", statement.values)
        order = ", ".join([*_order(query, outputs), *names])
        statement = Sql(f"{statement.text} ORDER BY {order}", statement.values)
    if query.limit is not None:
        statement = Sql(f"{statement.text} LIMIT ?", (*statement.values, query.limit))
    return Statement(statement.text, statement.values, _loader(outputs, flat=query.flat))


def _check(query: Aggregation | Find) -> None:
    if problems := check_fields(query):
        raise Invalid.of(problems)


def _directed(expression: str, descending: bool) -> str:
    return f"{expression} DESC" if descending else expression


def _order(query: Aggregation, outputs: Sequence[Output]) -> list[str]:
    by_name = {output.name: output for output in outputs}
    return [
        _directed(expression, part.descending)
        for part in query.order
        for expression in by_name[part.name].order
    ]


def _records(query: Aggregation, table: Table, rankings: Rankings, groups: Sequence[Output]) -> Sql:
    """What the groups are formed of: the matching rows, or those with what was ranked."""
    matching = source(query.where, table, query.present)
    if not rankings:
        return matching
    inner = [Sql(quote(name)) for name in sorted(_used(query))]
    outer = [Sql("*")]
    parts = join(", ", [column for output in groups for column in output.columns.values()])
    partition = f"PARTITION BY {parts.text} " if groups else ""
    for (field, where), number in rankings.items():
        ranking = Ranking.numbered(number)
        inner.append(_value(field, condition(where, table), ranking.value))
        rank = f"ROW_NUMBER() OVER ({partition}ORDER BY {ranking.value} NULLS LAST)"
        present = f"COUNT({ranking.value}) OVER ({partition.rstrip()})"
        outer.append(Sql(f"{rank} AS {ranking.rank}", parts.values))
        outer.append(Sql(f"{present} AS {ranking.present}", parts.values))
    ranked, columns = join(", ", outer), join(", ", inner)
    return Sql(
        f" FROM (SELECT {ranked.text} FROM (SELECT {columns.text}{matching.text}))",
        ranked.values + columns.values + matching.values,
    )


def _value(field: str, where: Sql, alias: str) -> Sql:
    if not where.text:
        return Sql(f"{quote(field)} AS {alias}")
    return Sql(f"CASE WHEN {where.text} THEN {quote(field)} END AS {alias}", where.values)


def _used(query: Aggregation) -> set[str]:
    """The fields that groups and measures are made of."""
    used = {field_of(by, query.family) for by in query.by}
    for measure in query.measures:
        if measure.function is not Function.PERCENTILE:  # made of what was ranked
            used |= {part.field for part in measure.where}
            used |= set() if measure.field is None else {measure.field}
    return used


def _loader(
    outputs: Sequence[Output], *, flat: bool
) -> Callable[[Sequence[tuple[Any, ...]]], Iterable[Any]]:
    """What makes rows of those of a statement, column by column: there can be many."""
    names = [output.name for output in outputs]
    ends = list(accumulate(len(output.columns) for output in outputs))

    def load(rows: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
        columns = list(zip(*rows, strict=True))
        values = [
            columns[end - 1]
            if output.load is None
            else map(output.load, *columns[end - len(output.columns) : end])
            for output, end in zip(outputs, ends, strict=True)
        ]
        tuples = zip(*values, strict=True)
        return tuples if flat else (dict(zip(names, row, strict=True)) for row in tuples)

    return load
