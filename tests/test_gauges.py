"""The gauges that come from the store, over all tenants."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from exporter import gauges
from exporter.metrics import catalogue
from exporter.metrics.catalogue import Gauge
from exporter.metrics.values import Metrics
from exporter.storage.base import Store, StoreUnavailable

from .recording import (
    DAY,
    NOW,
    Recorder,
    ai_request,
    engagement,
    performance,
    recorder,
    sale,
    subscription,
)

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[Recorder]:
    """Records documents in an empty store."""
    async with recorder(tmp_path) as opened:
        yield opened


async def refreshed(opened: Store) -> Metrics:
    """The metrics after one refresh."""
    metrics = Metrics()
    await gauges.refresh(opened, metrics, NOW)
    return metrics


def shown(metrics: Metrics, gauge: Gauge) -> dict[tuple[str, ...], float]:
    """Every series of a gauge."""
    (family,) = (part for part in metrics.collect() if part.name == gauge.name)
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


async def test_requests_in_progress_are_shown_by_model(record: Recorder) -> None:
    await record(
        ai_request(created_at=NOW, status="pending"),
        ai_request(created_at=NOW, status="processing", tenant_id="globex"),
        ai_request(created_at=NOW, status="completed", model="opus"),
    )
    metrics = await refreshed(record.store)
    assert shown(metrics, catalogue.AI_REQUESTS_IN_PROGRESS) == {("gpt",): 2.0}


async def test_users_of_the_last_five_minutes_are_shown_by_plan(record: Recorder) -> None:
    await record(
        engagement(timestamp=NOW, user_plan="free"),
        sale(created_at=NOW - 5 * MINUTE + MOMENT, user_id="bob", user_plan="pro"),
        performance(timestamp=NOW, user_id="eve", user_plan=None),
        engagement(timestamp=NOW, user_plan="free", tenant_id="globex"),
        engagement(timestamp=NOW - 5 * MINUTE, user_id="late"),
    )
    metrics = await refreshed(record.store)
    assert shown(metrics, catalogue.ACTIVE_USERS_CURRENT) == {
        ("free",): 2.0,
        ("pro",): 1.0,
        ("",): 1.0,
    }


async def test_active_users_are_shown_by_window(record: Recorder) -> None:
    await record(
        engagement(timestamp=NOW),
        ai_request(created_at=NOW - DAY, user_id="b"),
        sale(created_at=NOW - 6 * DAY, user_id="c"),
        performance(timestamp=NOW - 29 * DAY, user_id="d"),
        sale(created_at=NOW - 30 * DAY, user_id="e"),
        sale(created_at=NOW - 29 * DAY),
    )
    metrics = await refreshed(record.store)
    assert shown(metrics, catalogue.ACTIVE_USERS) == {("1d",): 1.0, ("7d",): 3.0, ("30d",): 4.0}


async def test_who_came_late_is_shown_at_the_next_refresh(record: Recorder) -> None:
    await record(engagement(timestamp=NOW, user_id="bob"))
    metrics = await refreshed(record.store)
    await record(
        engagement(timestamp=NOW - MINUTE, user_plan="pro"),
        engagement(timestamp=NOW - 2 * MINUTE, user_plan="free"),
        engagement(timestamp=NOW - 20 * MINUTE, user_id="eve"),
    )
    await gauges.refresh(record.store, metrics, NOW + MINUTE)
    assert shown(metrics, catalogue.ACTIVE_USERS_CURRENT) == {("free",): 1.0, ("pro",): 1.0}
    assert shown(metrics, catalogue.ACTIVE_USERS)["1d",] == 3.0


async def test_windows_without_users_show_zero(record: Recorder) -> None:
    metrics = await refreshed(record.store)
    assert set(shown(metrics, catalogue.ACTIVE_USERS).values()) == {0.0}


async def test_subscriptions_and_their_revenue_add_up_over_tenants(record: Recorder) -> None:
    await record(
        subscription("10"),
        subscription("120", terms={"interval": "yearly"}, tenant_id="globex"),
        subscription("5", plan=None, currency="EUR", terms={"auto_renew": False}),
        subscription("7", plan="trial", terms={"trial_end": NOW + DAY}),
    )
    metrics = await refreshed(record.store)
    assert shown(metrics, catalogue.SUBSCRIPTIONS_CURRENT) == {
        ("pro", "active"): 2.0,
        ("", "cancelled"): 1.0,
        ("trial", "trial"): 1.0,
    }
    assert shown(metrics, catalogue.MONTHLY_RECURRING_REVENUE) == {
        ("pro", "USD"): 20.0,
        ("", "EUR"): 5.0,
    }


async def test_what_is_gone_vanishes_at_the_next_refresh(record: Recorder) -> None:
    await record(ai_request(created_at=NOW, status="pending"))
    metrics = await refreshed(record.store)
    await gauges.refresh(record.store, metrics, NOW + 2 * DAY)
    assert shown(metrics, catalogue.AI_REQUESTS_IN_PROGRESS) == {}
    assert shown(metrics, catalogue.ACTIVE_USERS) == {("1d",): 0.0, ("7d",): 1.0, ("30d",): 1.0}


async def test_a_failed_refresh_leaves_the_last_values(record: Recorder) -> None:
    await record(ai_request(created_at=NOW, status="pending"))
    metrics = await refreshed(record.store)
    await record.store.close()
    with pytest.raises(StoreUnavailable):
        await gauges.refresh(record.store, metrics, NOW)
    assert metrics.value(catalogue.AI_REQUESTS_IN_PROGRESS, ("gpt",)) == 1.0
