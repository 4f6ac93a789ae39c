"""How each type of field is kept in a SQLite column: to storage, back, and as a filter's operand.

Money is kept as whole millionths and times as whole milliseconds since 1970, so that both compare,
sum and round-trip exactly. What is no scalar (maps, lists, mixed unions) is kept as JSON text, and
comes back as what JSON knows, unchecked: what was once stored stays readable.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import inspect

from ..clock import epoch_ms, from_epoch_ms
from ..fields import Money

LEAST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
JSON_WEIGHT = 16 * 1024
UNBOUNDED_TEXT_WEIGHT = 512


@dataclass(frozen=True, eq=False)
class Form:
    """The storage form of one type. Values that are None are never given to its functions.

    name: kept in the file, so that a field that changes its form is found out.
    sql: the column's type in a STRICT table.
    operand: what a filter's value is compared as; TypeError or ValueError says what was expected.
    store: a document's value as SQLite keeps it; None where it already is.
    load: the way back; None where nothing is to be done.
    """

    name: str
    sql: str
    operand: Callable[[Any], Any]
    store: Callable[[Any], Any] | None = None
    load: Callable[[Any], Any] | None = None


def money_units(amount: Decimal) -> int:
    """Whole millionths; ValueError where the amount is finer than that."""
    scaled = amount.scaleb(Money.DECIMALS)
    units = int(scaled)
    if units != scaled:
        raise ValueError(f"more than {Money.DECIMALS} decimals")
    return units


def money_of(units: int) -> Money:
    """The amount of so many millionths."""
    return Money(Decimal(units).scaleb(-Money.DECIMALS))


def _text_operand(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("Expected `str`")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("Expected text that UTF-8 can carry") from error
    return value


def _number_operand(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("Expected `number`")
    if math.isnan(value):
        raise ValueError("Expected a number that can be compared")
    if isinstance(value, int) and not LEAST_INTEGER <= value <= LARGEST_INTEGER:
        raise ValueError("Expected `int` of 64 bits")
    return value


def _flag_operand(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("Expected `bool`")
    return value


def _moment_operand(value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("Expected `datetime` with a time zone")
    return epoch_ms(value)


def _money_operand(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError("Expected `number`")
    amount = Decimal(repr(value) if isinstance(value, float) else value)
    if not amount.is_finite() or abs(amount) > money_of(LARGEST_INTEGER):
        raise ValueError("Expected an amount of money")
    scaled = amount.scaleb(Money.DECIMALS)
    # An amount between two millionths lies between two stored integers, as a float does.
    return int(scaled) if scaled == scaled.to_integral_value() else float(scaled)


def _no_operand(value: object) -> Any:
    raise TypeError("Expected nothing: the field can only be compared with None")


TEXT = Form("text", "TEXT", _text_operand)
INTEGER = Form("integer", "INTEGER", _number_operand)
REAL = Form("real", "REAL", _number_operand)
FLAG = Form("flag", "INTEGER", _flag_operand, load=bool)
MOMENT = Form("moment", "INTEGER", _moment_operand, epoch_ms, from_epoch_ms)
MONEY = Form("money", "INTEGER", _money_operand, money_units, money_of)
JSON = Form(
    "json",
    "TEXT",
    _no_operand,
    store=lambda value: msgspec.json.encode(value).decode(),
    load=msgspec.json.decode,
)
PRESENCE = Form("presence", "INTEGER", _no_operand)
"""1 where a nested struct is there, so that one without any values is not lost."""

_FORMS: dict[type[inspect.Type], Form] = {
    inspect.StrType: TEXT,
    inspect.IntType: INTEGER,
    inspect.FloatType: REAL,
    inspect.BoolType: FLAG,
    inspect.DateTimeType: MOMENT,
}
_LITERALS: dict[type, Form] = {str: TEXT, int: INTEGER}


def form_of(kind: Any) -> Form:
    """The form of a field's declared type."""
    parts = _alternatives(kind)
    if len(parts) != 1:
        return JSON
    part = parts[0]
    if isinstance(part, inspect.LiteralType):
        types = {type(value) for value in part.values}
        return (_LITERALS.get(types.pop()) if len(types) == 1 else None) or JSON
    if isinstance(part, inspect.CustomType) and part.cls is Money:
        return MONEY
    return _FORMS.get(type(part)) or JSON


def is_optional(kind: Any) -> bool:
    """Whether None is one of the type's values."""
    return len(_alternatives(kind)) < len(_union(kind))


def weight(kind: Any) -> int:
    """About how large a value can be; 0 for what is always small.

    Columns stand in this order: SQLite walks over what lies before a column to read it, and long
    texts lie on pages of their own.
    """
    if form_of(kind) is JSON:
        return JSON_WEIGHT
    part = _alternatives(kind)[0]
    if not isinstance(part, inspect.StrType):
        return 0
    return UNBOUNDED_TEXT_WEIGHT if part.max_length is None else part.max_length


def _union(kind: Any) -> tuple[inspect.Type, ...]:
    info = _bare(inspect.type_info(kind))
    return tuple(map(_bare, info.types)) if isinstance(info, inspect.UnionType) else (info,)


def _bare(info: inspect.Type) -> inspect.Type:
    """The type without what is only said about it: a title, a description."""
    return _bare(info.type) if isinstance(info, inspect.Metadata) else info


def _alternatives(kind: Any) -> tuple[inspect.Type, ...]:
    return tuple(part for part in _union(kind) if not isinstance(part, inspect.NoneType))
