"""What requests to models cost, by the price list that genai-prices brings along."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

_MILLION = 1_000_000
_THOUSAND = 1_000


class Rates(NamedTuple):
    """US dollars for a request with more than `above` tokens in: for itself and for each token."""

    above: int
    request: float
    input: float
    output: float


def listed(model: str, provider: str | None, day: date) -> tuple[Rates, ...]:
    """What the price list says of a model on a day, the largest requests first.

    Nothing where it does not know the model.
    """
    try:
        _, info = get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        # Providers go by more names than the list knows.
        return () if provider is None else listed(model, None, day)
    prices = info.get_prices(datetime.combine(day, time(), UTC))
    each = (
        (prices.requests_kcount, _THOUSAND),
        (prices.input_mtok, _MILLION),
        (prices.output_mtok, _MILLION),
    )
    steps = {
        tier.start for price, _ in each if isinstance(price, TieredPrices) for tier in price.tiers
    }
    return tuple(
        Rates(above, *(_rate(price, above) / per for price, per in each))
        for above in (*sorted(steps, reverse=True), -1)
    )


def _rate(price: Decimal | TieredPrices | None, above: int) -> float:
    """The price that holds for requests with just over `above` tokens in, for all their tokens."""
    if isinstance(price, TieredPrices):
        reached = [tier.price for tier in price.tiers if tier.start <= above]
        price = reached[-1] if reached else price.base
    return float(price or 0)
