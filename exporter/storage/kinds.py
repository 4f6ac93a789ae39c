"""The kinds of field that a store tells apart, and what each may be compared with.

Both engines derive from a field's declared type what they keep; what they keep it as is their own.
"""

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import inspect

from ..fields import Money

LEAST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
LARGEST_AMOUNT = Decimal(LARGEST_INTEGER).scaleb(-Money.DECIMALS)


class FieldKind(StrEnum):
    """What a field's values are."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    FLAG = "flag"
    MOMENT = "moment"
    MONEY = "money"
    BYTES = "bytes"
    MAP = "map"
    """A free object: whatever JSON knows, by names that nobody declared."""
    MIXED = "mixed"
    """A list, or values of several kinds."""


_KINDS: dict[type[inspect.Type], FieldKind] = {
    inspect.StrType: FieldKind.TEXT,
    inspect.IntType: FieldKind.INTEGER,
    inspect.FloatType: FieldKind.REAL,
    inspect.BoolType: FieldKind.FLAG,
    inspect.DateTimeType: FieldKind.MOMENT,
    inspect.BytesType: FieldKind.BYTES,
    inspect.DictType: FieldKind.MAP,
}
_LITERALS: dict[type, FieldKind] = {str: FieldKind.TEXT, int: FieldKind.INTEGER}


def kind_of(declared: Any) -> FieldKind:
    """The kind of a field, of its declared type (`Label | None`); nested structs have none."""
    parts = alternatives(declared)
    if len(parts) != 1:
        return FieldKind.MIXED
    part = parts[0]
    if isinstance(part, inspect.LiteralType):
        types = {type(value) for value in part.values}
        only = types.pop() if len(types) == 1 else object
        return _LITERALS.get(only, FieldKind.MIXED)
    if isinstance(part, inspect.CustomType) and part.cls is Money:
        return FieldKind.MONEY
    return _KINDS.get(type(part), FieldKind.MIXED)


def is_optional(declared: Any) -> bool:
    """Whether None is one of the type's values."""
    return len(alternatives(declared)) < len(_union(declared))


def alternatives(declared: Any) -> tuple[inspect.Type, ...]:
    """What a value of the type may be, if it is not None."""
    return tuple(part for part in _union(declared) if not isinstance(part, inspect.NoneType))


def _union(declared: Any) -> tuple[inspect.Type, ...]:
    info = _bare(inspect.type_info(declared))
    return tuple(map(_bare, info.types)) if isinstance(info, inspect.UnionType) else (info,)


def _bare(info: inspect.Type) -> inspect.Type:
    """The type without what is only said about it: a title, a description."""
    return _bare(info.type) if isinstance(info, inspect.Metadata) else info


def operand(kind: FieldKind, value: object) -> Any:
    """What a filter compares a field of that kind with, for a `value` that is not None.

    Amounts of money become Decimals; everything else stays what it is. TypeError or ValueError
    says what was expected.
    """
    return _OPERANDS[kind](value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("Expected `str`")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("Expected text that UTF-8 can carry") from error
    return value


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("Expected `number`")
    if math.isnan(value):
        raise ValueError("Expected a number that can be compared")
    if isinstance(value, int) and not LEAST_INTEGER <= value <= LARGEST_INTEGER:
        raise ValueError("Expected `int` of 64 bits")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("Expected `bool`")
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("Expected `datetime` with a time zone")
    return value


def _money(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError("Expected `number`")
    amount = Decimal(repr(value) if isinstance(value, float) else value)
    if not amount.is_finite() or abs(amount) > LARGEST_AMOUNT:
        raise ValueError("Expected an amount of money")
    return amount


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("Expected `bytes`")
    return value


def _nothing(value: object) -> Any:
    raise TypeError("Expected nothing: the field can only be compared with None")


_OPERANDS: dict[FieldKind, Callable[[object], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.INTEGER: _number,
    FieldKind.REAL: _number,
    FieldKind.FLAG: _flag,
    FieldKind.MOMENT: _moment,
    FieldKind.MONEY: _money,
    FieldKind.BYTES: _bytes,
    FieldKind.MAP: _nothing,
    FieldKind.MIXED: _nothing,
}
