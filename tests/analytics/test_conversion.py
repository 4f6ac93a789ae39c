"""Conversion, worked out by hand."""

from exporter.analytics.conversion import Conversion, conversion
from exporter.analytics.period import Period
from exporter.rollups.store import RolledStore

from ..recording import DAY, LAST_MONTH, NOW, TENANT, Recorder, engagement, sale, subscription


async def test_who_paid_of_those_who_were_active(record: Recorder, store: RolledStore) -> None:
    await record(
        engagement(user_id="a"),
        engagement(user_id="b"),
        sale(user_id="b"),
        sale(user_id="b"),
        subscription(user_id="c", status="refunded"),
        sale("5", "one_time", user_id="d"),
        sale("5", "upgrade", user_id="e"),
        sale(user_id="f", status="pending"),
        sale(user_id="g", created_at=NOW - 40 * DAY),
        sale(user_id=None),
        sale(user_id="x", tenant_id="globex"),
        engagement(user_id="h"),
        engagement(user_id="g"),
    )
    found = await conversion(store, TENANT, LAST_MONTH)
    assert found == Conversion(total_users=8, converted_users=2, conversion_rate=25.0)


async def test_without_users_it_is_zero(store: RolledStore) -> None:
    assert await conversion(store, TENANT, LAST_MONTH) == Conversion(0, 0, 0.0)


async def test_a_sale_that_completes_later_converts_when_it_was_made(
    record: Recorder, store: RolledStore
) -> None:
    await record(sale(created_at=NOW - 10 * DAY, updated_at=NOW - DAY))
    earlier = await conversion(store, TENANT, Period(NOW - 11 * DAY, NOW - 9 * DAY))
    assert (earlier.total_users, earlier.conversion_rate) == (1, 100.0)
    later = await conversion(store, TENANT, Period(NOW - 2 * DAY, NOW))
    assert (later.total_users, later.conversion_rate) == (0, 0.0)
