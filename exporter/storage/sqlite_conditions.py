"""Pieces of SQL with the values they bind, and the conditions of a query as such pieces."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..errors import Invalid
from .query import Filter, Operator, Where
from .sqlite_columns import quote
from .sqlite_schema import TENANT, Table
from .sqlite_values import Form


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


def _binary(sign: str) -> Callable[[str, tuple[Any, ...]], Sql]:
    return lambda column, values: Sql(f"{column} {sign} ?", values)


def _one_of(column: str, values: tuple[Any, ...]) -> Sql:
    present = tuple(value for value in values if value is not None)
    text = f"{column} IN ({', '.join('?' * len(present))})"
    if len(present) < len(values):
        text = f"({text} OR {column} IS NULL)"
    return Sql(text, present)


OPERATORS: dict[Operator, Callable[[str, tuple[Any, ...]], Sql]] = {
    Operator.EQ: _binary("IS"),
    Operator.NE: _binary("IS NOT"),
    Operator.IN: _one_of,
    Operator.GT: _binary(">"),
    Operator.GTE: _binary(">="),
    Operator.LT: _binary("<"),
    Operator.LTE: _binary("<="),
}
"""The SQL of each operator, of a column and its operands; a comparison with NULL never holds."""


def condition(where: Where, table: Table) -> Sql:
    """All filters of a measure; raises Invalid for a value that its field cannot have."""
    return join(" AND ", [_comparison(part, table.layout.forms[part.field]) for part in where])


def clause(where: Where, table: Table) -> Sql:
    """The WHERE clause of a statement, or nothing.

    One that asks for a time but no tenant asks for all tenants by name: the index of times begins
    with the tenant.
    """
    asked = {part.field for part in where}
    conditions = [condition(where, table)] if where else []
    if table.family.time_field in asked and TENANT not in asked:
        conditions.append(Sql(f"{quote(TENANT)} IN ({table.tenants})"))
    text, values = join(" AND ", conditions)
    return Sql(f" WHERE {text}" if text else "", values)


def _comparison(part: Filter, form: Form) -> Sql:
    operands = part.value if part.op is Operator.IN else (part.value,)
    if not isinstance(operands, tuple):
        raise Invalid.field(part.field, "Expected several values")
    try:
        bound = tuple(None if value is None else form.operand(value) for value in operands)
    except (TypeError, ValueError) as error:
        raise Invalid.field(part.field, str(error)) from error
    return OPERATORS[part.op](quote(part.field), bound)
