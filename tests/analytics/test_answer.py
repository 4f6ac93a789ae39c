"""Rates and averages of money."""

from decimal import Decimal

from exporter.analytics.answer import average, percent, to_step


def test_a_rate_is_in_percent() -> None:
    assert percent(1, 4) == 25.0


def test_a_rate_over_nothing_is_null() -> None:
    assert percent(0, 0) is None


def test_an_average_of_money_is_rounded_to_six_decimals() -> None:
    assert average(Decimal(100), 3) == Decimal("33.333333")


def test_an_average_over_nothing_is_null() -> None:
    assert average(Decimal(0), 0) is None


def test_half_a_step_is_rounded_to_even() -> None:
    assert to_step(Decimal("0.0000005")) == 0
    assert to_step(Decimal("0.0000015")) == Decimal("0.000002")
