"""Filters for MongoDB, in its two languages: queries, which use indexes, and expressions.

Conditions of a measure stand within a pipeline, where only expressions are understood; and there
null is a value like any other, smaller than all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from bson.decimal128 import Decimal128

from .kinds import FieldKind, operand
from .operands import operands
from .query import Filter, Operator, Where

Expression = Any
"""A MongoDB expression: a constant, a "$path", or an object with one operator."""

NEVER: dict[str, Any] = {"$in": []}


@dataclass(frozen=True)
class Form:
    """An operator in both languages; given are the field, or its value, and the operand."""

    query: Callable[[str, Any], dict[str, Any]]
    expression: Callable[[Expression, Any], Expression]
    compares_none: bool = True


def _asked(sign: str) -> Callable[[str, Any], dict[str, Any]]:
    return lambda field, other: {field: {sign: other}}


def _binary(sign: str) -> Callable[[Expression, Any], Expression]:
    # $literal: a text that begins with a $ would be taken for the path of a field.
    return lambda value, other: {sign: [value, {"$literal": other}]}


def _smaller(sign: str) -> Callable[[Expression, Any], Expression]:
    """Null is smaller than everything, but no order holds for it."""
    compare = _binary(sign)
    return lambda value, other: {"$and": [{"$gt": [value, None]}, compare(value, other)]}


def _asked_within(field: str, ranges: Any) -> dict[str, Any]:
    """MongoDB finds each of the ranges in an index, with the conditions beside them."""
    parts = [{field: {"$gte": start, "$lt": end}} for start, end in ranges]
    return {"$or": parts} if parts else {field: NEVER}


def _within(value: Expression, ranges: Any) -> Expression:
    from_start, to_end = _binary("$gte"), _binary("$lt")
    parts = [{"$and": [from_start(value, start), to_end(value, end)]} for start, end in ranges]
    return {"$or": parts} if parts else False


OPERATORS: dict[Operator, Form] = {
    Operator.EQ: Form(_asked("$eq"), _binary("$eq")),
    Operator.NE: Form(_asked("$ne"), _binary("$ne")),
    Operator.IN: Form(_asked("$in"), _binary("$in")),
    Operator.GT: Form(_asked("$gt"), _binary("$gt"), compares_none=False),
    Operator.GTE: Form(_asked("$gte"), _binary("$gte"), compares_none=False),
    Operator.LT: Form(_asked("$lt"), _smaller("$lt"), compares_none=False),
    Operator.LTE: Form(_asked("$lte"), _smaller("$lte"), compares_none=False),
    Operator.WITHIN: Form(_asked_within, _within),
}


def value_of(field: str) -> Expression:
    """A field's value, null where it is not there."""
    return {"$ifNull": [f"${field}", None]}


def is_present(value: Expression) -> Expression:
    """Whether a value is there, and not null."""
    return {"$gt": [value, None]}


def query(
    where: Where, kinds: Mapping[str, FieldKind], present: Sequence[str] = ()
) -> dict[str, Any]:
    """All filters as a query, and that one of the fields in `present` is there, if it names any;
    raises Invalid for a value that its field cannot have."""
    conditions: list[dict[str, Any]] = []
    if present:
        conditions.append({"$or": [{field: {"$ne": None}} for field in present]})
    for part in where:
        form = OPERATORS[part.op]
        bound = _operands(part, kinds[part.field])
        impossible = bound is None and not form.compares_none
        conditions.append({part.field: NEVER} if impossible else form.query(part.field, bound))
    return {"$and": conditions} if conditions else {}


def expression(where: Where, kinds: Mapping[str, FieldKind]) -> Expression:
    """All filters as an expression, None for no filter; raises Invalid as `query` does."""
    conditions = []
    for part in where:
        form = OPERATORS[part.op]
        bound = _operands(part, kinds[part.field])
        impossible = bound is None and not form.compares_none
        # What is not there is unequal to everything but itself, null too.
        asks_for_none = bound is None or (isinstance(bound, list) and None in bound)
        value = value_of(part.field) if asks_for_none else f"${part.field}"
        conditions.append(False if impossible else form.expression(value, bound))
    return all_of(conditions)


def all_of(conditions: Sequence[Expression]) -> Expression:
    """One condition for all of them, None for none."""
    if len(conditions) < 2:  # noqa: PLR2004  # nothing to put together
        return conditions[0] if conditions else None
    return {"$and": list(conditions)}


def _operands(part: Filter, kind: FieldKind) -> Any:
    """What is compared with: a value, a list of them, or a list of ranges."""
    return _bound(operands(part, partial(operand, kind)))


def _bound(value: Any) -> Any:
    """The same with its amounts of money as MongoDB has them, which Python cannot compare."""
    if isinstance(value, list):
        return [_bound(one) for one in value]
    if isinstance(value, tuple):
        return tuple(map(_bound, value))
    return Decimal128(value) if isinstance(value, Decimal) else value
