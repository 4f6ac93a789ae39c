"""Periods and scopes, as the filters they become."""

from datetime import timedelta

import pytest

from exporter.analytics.period import Period, scope_filters, select
from exporter.records.sale import SALE
from exporter.storage.query import Filter, Operator, equals

from ..recording import ADA, NOW, TENANT


def test_a_period_holds_its_start_and_not_its_end() -> None:
    assert Period(NOW, NOW + timedelta(days=1)).holds("createdAt") == (
        Filter("createdAt", Operator.GTE, NOW),
        Filter("createdAt", Operator.LT, NOW + timedelta(days=1)),
    )


@pytest.mark.parametrize(("hours", "interval"), [(1, "hour"), (48, "hour"), (49, "day")])
def test_a_series_is_by_the_hour_up_to_two_days(hours: int, interval: str) -> None:
    period = Period(NOW - timedelta(hours=hours), NOW)
    assert period.length == timedelta(hours=hours)
    assert period.interval == interval


def test_a_scope_is_a_tenant_and_perhaps_a_user() -> None:
    assert scope_filters(TENANT) == (equals("tenantId", "acme"),)
    assert scope_filters(ADA) == (equals("tenantId", "acme"), equals("userId", "ada"))
    assert scope_filters(None) == ()


def test_a_selection_is_scope_and_period_and_filters() -> None:
    period = Period(NOW, NOW)
    plan = equals("plan", "pro")
    assert select(SALE, ADA, period, (plan,)) == (
        *scope_filters(ADA),
        *period.holds("createdAt"),
        plan,
    )
