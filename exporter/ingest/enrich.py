"""What an event can be told from elsewhere: the device from a user agent, a cost from tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache

from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import PriceCalculation
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

_Tiered = Callable[[Usage], PriceCalculation]


@dataclass(frozen=True, slots=True)
class _Rates:
    """US dollars a token, of a model whose price does not depend on the size of the request."""

    input: float
    output: float


@lru_cache(maxsize=4096)
def _listed(model: str, provider: str | None, day: date) -> _Rates | _Tiered | None:
    """What the price list says of a model on a day; None where it does not know the model.

    Remembered, because finding a model takes the library longer than storing the event.
    """
    snapshot = get_snapshot()
    try:
        seller, info = snapshot.find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    at = datetime.combine(day, time(), UTC)
    prices = info.get_prices(at)
    rates = (prices.input_mtok or Decimal(0), prices.output_mtok or Decimal(0))
    if all(isinstance(rate, Decimal) for rate in rates):
        return _Rates(*(float(rate) / 1e6 for rate in rates))  # type: ignore[arg-type]  # checked
    return lambda usage: info.calc_price(usage, seller, genai_request_timestamp=at)


def price(
    model: str, provider: str | None, input_tokens: int, output_tokens: int, at: datetime
) -> float | None:
    """US dollars for so many tokens on that day by the kept price list; see `family.Price`."""
    listed = _listed(model, provider, at.date())
    if listed is None and provider is not None:
        listed = _listed(model, None, at.date())  # providers go by more names than the list knows
    if listed is None:
        return None
    if isinstance(listed, _Rates):
        dollars = input_tokens * listed.input + output_tokens * listed.output
        return round(dollars, DOLLAR_DECIMALS)
    return float(listed(Usage(input_tokens=input_tokens, output_tokens=output_tokens)).total_price)
