"""Who was active, over all families."""

from datetime import timedelta

from exporter.analytics.period import Period
from exporter.analytics.users import active_by_plan, busiest_users, last_seen
from exporter.records import TRACKED
from exporter.storage.base import Store
from exporter.storage.query import equals

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
    seen = await last_seen(store, TRACKED, TENANT, LAST_MONTH)
    assert {user for _, user in seen} == set("abcde")
    assert set(await last_seen(store, TRACKED[:2], TENANT, LAST_MONTH)) == {
        ("acme", "a"),
        ("acme", "b"),
    }


async def test_the_last_event_of_all_families_is_the_last(record: Recorder, store: Store) -> None:
    await record(
        ai_request(created_at=NOW - 3 * MINUTE),
        engagement(timestamp=NOW - MINUTE),
        sale(created_at=NOW - 2 * MINUTE),
        credit(created_at=NOW),
    )
    assert await last_seen(store, TRACKED, ADA, LAST_MONTH) == {("acme", "ada"): NOW - MINUTE}


async def test_the_same_id_in_two_tenants_is_two_users(record: Recorder, store: Store) -> None:
    await record(engagement(), engagement(tenant_id="globex"))
    assert len(await last_seen(store, TRACKED, None, LAST_MONTH)) == 2
    assert len(await last_seen(store, TRACKED, TENANT, LAST_MONTH)) == 1


async def test_a_user_counts_once_under_the_plan_named_last(record: Recorder, store: Store) -> None:
    await record(
        engagement(user_plan="free", timestamp=NOW - 3 * MINUTE),
        ai_request(user_plan="pro", created_at=NOW - MINUTE),
        engagement(user_plan="free", timestamp=NOW - 2 * MINUTE),
        sale(user_id="bob", user_plan=None),
        performance(user_id="eve", user_plan="pro"),
    )
    assert await active_by_plan(store, TRACKED, None, LAST_MONTH) == {"pro": 2, "": 1}


async def test_the_busiest_users_have_the_most_events(record: Recorder, store: Store) -> None:
    await record(
        engagement(user_id="b"),
        engagement(user_id="b"),
        sale(user_id="a"),
        credit(user_id="a"),
        credit(user_id="c", user_plan="pro"),
        credit(user_id=None),
        credit(user_id="c", created_at=NOW - 40 * DAY),
        credit(user_id="z", tenant_id="globex"),
    )
    found = await busiest_users(store, TRACKED, TENANT, LAST_MONTH, where=(), limit=2)
    assert [(one.user_id, one.events, one.by_family) for one in found] == [
        ("a", 2, {"sale": 1, "credit": 1}),
        ("b", 2, {"engagement": 2}),
    ]
    pro = (equals("userPlan", "pro"),)
    (one,) = await busiest_users(store, TRACKED, TENANT, LAST_MONTH, where=pro, limit=9)
    assert one.user_id == "c"


async def test_nobody_is_active_in_an_empty_period(record: Recorder, store: Store) -> None:
    await record(engagement(timestamp=NOW))
    assert await last_seen(store, TRACKED, TENANT, Period(NOW, NOW)) == {}
    assert await active_by_plan(store, TRACKED, TENANT, Period(NOW - DAY, NOW)) == {}
