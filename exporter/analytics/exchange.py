"""Exchange rates: totals in one currency, beside those by currency.

Without configured rates currencies are never added. With them, every total is converted at the
same rates whatever its period: the difference of two periods is one of money, not of rates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta

from ..settings import Settings
from .answer import Answer, to_step


class Converted(Answer, frozen=True):
    """What the converted amounts of an answer are made with."""

    currency: Annotated[str, Meta(description="The currency that amounts were converted to.")]
    rates: Annotated[
        dict[str, Decimal],
        Meta(description="What one unit of each currency is worth in it, as configured."),
    ]
    missing: Annotated[
        list[str],
        Meta(description="Currencies without a rate; with any of them, the totals are null."),
    ]


@dataclass(frozen=True)
class Rates:
    """What one unit of each currency is worth in the reporting `currency`."""

    currency: str
    rates: Mapping[str, Decimal]

    def rate(self, currency: str) -> Decimal | None:
        """The rate of a currency, None for one without; the reporting currency's own is 1."""
        return Decimal(1) if currency == self.currency else self.rates.get(currency)

    def exact(self, amounts: Mapping[str, Decimal]) -> Decimal | None:
        """The sum of amounts by currency, converted; None where one has no rate."""
        total = Decimal(0)
        for currency, amount in amounts.items():
            rate = self.rate(currency)
            if rate is None:
                return None
            total += amount * rate
        return total

    def total(self, amounts: Mapping[str, Decimal]) -> Decimal | None:
        """The same, rounded to 6 decimals, half to even."""
        total = self.exact(amounts)
        return None if total is None else to_step(total)

    def used(self, currencies: Iterable[str]) -> dict[str, Any]:
        """The fields of `Converted` for amounts in these currencies."""
        known = {currency: self.rate(currency) for currency in sorted(currencies)}
        return {
            "currency": self.currency,
            "rates": {currency: rate for currency, rate in known.items() if rate is not None},
            "missing": [currency for currency, rate in known.items() if rate is None],
        }


def rates_of(settings: Settings) -> Rates | None:
    """The configured rates; None where no reporting currency is set."""
    if settings.reporting_currency is None:
        return None
    return Rates(settings.reporting_currency, {one.currency: one.rate for one in settings.fx_rates})
