"""What an event can be told from elsewhere: the device from a user agent, a cost from tokens.

What was found is remembered: finding it takes longer than storing the event. The libraries that
know take a fifth of a second each to be ready, which neither the start nor an event should wait
for (`load`).
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .price_list import Rates

USER_AGENT_LENGTH = 1_000
"""Longer ones are cut: the rest says nothing, and parsing time grows with the length."""
DOLLAR_DECIMALS = 12
"""Finer than any price: what comes after is the noise of binary fractions."""


def load() -> None:
    """Have both libraries ready; for a thread. An event that comes earlier loads them itself."""
    device("Mozilla/5.0")
    price("gpt-4o", None, 0, 0, datetime.now(UTC))


@lru_cache(maxsize=4096)
def device(user_agent: str) -> tuple[str, str | None, str | None]:
    """The device type (desktop, mobile, tablet, bot, other), the browser and the OS's family;
    `unknown` for no user agent."""
    if not user_agent:
        return "unknown", None, None
    from .user_agents import device as named

    return named(user_agent)


def price(
    model: str, provider: str | None, input_tokens: int, output_tokens: int, at: datetime
) -> float | None:
    """US dollars for so many tokens on that day by the kept price list; see `family.Price`."""
    for above, request, input_, output in _listed(model, provider, at.date()):
        if input_tokens > above:
            dollars = request + input_tokens * input_ + output_tokens * output
            return round(dollars, DOLLAR_DECIMALS)
    return None


@lru_cache(maxsize=4096)
def _listed(model: str, provider: str | None, day: date) -> "tuple[Rates, ...]":
    from .price_list import listed

    return listed(model, provider, day)
