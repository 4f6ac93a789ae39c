"""Filters for MongoDB, in its two languages: queries, which use indexes, and expressions.

Conditions of a measure stand within a pipeline, where only expressions are understood; and there
null is a value like any other, smaller than all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson.decimal128 import Decimal128

from ..errors import Invalid
from .kinds import FieldKind, operand
from .query import Filter, Operator, Where

Expression = Any
"""A MongoDB expression: a constant, a "$path", or an object with one operator."""

NEVER: dict[str, Any] = {"$in": []}


@dataclass(frozen=True)
class Form:
    """An operator in both languages; `expression` is given the field's value and the operand."""

    query: str
    expression: Callable[[Expression, Expression], Expression]
    compares_none: bool = True


def _binary(sign: str) -> Callable[[Expression, Expression], Expression]:
    return lambda value, other: {sign: [value, other]}


def _smaller(sign: str) -> Callable[[Expression, Expression], Expression]:
    """Null is smaller than everything, but no order holds for it."""
    return lambda value, other: {"$and": [{"$gt": [value, None]}, {sign: [value, other]}]}


OPERATORS: dict[Operator, Form] = {
    Operator.EQ: Form("$eq", _binary("$eq")),
    Operator.NE: Form("$ne", _binary("$ne")),
    Operator.IN: Form("$in", _binary("$in")),
    Operator.GT: Form("$gt", _binary("$gt"), compares_none=False),
    Operator.GTE: Form("$gte", _binary("$gte"), compares_none=False),
    Operator.LT: Form("$lt", _smaller("$lt"), compares_none=False),
    Operator.LTE: Form("$lte", _smaller("$lte"), compares_none=False),
}


def value_of(field: str) -> Expression:
    """A field's value, null where it is not there."""
    return {"$ifNull": [f"${field}", None]}


def is_present(value: Expression) -> Expression:
    """Whether a value is there, and not null."""
    return {"$gt": [value, None]}


def query(where: Where, kinds: Mapping[str, FieldKind]) -> dict[str, Any]:
    """All filters as a query; raises Invalid for a value that its field cannot have."""
    conditions = []
    for part in where:
        form = OPERATORS[part.op]
        bound = _operand(part, kinds[part.field])
        impossible = bound is None and not form.compares_none
        conditions.append({part.field: NEVER if impossible else {form.query: bound}})
    return {"$and": conditions} if conditions else {}


def expression(where: Where, kinds: Mapping[str, FieldKind]) -> Expression:
    """All filters as an expression, None for no filter; raises Invalid as `query` does."""
    conditions = []
    for part in where:
        form = OPERATORS[part.op]
        bound = _operand(part, kinds[part.field])
        impossible = bound is None and not form.compares_none
        # What is not there is unequal to everything but itself, null too.
        asks_for_none = bound is None or (isinstance(bound, list) and None in bound)
        value = value_of(part.field) if asks_for_none else f"${part.field}"
        # $literal: a text that begins with a $ would be taken for the path of a field.
        compared = form.expression(value, {"$literal": bound})
        conditions.append(False if impossible else compared)
    return all_of(conditions)


def all_of(conditions: Sequence[Expression]) -> Expression:
    """One condition for all of them, None for none."""
    if len(conditions) < 2:  # noqa: PLR2004  # nothing to put together
        return conditions[0] if conditions else None
    return {"$and": list(conditions)}


def _operand(part: Filter, kind: FieldKind) -> Any:
    """The value, or the list of values, that is compared with."""
    several = part.op is Operator.IN
    values = part.value if several else (part.value,)
    if not isinstance(values, tuple):
        raise Invalid.field(part.field, "Expected several values")
    try:
        bound = [_bound(operand(kind, value)) if value is not None else None for value in values]
    except (TypeError, ValueError) as error:
        raise Invalid.field(part.field, str(error)) from error
    return bound if several else bound[0]


def _bound(value: Any) -> Any:
    return Decimal128(value) if isinstance(value, Decimal) else value
