"""The main numbers, and the change from one period to another."""

from decimal import Decimal

import pytest

from exporter.access.principal import Scope
from exporter.analytics.engagement import engagement_stats
from exporter.analytics.exchange import Rates
from exporter.analytics.kpis import COMPARED, changes, comparison, kpis
from exporter.analytics.performance import performance_stats
from exporter.analytics.period import Period
from exporter.analytics.sales import sales_stats
from exporter.analytics.usage import ai_stats
from exporter.rollups.store import RolledStore

from ..recording import (
    ADA,
    DAY,
    NOW,
    TENANT,
    Recorder,
    ai_request,
    engagement,
    performance,
    sale,
)

NEW = Period(NOW - 10 * DAY, NOW)
OLD = NEW.before


@pytest.fixture
async def two_periods(record: Recorder) -> None:
    """Twice as much in the new one as in the old, and euros only in one of them each."""
    then = NOW - 15 * DAY
    await record(
        ai_request(duration_ms=100.0, status="completed"),
        ai_request(duration_ms=300.0, status="completed", user_id="bob"),
        ai_request(duration_ms=400.0, created_at=then),
        engagement(),
        performance(),
        sale("30"),
        sale("9", currency="EUR"),
        sale("20", created_at=then),
        sale("7", currency="GBP", created_at=then),
    )


@pytest.mark.usefixtures("two_periods")
@pytest.mark.parametrize("scope", [TENANT, ADA])
async def test_the_main_numbers_are_those_of_each_subject(store: RolledStore, scope: Scope) -> None:
    found = await kpis(store, scope, NEW)
    assert found.ai_requests == await ai_stats(store, scope, NEW)
    assert found.user_engagement == await engagement_stats(store, scope, NEW)
    assert found.sales == await sales_stats(store, scope, NEW)
    assert found.performance == await performance_stats(store, scope, NEW)


@pytest.mark.usefixtures("two_periods")
async def test_every_number_has_its_change(store: RolledStore) -> None:
    found = await comparison(store, TENANT, "ai-requests", current=NEW, previous=OLD)
    assert found.current["totalRequests"] == 2
    assert found.previous["totalRequests"] == 1
    assert found.change.keys() == found.current.keys() - {"exact"}
    assert (found.change["totalRequests"], found.change["avgDuration"]) == (100.0, -50.0)
    assert found.change["totalTokens"] is None
    assert found.change["successRate"] is None


@pytest.mark.usefixtures("two_periods")
async def test_money_changes_currency_by_currency(store: RolledStore) -> None:
    rates = Rates("USD", {"EUR": Decimal(1), "GBP": Decimal(1)})
    found = await comparison(store, TENANT, "sales", current=NEW, previous=OLD, rates=rates)
    change = found.change["byCurrency"]
    assert change["USD"]["revenue"] == 50.0
    assert change["GBP"]["revenue"] == -100.0
    assert change["EUR"]["revenue"] is None
    assert change["USD"]["refunds"] is None
    assert found.change["converted"]["revenue"] == pytest.approx(100 * 12 / 27)
    assert "missing" not in found.change["converted"]


@pytest.mark.usefixtures("two_periods")
@pytest.mark.parametrize("metric", COMPARED)
async def test_a_period_beside_itself_does_not_change(store: RolledStore, metric: str) -> None:
    found = await comparison(store, TENANT, metric, current=NEW, previous=NEW)
    assert found.current == found.previous

    def leaves(part: dict) -> set:
        return set().union(
            *(leaves(one) if isinstance(one, dict) else {one} for one in part.values())
        )

    assert leaves(found.change) == {0.0, None}


def test_changes_of_what_is_absent_null_or_no_number() -> None:
    current = {"gone": None, "text": "a", "same": 1, "flag": True, "new": 3, "part": {"x": 2}}
    previous = {"gone": 5, "text": "b", "same": 1, "flag": False, "lost": 4, "old": {"x": 4}}
    assert changes(current, previous) == {
        "gone": None,
        "same": 0.0,
        "new": None,
        "part": {"x": None},
        "lost": -100.0,
        "old": {"x": -100.0},
    }
