"""Who is subscribed to what, worked out by hand."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from exporter.analytics import subscriptions
from exporter.analytics.subscriptions import State, Subscribed, subscriptions_at
from exporter.fields import Money
from exporter.records.sale import Sale
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import ADA, NOW, TENANT, Recorder, sale, subscription, utc

MOMENT = timedelta(milliseconds=1)
JANUARY_31 = utc(2026, 1, 31)


def parts(found: list[Subscribed]) -> list[tuple[Any, ...]]:
    """User, plan, state and yearly price of each, in order."""
    return sorted(
        ((one.user or "", one.plan or "", one.state.value, one.annual) for one in found),
    )


async def runs(store: RolledStore, at: datetime) -> bool:
    """Whether anything runs at that moment."""
    return bool(await subscriptions_at(store, TENANT, at))


@pytest.mark.parametrize(
    ("interval", "annual", "end"),
    [
        ("daily", 3650, utc(2026, 2, 1)),
        ("weekly", 520, utc(2026, 2, 7)),
        ("monthly", 120, utc(2026, 2, 28)),
        ("yearly", 10, utc(2027, 1, 31)),
    ],
)
async def test_without_an_end_it_runs_for_an_interval_and_three_days_of_grace(
    record: Recorder, interval: str, annual: int, end: datetime
) -> None:
    said = {"interval": interval, "start_date": JANUARY_31}
    await record(
        subscription("10", terms=said, created_at=utc(2025, 12, 1)),
        subscription("10", terms={"interval": interval}, created_at=JANUARY_31, user_id="bob"),
    )
    found = await subscriptions_at(record.store, TENANT, JANUARY_31)
    assert parts(found) == [("ada", "pro", "active", annual), ("bob", "pro", "active", annual)]
    assert {one.start for one in found} == {JANUARY_31}
    last = end + timedelta(days=3)
    numbers = [
        len(await subscriptions_at(record.store, TENANT, moment))
        for moment in (JANUARY_31 - MOMENT, last - MOMENT, last)
    ]
    assert numbers == [0, 2, 0]


async def test_terms_may_be_left_out_and_mean_a_month(record: Recorder, store: RolledStore) -> None:
    await record(sale("10", "subscription", created_at=JANUARY_31))
    assert parts(await subscriptions_at(store, TENANT, JANUARY_31)) == [
        ("ada", "pro", "active", 120)
    ]
    assert not await runs(store, utc(2026, 3, 3))


async def test_an_end_date_is_the_end_without_grace(record: Recorder, store: RolledStore) -> None:
    terms = {"start_date": JANUARY_31, "end_date": utc(2028, 5, 1), "interval": "yearly"}
    await record(subscription("10", terms=terms, created_at=JANUARY_31))
    assert await runs(store, utc(2028, 5, 1) - MOMENT)
    assert not await runs(store, utc(2028, 5, 1))
    assert not await runs(store, JANUARY_31 - MOMENT)


async def test_a_start_at_the_end_of_all_calendars_is_merely_not_yet(
    record: Recorder, store: RolledStore
) -> None:
    await record(subscription("10", terms={"start_date": utc(9999, 12, 31)}))
    assert not await runs(store, NOW)


async def test_a_renewal_takes_the_place_of_what_it_renews(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        subscription("10", created_at=utc(2026, 1, 10)),
        subscription("12", created_at=utc(2026, 2, 10)),
    )
    assert parts(await subscriptions_at(store, TENANT, utc(2026, 2, 9))) == [
        ("ada", "pro", "active", 120)
    ]
    assert parts(await subscriptions_at(store, TENANT, utc(2026, 2, 10))) == [
        ("ada", "pro", "active", 144)
    ]


async def test_of_two_with_the_same_start_the_one_paid_last_counts(
    record: Recorder, store: RolledStore
) -> None:
    terms = {"start_date": utc(2026, 3, 1)}
    await record(
        subscription("20", terms=terms, created_at=utc(2026, 3, 2)),
        subscription("10", terms=terms, created_at=utc(2026, 3, 1)),
    )
    assert parts(await subscriptions_at(store, TENANT, NOW)) == [("ada", "pro", "active", 240)]


async def test_each_plan_and_user_has_its_own(record: Recorder, store: RolledStore) -> None:
    await record(
        subscription("10"),
        subscription("5", plan="extra"),
        subscription("10", user_id="bob"),
        subscription("7", tenant_id="globex"),
    )
    assert parts(await subscriptions_at(store, TENANT, NOW)) == [
        ("ada", "extra", "active", 60),
        ("ada", "pro", "active", 120),
        ("bob", "pro", "active", 120),
    ]
    assert len(await subscriptions_at(store, None, NOW)) == 4
    assert len(await subscriptions_at(store, ADA, NOW)) == 2
    assert len(await subscriptions_at(store, TENANT, NOW, (equals("plan", "extra"),))) == 1


async def test_every_sale_of_nobody_is_a_subscriber(record: Recorder, store: RolledStore) -> None:
    await record(subscription(user_id=None), subscription(user_id=None))
    assert len(await subscriptions_at(store, TENANT, NOW)) == 2


@pytest.mark.parametrize(
    "document",
    [
        subscription(status="pending"),
        subscription(status="failed"),
        subscription(status="cancelled"),
        sale("10", "purchase"),
        sale("10", "upgrade"),
    ],
)
async def test_what_was_not_paid_or_is_no_subscription_does_not_run(
    record: Recorder, store: RolledStore, document: Sale
) -> None:
    await record(document)
    assert not await runs(store, NOW)


async def test_an_upgrade_with_terms_takes_the_place_of_what_it_upgrades(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        subscription("10", plan="basic", created_at=utc(2026, 3, 1)),
        subscription("30", kind="upgrade", plan="pro", created_at=utc(2026, 3, 5)),
        subscription("5", plan="extra", created_at=utc(2026, 3, 10)),
        subscription("10", plan="basic", created_at=utc(2026, 3, 1), user_id="bob"),
    )
    assert parts(await subscriptions_at(store, TENANT, utc(2026, 3, 4))) == [
        ("ada", "basic", "active", 120),
        ("bob", "basic", "active", 120),
    ]
    assert parts(await subscriptions_at(store, TENANT, NOW)) == [
        ("ada", "extra", "active", 60),
        ("ada", "pro", "active", 360),
        ("bob", "basic", "active", 120),
    ]


async def test_a_refunded_one_ran_until_it_was_refunded(
    record: Recorder, store: RolledStore
) -> None:
    await record(subscription("10", status="refunded", created_at=utc(2026, 3, 1), updated_at=None))
    assert not await runs(store, NOW)
    document = subscription("10", created_at=utc(2026, 3, 1), tenant_id="globex")
    document.status, document.refunded_at = "refunded", utc(2026, 3, 10)
    document.refunds = document.amount
    await record(document)
    assert len(await subscriptions_at(store, None, utc(2026, 3, 10) - MOMENT)) == 1
    assert not await subscriptions_at(store, None, utc(2026, 3, 10))


async def test_a_part_given_back_ends_nothing(record: Recorder, store: RolledStore) -> None:
    document = subscription("10", created_at=utc(2026, 3, 1))
    document.status, document.refunded_at = "refunded", utc(2026, 3, 2)
    document.refunds = Money("9.99")
    await record(document)
    assert len(await subscriptions_at(store, TENANT, utc(2026, 3, 10))) == 1


async def test_trial_and_cancellation_are_states_of_running_ones(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        subscription("10", user_id="t", terms={"trial_end": NOW + MOMENT, "auto_renew": False}),
        subscription("10", user_id="u", terms={"trial_end": NOW, "auto_renew": True}),
        subscription("10", user_id="v", terms={"auto_renew": False}),
    )
    found = {one.user: one.state for one in await subscriptions_at(store, TENANT, NOW)}
    assert found == {"t": State.TRIAL, "u": State.ACTIVE, "v": State.CANCELLED}


async def test_many_are_read_page_by_page(
    record: Recorder, store: RolledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "PAGE", 4)
    await record(*(subscription("10", user_id=f"user{i}") for i in range(8)))
    assert len({one.user for one in await subscriptions_at(store, TENANT, NOW)}) == 8


def test_a_sale_without_any_time_is_refused() -> None:
    document = subscription("10")
    document.created_at = document.completed_at = None
    with pytest.raises(ValueError, match="has none"):
        subscriptions.running([document], NOW)
