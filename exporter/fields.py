"""The types that a family's schema is built of.

Storage derives columns from them, validation its checks, the OpenAPI page its schemas.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta

# No control characters: an identifier ends up in headers, exemplars, URLs and log lines.
# `$(?!\n)` because Python's `$` also matches before a last newline.
Identifier = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)",
        description="No control characters.",
    ),
]
Label = Annotated[str, Meta(min_length=1, max_length=128)]
ShortText = Annotated[str, Meta(max_length=1_000)]
Url = Annotated[str, Meta(max_length=2_048)]
Moment = Annotated[datetime, Meta(tz=True)]
# 2^53: the largest count that every JSON reader and a double hold exactly.
Count = Annotated[int, Meta(ge=0, le=2**53)]
Quantity = Annotated[float, Meta(ge=0, le=1e15)]
Milliseconds = Annotated[float, Meta(ge=0, le=1e12)]
Dollars = Annotated[float, Meta(ge=0, le=1e12)]
Percentage = Annotated[float, Meta(ge=0, le=100)]
Share = Annotated[float, Meta(ge=0, le=1)]
FreeMap = dict[str, Any]

FREE_MAP_BYTES = 16 * 1024


class Money(Decimal):
    """An exact amount of money, read from a JSON number.

    At most 6 decimals and 15 significant digits: what a double carries without loss, so that a
    client's JSON library cannot change the amount on its way here.
    """

    LARGEST = Decimal(10) ** 12
    DECIMALS = 6
    DIGITS = 15

    @classmethod
    def parse(cls, value: object) -> "Money":
        """The amount that a decoded JSON value means; ValueError says what is wrong with it."""
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError("Expected `number`")  # noqa: TRY004  # what msgspec makes a problem of
        amount = cls(repr(value) if isinstance(value, float) else value)
        if not amount.is_finite() or not 0 <= amount <= cls.LARGEST:
            raise ValueError("Expected `number` >= 0 and <= 1e12")
        _, digits, exponent = amount.normalize().as_tuple()
        if -int(exponent) > cls.DECIMALS or len(digits) > cls.DIGITS:
            raise ValueError(
                f"Expected at most {cls.DECIMALS} decimals and {cls.DIGITS} significant digits"
            )
        return amount


def decode_hook(kind: type, value: object) -> object:
    """msgspec's `dec_hook` for the types above that it does not know."""
    if kind is Money:
        return Money.parse(value)
    raise NotImplementedError(f"no decoder for {kind!r}")
