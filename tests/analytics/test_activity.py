"""Who was active and when, over all families."""

from datetime import timedelta

from exporter.analytics.activity import (
    active,
    active_by_interval,
    number_active,
    numbers_active,
)
from exporter.analytics.period import Period
from exporter.rollups.sets import hashed
from exporter.rollups.store import RolledStore

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


def hashes(*users: str) -> set[int]:
    return set(map(hashed, users))


async def test_a_user_is_active_by_an_event_of_any_family(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        ai_request(user_id="a"),
        engagement(user_id="b"),
        sale(user_id="c"),
        performance(user_id="d"),
        credit(user_id="e"),
        credit(user_id=None),
    )
    assert await active(store, TENANT, LAST_MONTH) == hashes(*"abcde")
    assert await number_active(store, TENANT, LAST_MONTH) == 5


async def test_a_user_sees_themselves_alone(record: Recorder, store: RolledStore) -> None:
    await record(ai_request(), engagement(user_id="bob"))
    assert await active(store, ADA, LAST_MONTH) == hashes("ada")


async def test_the_same_id_in_two_tenants_is_two_users(
    record: Recorder, store: RolledStore
) -> None:
    await record(engagement(), engagement(tenant_id="globex"))
    assert await number_active(store, None, LAST_MONTH) == 2
    assert await number_active(store, TENANT, LAST_MONTH) == 1


async def test_windows_that_end_together_are_the_same_one_by_one(
    record: Recorder, store: RolledStore
) -> None:
    end = NOW + timedelta(minutes=20)
    await record(
        engagement(user_id="a", timestamp=end),
        engagement(user_id="b", timestamp=end - timedelta(minutes=1)),
        engagement(user_id="c", timestamp=end - timedelta(minutes=30)),
        engagement(user_id="c", timestamp=end - timedelta(minutes=1), tenant_id="globex"),
        sale(user_id="b", created_at=end - DAY),
        sale(user_id="d", created_at=end - DAY),
        credit(user_id="e", created_at=end - 2 * DAY),
    )
    lengths = [DAY, timedelta(minutes=5), 7 * DAY, timedelta(minutes=40)]
    for scope, expected in ((TENANT, [3, 1, 4, 2]), (None, [4, 2, 5, 3])):
        assert await numbers_active(store, scope, end, lengths) == expected
        assert expected == [
            await number_active(store, scope, Period(end - length, end)) for length in lengths
        ]


async def test_nobody_is_active_in_an_empty_period(record: Recorder, store: RolledStore) -> None:
    await record(engagement(timestamp=NOW))
    assert await active(store, TENANT, Period(NOW, NOW)) == set()
    assert await active_by_interval(store, TENANT, Period(NOW, NOW), "day") == {}


async def test_active_users_of_each_interval_within_the_period(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        engagement(timestamp=utc(2026, 3, 1, 23, 59, 59)),
        sale(created_at=utc(2026, 3, 2)),
        credit(user_id="bob", created_at=utc(2026, 3, 8, 23)),
        credit(user_id="bob", created_at=utc(2026, 3, 9)),
        credit(user_id=None, created_at=utc(2026, 3, 3)),
    )
    period = Period(utc(2026, 2, 20), utc(2026, 3, 9))
    assert await active_by_interval(store, TENANT, period, "week") == {
        utc(2026, 2, 23): hashes("ada"),
        utc(2026, 3, 2): hashes("ada", "bob"),
    }
    later = Period(NOW - DAY, NOW)
    assert await active_by_interval(store, TENANT, later, "week") == {}
