"""Pieces of SQL with the values they bind, and the conditions of a query as such pieces."""
# ruff: noqa: S608  # every name is quoted and from a declared schema, every value is bound

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from .operands import operands
from .query import Filter, Operator, Where
from .sqlite_columns import quote
from .sqlite_schema import TENANT, Table


class Sql(NamedTuple):
    """A piece of a statement, and the values of its question marks, in their order."""

    text: str
    values: tuple[Any, ...] = ()


def join(separator: str, pieces: Iterable[Sql]) -> Sql:
    """The pieces as one."""
    pieces = list(pieces)
    return Sql(
        separator.join(piece.text for piece in pieces),
        tuple(value for piece in pieces for value in piece.values),
    )


def _binary(sign: str) -> Callable[[str, Any], Sql]:
    return lambda column, operand: Sql(f"{column} {sign} ?", (operand,))


def _equal(column: str, operand: Any) -> Sql:
    """NULL by its name: only so does SQLite know that an index of the rows without it will do."""
    if operand is None:
        return Sql(f"{column} IS NULL")
    return Sql(f"{column} IS ?", (operand,))


def _one_of(column: str, operands: list[Any]) -> Sql:
    present = tuple(operand for operand in operands if operand is not None)
    text = f"{column} IN ({', '.join('?' * len(present))})"
    if len(present) < len(operands):
        text = f"({text} OR {column} IS NULL)"
    return Sql(text, present)


def _within(column: str, ranges: list[tuple[Any, Any]]) -> Sql:
    """By halves, since SQLite has a limit for how deep conditions are nested."""
    if len(ranges) > 1:
        middle = len(ranges) // 2
        halves = (_within(column, part) for part in (ranges[:middle], ranges[middle:]))
        text, values = join(" OR ", halves)
        return Sql(f"({text})", values)
    return Sql(f"({column} >= ? AND {column} < ?)", ranges[0]) if ranges else Sql("0")


OPERATORS: dict[Operator, Callable[[str, Any], Sql]] = {
    Operator.EQ: _equal,
    Operator.NE: _binary("IS NOT"),
    Operator.IN: _one_of,
    Operator.GT: _binary(">"),
    Operator.GTE: _binary(">="),
    Operator.LT: _binary("<"),
    Operator.LTE: _binary("<="),
    Operator.WITHIN: _within,
}
"""The SQL of each operator, of a column and what it is compared with; a comparison with NULL never
holds."""


def condition(where: Where, table: Table) -> Sql:
    """All filters of a measure; raises Invalid for a value that its field cannot have."""
    return join(" AND ", [_condition(part, _operands(part, table)) for part in where])


def source(where: Where, table: Table, present: Sequence[str] = ()) -> Sql:
    """The FROM and WHERE clauses of a statement about the rows for which all filters hold, and
    that have one of the fields in `present`, if it names any.

    One that asks for a time but no tenant asks for all tenants by name: the index of times begins
    with the tenant. Not so where an index of just what is asked for begins with the time. Several
    ranges are a table of their own, to which each row belongs that lies in one of them: SQLite
    takes one step down an index for each. Of conditions with OR it thinks that to read everything
    is cheaper.
    """
    conditions: list[Sql] = []
    tables: list[Sql] = []
    for part in where:
        bound = _operands(part, table)
        if part.op is Operator.WITHIN and len(bound) > 1:
            start, end = (f'"@{side} {len(tables)}"' for side in ("start", "end"))
            tables.append(_ranges(bound, start, end))
            column = quote(part.field)
            conditions.append(Sql(f"{column} >= {start} AND {column} < {end}"))
        else:
            conditions.append(_condition(part, bound))
    if present:
        conditions.append(Sql(f"({' OR '.join(f'{quote(name)} IS NOT NULL' for name in present)})"))
    asked = {part.field for part in where}
    if table.family.time_field in asked and TENANT not in asked and not _has_times(where, table):
        conditions.append(Sql(f"{quote(TENANT)} IN ({table.tenants})"))
    read = join(" CROSS JOIN ", [*tables, Sql(table.name)])  # CROSS: in this order
    matching = join(" AND ", conditions)
    text = f"{read.text} WHERE {matching.text}" if conditions else read.text
    return Sql(f" FROM {text}", read.values + matching.values)


def _has_times(where: Where, table: Table) -> bool:
    """Whether an index of the rows that lack what `where` says they lack begins with the time."""
    absent = {part.field for part in where if part.op is Operator.EQ and part.value is None}
    time = table.family.time_field
    return any(
        index.without in absent and index.fields[0] == time for index in table.family.indexes
    )


def _ranges(ranges: list[tuple[Any, Any]], start: str, end: str) -> Sql:
    """A table of ranges, whose columns have those names."""
    rows = ", ".join(["(?, ?)"] * len(ranges))
    text = f"(SELECT column1 AS {start}, column2 AS {end} FROM (VALUES {rows}))"
    return Sql(text, tuple(bound for pair in ranges for bound in pair))


def _operands(part: Filter, table: Table) -> Any:
    return operands(part, table.layout.forms[part.field].operand)


def _condition(part: Filter, bound: Any) -> Sql:
    return OPERATORS[part.op](quote(part.field), bound)
