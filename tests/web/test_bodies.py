"""Answers as the contract spells JSON."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from exporter.fields import Money
from exporter.web.bodies import encode


class Answer(msgspec.Struct, rename="camel"):
    """An answer with everything special in it."""

    total_amount: Decimal
    at: datetime
    share: float | None


def test_money_is_a_number_and_times_have_milliseconds() -> None:
    at = datetime(2026, 1, 31, 9, 15, 30, 120_000, tzinfo=timezone(timedelta(hours=1)))
    assert encode(Answer(Decimal("100000.00"), at, float("nan"))) == (
        b'{"totalAmount":100000,"at":"2026-01-31T08:15:30.120Z","share":null}'
    )
    assert encode({"at": datetime(2026, 1, 1, tzinfo=UTC)}) == b'{"at":"2026-01-01T00:00:00.000Z"}'


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.10", "0.1"), ("0", "0"), ("1E+3", "1000"), ("19.999999", "19.999999"), ("-5.50", "-5.5")],
)
def test_money_is_exact(amount: str, text: str) -> None:
    assert encode([Decimal(amount), Money(amount)]) == f"[{text},{text}]".encode()


def test_what_no_answer_may_hold_is_a_bug() -> None:
    with pytest.raises(TypeError, match="object"):
        encode({"x": object()})


def test_numbers_of_more_than_64_bits_are_whole_too() -> None:
    at = datetime(2026, 3, 15, 12, tzinfo=UTC)
    answer = {"sums": [2**63, 2**64 - 1, 2**64, -(2**64)], "at": at, "cost": Decimal("0.10")}
    assert encode(answer) == (
        b'{"sums":[9223372036854775808,18446744073709551615,18446744073709551616,'
        b'-18446744073709551616],"at":"2026-03-15T12:00:00.000Z","cost":0.1}'
    )
