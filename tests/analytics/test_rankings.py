"""Rankings, each by its own measure."""

import pytest

from exporter.access.principal import Scope
from exporter.analytics.answer import Answer
from exporter.analytics.rankings import RANKINGS
from exporter.rollups.store import RolledStore

from ..recording import (
    ADA,
    LAST_MONTH,
    TENANT,
    Recorder,
    ai_request,
    engagement,
    performance,
    sale,
)


async def rank(
    store: RolledStore, name: str, limit: int = 10, scope: Scope = TENANT
) -> list[Answer]:
    """The items of a ranking."""
    return list(await RANKINGS[name].rank(store, scope, LAST_MONTH, (), limit))


def shown(items: list[Answer], *names: str) -> list[tuple[object, ...]]:
    """Some attributes of each item."""
    return [tuple(getattr(item, name) for name in names) for item in items]


def test_users_and_revenue_are_for_admins() -> None:
    assert {name for name, ranking in RANKINGS.items() if ranking.admin_only} == {
        "users",
        "revenue",
    }


@pytest.mark.parametrize("name", list(RANKINGS))
async def test_nothing_recorded_ranks_as_nothing(store: RolledStore, name: str) -> None:
    assert await rank(store, name) == []


async def test_models_rank_by_requests(record: Recorder, store: RolledStore) -> None:
    await record(ai_request(), ai_request(model="opus"), ai_request(model="opus", user_id="bob"))
    assert shown(await rank(store, "ai-models"), "name", "count") == [("opus", 2), ("gpt", 1)]
    assert len(await rank(store, "ai-models", 1)) == 1
    assert shown(await rank(store, "ai-models", scope=ADA), "name", "share") == [
        ("gpt", 50.0),
        ("opus", 50.0),
    ]


async def test_features_rank_by_requests_and_events_together(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        ai_request(feature="chat"),
        ai_request(feature="chat"),
        ai_request(feature="search"),
        engagement(feature="search"),
        engagement(feature="search"),
        engagement(feature="export"),
        engagement(),
    )
    found = await rank(store, "features", 2)
    assert shown(found, "feature", "uses", "ai_requests", "engagement_events") == [
        ("search", 3, 1, 2),
        ("chat", 2, 2, 0),
    ]


async def test_endpoints_rank_by_calls(record: Recorder, store: RolledStore) -> None:
    await record(performance(), performance(endpoint="/pay"), performance(endpoint="/pay"))
    assert shown(await rank(store, "endpoints"), "endpoint", "count") == [("/pay", 2), ("/cart", 1)]


async def test_users_rank_by_events(record: Recorder, store: RolledStore) -> None:
    await record(engagement(), sale(), sale(user_id="bob"))
    assert shown(await rank(store, "users"), "user_id", "events") == [("ada", 2), ("bob", 1)]


async def test_revenue_ranks_each_currency_by_itself(record: Recorder, store: RolledStore) -> None:
    await record(
        sale("5", plan="a"),
        sale("5", plan="a"),
        sale("50", plan="b"),
        sale("1", plan="c"),
        sale("9999", plan="d", currency="JPY"),
    )
    assert shown(await rank(store, "revenue", 2), "currency", "plan", "revenue") == [
        ("JPY", "d", 9999),
        ("USD", "b", 50),
        ("USD", "a", 10),
    ]
