"""How each type of field is kept in a SQLite column: to storage, back, and as a filter's operand.

Money is kept as whole millionths and times as whole milliseconds since 1970, so that both compare,
sum and round-trip exactly. What is no scalar (maps, lists, mixed unions) is kept as JSON text, and
comes back as what JSON knows, unchecked: what was once stored stays readable.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
from msgspec import inspect

from ..clock import epoch_ms, from_epoch_ms
from ..fields import Money
from .kinds import FieldKind, alternatives, kind_of, operand

JSON_WEIGHT = 16 * 1024
UNBOUNDED_WEIGHT = 512


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
    return Money(amount_of(units))


def amount_of(units: int) -> Decimal:
    """The same as a plain number: sums are many, and nothing checks them again."""
    return Decimal(units).scaleb(-Money.DECIMALS)


def _moment_operand(value: object) -> int:
    return epoch_ms(operand(FieldKind.MOMENT, value))


def _money_operand(value: object) -> int | float:
    scaled: Decimal = operand(FieldKind.MONEY, value).scaleb(Money.DECIMALS)
    # An amount between two millionths lies between two stored integers, as a float does.
    return int(scaled) if scaled == scaled.to_integral_value() else float(scaled)


TEXT = Form("text", "TEXT", partial(operand, FieldKind.TEXT))
INTEGER = Form("integer", "INTEGER", partial(operand, FieldKind.INTEGER))
REAL = Form("real", "REAL", partial(operand, FieldKind.REAL))
FLAG = Form("flag", "INTEGER", partial(operand, FieldKind.FLAG), load=bool)
MOMENT = Form("moment", "INTEGER", _moment_operand, epoch_ms, from_epoch_ms)
MONEY = Form("money", "INTEGER", _money_operand, money_units, money_of)
BYTES = Form("bytes", "BLOB", partial(operand, FieldKind.BYTES))
JSON = Form(
    "json",
    "TEXT",
    partial(operand, FieldKind.MIXED),
    store=lambda value: msgspec.json.encode(value).decode(),
    load=msgspec.json.decode,
)
COUNTER = Form("integer", "INTEGER", partial(operand, FieldKind.INTEGER))
"""A whole number that is declared to be COUNTED at most."""
COUNTED = 2**40
"""Millions of such numbers can be added up without leaving 64 bits."""
PRESENCE = Form("presence", "INTEGER", partial(operand, FieldKind.MIXED))
"""1 where a nested struct is there, so that one without any values is not lost."""

_FORMS: dict[FieldKind, Form] = {
    FieldKind.TEXT: TEXT,
    FieldKind.INTEGER: INTEGER,
    FieldKind.REAL: REAL,
    FieldKind.FLAG: FLAG,
    FieldKind.MOMENT: MOMENT,
    FieldKind.MONEY: MONEY,
    FieldKind.BYTES: BYTES,
    FieldKind.MAP: JSON,
    FieldKind.MIXED: JSON,
}


def form_of(declared: Any) -> Form:
    """The form of a field's declared type."""
    form = _FORMS[kind_of(declared)]
    return COUNTER if form is INTEGER and _most(declared) <= COUNTED else form


def _most(declared: Any) -> float:
    """The largest number that a type allows."""
    part = alternatives(declared)[0]
    most = part.le if isinstance(part, inspect.IntType) else None
    return math.inf if most is None else most


def weight(declared: Any) -> int:
    """About how large a value can be; 0 for what is always small.

    Columns stand in this order: SQLite walks over what lies before a column to read it, and what
    is long lies on pages of its own.
    """
    if form_of(declared) is JSON:
        return JSON_WEIGHT
    part = alternatives(declared)[0]
    if not isinstance(part, inspect.StrType | inspect.BytesType):
        return 0
    return UNBOUNDED_WEIGHT if part.max_length is None else part.max_length
