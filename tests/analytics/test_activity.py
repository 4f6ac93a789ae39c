"""Who was active and when, over all families."""

from datetime import timedelta

from exporter.analytics.activity import Seen, active_by_interval, seen
from exporter.analytics.period import Period
from exporter.records import TRACKED
from exporter.storage.base import Store

from ..recording import (
    ADA,
    DAY,
    LAST_MONTH,
    NOW,
    TENANT,
    Recorder,
    ai_request,
    credit,
    engagement,
    performance,
    sale,
    utc,
)

MINUTE = timedelta(minutes=1)


async def test_a_user_is_active_by_an_event_of_any_family(record: Recorder, store: Store) -> None:
    await record(
        ai_request(user_id="a"),
        engagement(user_id="b"),
        sale(user_id="c"),
        performance(user_id="d"),
        credit(user_id="e"),
        credit(user_id=None),
    )
    found = await seen(store, TRACKED, TENANT, LAST_MONTH)
    assert {user for _, user in found} == set("abcde")
    assert set(await seen(store, TRACKED[:2], TENANT, LAST_MONTH)) == {
        ("acme", "a"),
        ("acme", "b"),
    }


async def test_the_first_and_the_last_event_are_those_of_all_families(
    record: Recorder, store: Store
) -> None:
    await record(
        ai_request(created_at=NOW - 3 * MINUTE),
        engagement(timestamp=NOW - MINUTE),
        sale(created_at=NOW - 2 * MINUTE),
        credit(created_at=NOW),
    )
    found = await seen(store, TRACKED, ADA, LAST_MONTH)
    assert found == {("acme", "ada"): Seen(NOW - 3 * MINUTE, NOW - MINUTE)}


async def test_the_same_id_in_two_tenants_is_two_users(record: Recorder, store: Store) -> None:
    await record(engagement(), engagement(tenant_id="globex"))
    assert len(await seen(store, TRACKED, None, LAST_MONTH)) == 2
    assert len(await seen(store, TRACKED, TENANT, LAST_MONTH)) == 1


async def test_nobody_is_active_in_an_empty_period(record: Recorder, store: Store) -> None:
    await record(engagement(timestamp=NOW))
    assert await seen(store, TRACKED, TENANT, Period(NOW, NOW)) == {}
    assert await active_by_interval(store, TRACKED, TENANT, Period(NOW, NOW), "day") == {}


async def test_active_users_of_each_interval_within_the_period(
    record: Recorder, store: Store
) -> None:
    await record(
        engagement(timestamp=utc(2026, 3, 1, 23, 59, 59)),
        sale(created_at=utc(2026, 3, 2)),
        credit(user_id="bob", created_at=utc(2026, 3, 8, 23)),
        credit(user_id="bob", created_at=utc(2026, 3, 9)),
        credit(user_id=None, created_at=utc(2026, 3, 3)),
    )
    period = Period(utc(2026, 2, 20), utc(2026, 3, 9))
    assert await active_by_interval(store, TRACKED, TENANT, period, "week") == {
        utc(2026, 2, 23): {("acme", "ada")},
        utc(2026, 3, 2): {("acme", "ada"), ("acme", "bob")},
    }
    later = Period(NOW - DAY, NOW)
    assert await active_by_interval(store, TRACKED, TENANT, later, "week") == {}
