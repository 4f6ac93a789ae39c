"""Credits, worked out by hand."""

from exporter.analytics.credits import (
    CreditTotals,
    FeatureCredits,
    UserCredits,
    credit_series,
    credit_stats,
)
from exporter.analytics.period import Period
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import ADA, LAST_MONTH, TENANT, Recorder, credit, utc


async def test_credits_by_feature_and_user(record: Recorder, store: RolledStore) -> None:
    await record(
        credit(credits_used=5.0, cost_usd=0.5),
        credit(credits_used=2.5, feature_name="code"),
        credit(credits_used=1.5, user_id="bob", cost_usd=0.25),
        credit(credits_used=1.0, user_id=None),
        credit(credits_used=99.0, tenant_id="globex"),
    )
    found = await credit_stats(store, TENANT, LAST_MONTH)
    assert found.stats == CreditTotals(4, 10.0, 0.75, 2, 2.5)
    assert found.by_feature == [
        FeatureCredits("search", 3, 7.5, 0.75, 75.0),
        FeatureCredits("code", 1, 2.5, 0.0, 25.0),
    ]
    assert found.by_user == [
        UserCredits("ada", 2, 7.5, 0.5, 75.0),
        UserCredits("bob", 1, 1.5, 0.25, 15.0),
    ]
    ada = await credit_stats(store, ADA, LAST_MONTH)
    assert (ada.stats.total_credits, [one.user_id for one in ada.by_user]) == (7.5, ["ada"])
    code = await credit_stats(store, TENANT, LAST_MONTH, (equals("featureName", "code"),))
    assert (code.stats.uses, code.by_user[0].share) == (1, 100.0)


async def test_without_uses_there_is_no_mean(store: RolledStore) -> None:
    found = await credit_stats(store, TENANT, LAST_MONTH)
    assert found.stats == CreditTotals(0, 0.0, 0.0, 0, None)
    assert found.by_feature == found.by_user == []


async def test_a_series_has_every_day(record: Recorder, store: RolledStore) -> None:
    await record(credit(created_at=utc(2026, 3, 2), cost_usd=0.5))
    points = await credit_series(store, TENANT, Period(utc(2026, 3, 1), utc(2026, 3, 3)), "day")
    assert [(one.time.day, one.uses, one.total_credits, one.total_cost) for one in points] == [
        (1, 0, 0.0, 0.0),
        (2, 1, 1.0, 0.5),
    ]
