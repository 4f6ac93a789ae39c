"""What answers are made of: their base, rates, and averages of money."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from msgspec import Meta, Struct

from ..fields import Money

MONEY_STEP = Decimal(1).scaleb(-Money.DECIMALS)


class Answer(Struct, rename="camel", frozen=True):
    """An answer, or a part of one; its field names are camelCase in JSON."""


Exact = Annotated[
    bool,
    Meta(
        description="Whether percentiles are those of the records; if not, they were read from "
        "rollups and are within 5 % of the value."
    ),
]


def percent(part: float, whole: float) -> float | None:
    """`part` of `whole` in %; None where the whole is 0."""
    return 100 * part / whole if whole else None


def percent_of(part: Decimal, whole: Decimal) -> float | None:
    """`part` of `whole` in %, of exact amounts; None where the whole is 0."""
    return float(100 * part / whole) if whole else None


def change(current: Decimal, previous: Decimal) -> float | None:
    """(current - previous) / previous in %; None where the previous is 0."""
    return percent_of(current - previous, previous)


def average(amount: Decimal, count: int) -> Decimal | None:
    """`amount / count`, rounded as `to_step` does it; None over nothing."""
    return to_step(amount / count) if count else None


def to_step(amount: Decimal) -> Decimal:
    """`amount` in the 6 decimals that money is kept with, half to even."""
    return amount.quantize(MONEY_STEP, ROUND_HALF_EVEN)
