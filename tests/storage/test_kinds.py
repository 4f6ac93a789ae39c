"""The kinds of fields, and what they are compared with."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest

from exporter.fields import FreeMap, Label, Moment, Money, Quantity
from exporter.storage.kinds import FieldKind, is_optional, kind_of, operand

KINDS: list[tuple[Any, FieldKind]] = [
    (str, FieldKind.TEXT),
    (Label | None, FieldKind.TEXT),
    (Literal["a", "b"], FieldKind.TEXT),
    (Literal["a", "b"] | None, FieldKind.TEXT),
    (int, FieldKind.INTEGER),
    (Literal[1, 2], FieldKind.INTEGER),
    (Quantity | None, FieldKind.REAL),
    (bool | None, FieldKind.FLAG),
    (Moment, FieldKind.MOMENT),
    (Money | None, FieldKind.MONEY),
    (FreeMap | None, FieldKind.MAP),
    (list[int], FieldKind.MIXED),
    (float | list[float] | None, FieldKind.MIXED),
    (Literal["a", 1], FieldKind.MIXED),
    (bytes | None, FieldKind.BYTES),
]


@pytest.mark.parametrize(("declared", "kind"), KINDS, ids=[str(kind[0]) for kind in KINDS])
def test_a_declared_type_has_a_kind(declared: Any, kind: FieldKind) -> None:
    assert kind_of(declared) is kind


def test_a_type_with_none_is_optional() -> None:
    assert is_optional(Label | None)
    assert not is_optional(Label)


@pytest.mark.parametrize(
    ("kind", "value", "compared"),
    [
        (FieldKind.TEXT, "$x", "$x"),
        (FieldKind.INTEGER, 1.5, 1.5),
        (FieldKind.REAL, 2**63 - 1, 2**63 - 1),
        (FieldKind.FLAG, False, False),
        (FieldKind.MOMENT, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (FieldKind.MONEY, 0.1, Decimal("0.1")),
        (FieldKind.MONEY, 5, Decimal(5)),
        (FieldKind.MONEY, Decimal("0.10"), Decimal("0.1")),
        (FieldKind.BYTES, b"\x00", b"\x00"),
    ],
)
def test_a_value_is_compared_as_what_it_is_written_as(
    kind: FieldKind, value: Any, compared: Any
) -> None:
    assert operand(kind, value) == compared


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldKind.TEXT, 1),
        (FieldKind.TEXT, "\udfff"),
        (FieldKind.INTEGER, True),
        (FieldKind.INTEGER, 2**63),
        (FieldKind.REAL, float("nan")),
        (FieldKind.FLAG, 1),
        (FieldKind.MOMENT, datetime(2026, 1, 1)),  # without a zone on purpose
        (FieldKind.MONEY, "1"),
        (FieldKind.MONEY, float("inf")),
        (FieldKind.MONEY, 10**13),
        (FieldKind.BYTES, "\x00"),
        (FieldKind.MAP, {}),
        (FieldKind.MIXED, 1),
    ],
)
def test_a_value_of_another_kind_is_refused(kind: FieldKind, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"Expected"):
        operand(kind, value)
