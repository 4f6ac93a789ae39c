"""Who was active, over all families."""

from datetime import timedelta

import pytest

from exporter.analytics.period import Period
from exporter.analytics.users import UserNumbers, active_by_plan, busiest_users, user_numbers
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import (
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


async def test_a_user_counts_once_under_the_plan_named_last(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        engagement(user_plan="free", timestamp=NOW - 3 * MINUTE),
        ai_request(user_plan="pro", created_at=NOW - MINUTE),
        engagement(user_plan="free", timestamp=NOW - 2 * MINUTE),
        sale(user_id="bob", user_plan=None),
        performance(user_id="eve", user_plan="pro"),
    )
    assert await active_by_plan(store, LAST_MONTH) == {"pro": 2, "": 1}


async def test_the_busiest_users_have_the_most_events(record: Recorder, store: RolledStore) -> None:
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
    found = await busiest_users(store, TENANT, LAST_MONTH, where=(), limit=2)
    assert [(one.user_id, one.events, one.by_family) for one in found] == [
        ("a", 2, {"sale": 1, "credit": 1}),
        ("b", 2, {"engagement": 2}),
    ]
    pro = (equals("userPlan", "pro"),)
    (one,) = await busiest_users(store, TENANT, LAST_MONTH, where=pro, limit=9)
    assert one.user_id == "c"


async def test_nobody_is_active_in_an_empty_period(record: Recorder, store: RolledStore) -> None:
    await record(engagement(timestamp=NOW))
    assert await active_by_plan(store, Period(NOW - DAY, NOW)) == {}


@pytest.fixture
async def six_users(record: Recorder) -> None:
    """In ten days: a and b are new, c and d return, e is gone, f was long ago; g is elsewhere."""
    await record(
        engagement(user_id="a", timestamp=NOW - 5 * DAY),
        ai_request(user_id="b", created_at=NOW - 2 * DAY),
        engagement(user_id="c", timestamp=NOW - 15 * DAY),
        sale(user_id="c", created_at=NOW - 10 * DAY),
        credit(user_id="d", created_at=NOW - 60 * DAY),
        performance(user_id="d", timestamp=NOW - DAY),
        engagement(user_id="e", timestamp=NOW - 20 * DAY),
        engagement(user_id="f", timestamp=NOW - 21 * DAY),
        engagement(user_id="g", tenant_id="globex"),
        engagement(user_id=None),
        engagement(user_id="later", timestamp=NOW),
    )


@pytest.mark.usefixtures("six_users")
async def test_users_are_active_new_returning_or_gone(store: RolledStore) -> None:
    found = await user_numbers(store, TENANT, Period(NOW - 10 * DAY, NOW))
    assert found == UserNumbers(
        total_users=6,
        active_users=4,
        new_users=2,
        returning_users=2,
        churned_users=1,
        churn_rate=pytest.approx(100 / 6),
        active_user_rate=pytest.approx(400 / 6),
        dau=1,
        wau=3,
        mau=6,
        stickiness=pytest.approx(100 / 6),
    )


@pytest.mark.usefixtures("six_users")
async def test_a_past_period_knows_nothing_of_what_came_later(store: RolledStore) -> None:
    found = await user_numbers(store, TENANT, Period(NOW - 30 * DAY, NOW - 15 * DAY))
    assert (found.total_users, found.active_users, found.new_users) == (3, 2, 2)
    assert (found.dau, found.wau, found.mau, found.stickiness) == (0, 2, 2, 0.0)


async def test_without_users_there_are_no_rates(store: RolledStore) -> None:
    found = await user_numbers(store, TENANT, LAST_MONTH)
    assert found.total_users == found.active_users == found.churned_users == found.mau == 0
    assert found.churn_rate is found.active_user_rate is found.stickiness is None
