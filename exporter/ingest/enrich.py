"""What an event can be told from elsewhere: the device from a user agent, a cost from tokens."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices
from ua_parser import parse

USER_AGENT_LENGTH = 1_000
"""Longer ones are cut: the rest says nothing, and parsing time grows with the length."""

_PHONES = ("iphone", "windows phone")
_TABLETS = ("ipad", "tablet", "kindle", "nexus 7", "nexus 10", "sm-t", "sm-x")


@lru_cache(maxsize=4096)
def device(user_agent: str) -> tuple[str, str | None, str | None]:
    """The device type (desktop, mobile, tablet, bot, other), the browser and the OS's family.

    `unknown` for no user agent. The families are those of ua-parser; the type is not among them,
    so it follows from what browsers send: Android phones say `Mobile`, Android tablets do not.
    """
    if not user_agent:
        return "unknown", None, None
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    os = found.os.family if found.os else None
    family = found.device.family if found.device else None
    return _device_type(user_agent.lower(), family, os), browser, os


def _device_type(user_agent: str, family: str | None, os: str | None) -> str:
    if family == "Spider":
        return "bot"
    if any(word in user_agent for word in _TABLETS):
        return "tablet"
    if any(word in user_agent for word in _PHONES):
        return "mobile"
    if os == "Android":
        return "mobile" if "mobile" in user_agent else "tablet"
    if os in {"Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian"}:
        return "desktop"
    return "mobile" if "mobile" in user_agent else "other"


DOLLAR_DECIMALS = 12
"""Finer than any price: what comes after is the noise of binary fractions."""

_MILLION = 1_000_000
_THOUSAND = 1_000


class _Rates(NamedTuple):
    """US dollars for a request with more than `above` tokens in: for itself and for each token."""

    above: int
    request: float
    input: float
    output: float


@lru_cache(maxsize=4096)
def _listed(model: str, provider: str | None, day: date) -> tuple[_Rates, ...]:
    """What the price list says of a model on a day, the largest requests first.

    Nothing where it does not know the model. Remembered, because finding a model takes the library
    longer than storing the event, and calculating a price as long.
    """
    try:
        _, info = get_snapshot().find_provider_model(model, None, provider, None)
    except LookupError:
        # Providers go by more names than the list knows.
        return () if provider is None else _listed(model, None, day)
    prices = info.get_prices(datetime.combine(day, time(), UTC))
    listed = (
        (prices.requests_kcount, _THOUSAND),
        (prices.input_mtok, _MILLION),
        (prices.output_mtok, _MILLION),
    )
    steps = {
        tier.start for price, _ in listed if isinstance(price, TieredPrices) for tier in price.tiers
    }
    return tuple(
        _Rates(above, *(_rate(price, above) / per for price, per in listed))
        for above in (*sorted(steps, reverse=True), -1)
    )


def _rate(price: Decimal | TieredPrices | None, above: int) -> float:
    """The price that holds for requests with just over `above` tokens in, for all their tokens."""
    if isinstance(price, TieredPrices):
        reached = [tier.price for tier in price.tiers if tier.start <= above]
        price = reached[-1] if reached else price.base
    return float(price or 0)


def price(
    model: str, provider: str | None, input_tokens: int, output_tokens: int, at: datetime
) -> float | None:
    """US dollars for so many tokens on that day by the kept price list; see `family.Price`."""
    for above, request, input_, output in _listed(model, provider, at.date()):
        if input_tokens > above:
            dollars = request + input_tokens * input_ + output_tokens * output
            return round(dollars, DOLLAR_DECIMALS)
    return None
