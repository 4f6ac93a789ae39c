"""What is told from a user agent, and costs that are worked out from the price list."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider

from exporter.ingest.enrich import device, price

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)
"""When the prices of a day are looked up: a few change with the hour."""
SIZES = (0, 1, 1_000, 128_000, 128_001, 200_000, 200_001, 1_000_000)
"""Tokens in: small requests, and those around where the prices of some models change."""


def listed() -> Iterator[tuple[str, Provider, ModelInfo]]:
    """Every model that the price list finds, with the name that finds it."""
    prices = get_snapshot()
    for provider in prices.providers:
        for model in provider.models:
            with suppress(LookupError):  # a few names are read as another model's
                yield model.id, *prices.find_provider_model(model.id, None, provider.id, None)


def library_price(model: ModelInfo, provider: Provider, tokens: int) -> float:
    """What the library works out for so many tokens in, and a third as many out."""
    usage = Usage(input_tokens=tokens, output_tokens=tokens // 3)
    return float(model.calc_price(usage, provider, genai_request_timestamp=MIDNIGHT).total_price)


def test_a_cost_is_what_the_price_list_itself_works_out() -> None:
    by_size = 0
    for name, provider, model in listed():
        costs = [price(name, provider.id, size, size // 3, NOON) for size in SIZES]
        expected = [library_price(model, provider, size) for size in SIZES]
        assert costs == pytest.approx(expected, rel=1e-9, abs=1e-12), name
        by_size += expected[-1] > 1.1 * expected[2] * SIZES[-1] / SIZES[2]
    assert by_size  # some models charge more for each token of a large request


def test_a_model_by_a_provider_that_the_list_does_not_know_has_the_price_of_its_name() -> None:
    assert price("gpt-4o", "our-gateway", 900, 120, NOON) == price("gpt-4o", None, 900, 120, NOON)
    assert price("gpt-4o", None, 1_000_000, 0, NOON) == pytest.approx(2.5)


def test_a_model_that_the_list_does_not_know_has_no_price() -> None:
    assert price("our-own-model", None, 900, 120, NOON) is None
    assert price("our-own-model", "openai", 900, 120, NOON) is None


@pytest.mark.parametrize(
    ("user_agent", "found"),
    [
        ("", ("unknown", None, None)),
        ("curl/8.5.0", ("other", "curl", None)),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/124.0.0.0 Safari/537.36",
            ("desktop", "Chrome", "Windows"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/124.0.0.0 Mobile Safari/537.36",
            ("mobile", "Chrome Mobile", "Android"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/124.0.0.0 Safari/537.36",
            ("tablet", "Chrome", "Android"),
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            ("bot", "Googlebot", None),
        ),
    ],
)
def test_a_user_agent_tells_the_device(
    user_agent: str, found: tuple[str, str | None, str | None]
) -> None:
    assert device(user_agent) == found
