"""Refreshing: hours that have closed, and again what came late; doing it again does no harm."""

from datetime import timedelta
from typing import Any

import pytest

from exporter.family import Family
from exporter.fields import Money
from exporter.intervals import DAY, HOUR, beginning
from exporter.records import AI_REQUEST, CREDIT, ENGAGEMENT, SALE
from exporter.records.ai_request import Tokens
from exporter.records.sale import Refund
from exporter.rollups import progress, refresh
from exporter.rollups.activity import ACTIVITY
from exporter.rollups.families import ROLLUPS
from exporter.rollups.progress import MARKS, REACHED, SETTLED
from exporter.rollups.refresh import Refresher
from exporter.rollups.store import RolledStore
from exporter.storage.base import StoreUnavailable
from exporter.storage.query import Aggregation, Find, Function, Measure, between, equals

from ..recording import NOW, ai_request, credit, engagement, sale, utc
from .questions import ADA, N, every, users
from .rolling import FOREVER, Rolling, always, steps

CLOSED = NOW - 2 * HOUR
"""An hour that has closed."""


async def events(rolled: Rolling) -> tuple[int, int]:
    """How many engagement events the rollups of the closed hour tell of, and the store."""
    documents = await rolled.rolled(ENGAGEMENT, "hour", "all", CLOSED, HOUR)
    query = Aggregation(ENGAGEMENT, (N,), between(ENGAGEMENT.time_field, NOW - DAY, NOW + DAY))
    (row,) = await rolled.store.aggregate(query)
    return sum(document.count for document in documents), row["n"]


async def everything(rolled: Rolling) -> dict[str, Any]:
    """All that is rolled up."""
    found = {one.kind: await rolled.engine.find(Find(one, limit=10_000)) for one in ROLLUPS}
    return {kind: documents for kind, documents in found.items() if documents}


async def test_an_hour_is_rolled_up_when_nothing_can_arrive_in_it_without_a_mark(
    rolled: Rolling,
) -> None:
    await rolled.record(engagement(timestamp=CLOSED + timedelta(minutes=59)))
    rolled.clock.moment = CLOSED + timedelta(hours=1, minutes=5, seconds=24)
    await rolled.refresh()
    assert await progress.read(rolled.engine) is None
    assert await events(rolled) == (0, 1)
    rolled.clock.advance(seconds=1)
    await rolled.refresh()
    assert (await rolled.reached()).until["hour"] == CLOSED + HOUR
    assert await events(rolled) == (1, 1)


async def test_what_comes_late_counts_at_once_and_is_rolled_up_when_its_mark_has_settled(
    rolled: Rolling,
) -> None:
    await rolled.record(engagement(timestamp=CLOSED))
    await rolled.refresh_later()
    assert await events(rolled) == (1, 1)
    await rolled.record(engagement(timestamp=CLOSED))
    assert await events(rolled) == (1, 2)
    rolled.clock.moment += SETTLED - timedelta(milliseconds=1)
    await rolled.refresh()
    assert (await rolled.reached()).marked == {CLOSED}
    assert await events(rolled) == (1, 2)
    rolled.clock.advance(milliseconds=1)
    await rolled.refresh()
    assert (await rolled.reached()).marked == frozenset()
    assert await events(rolled) == (2, 2)


async def test_a_mark_that_is_made_during_the_refresh_stays(rolled: Rolling) -> None:
    await rolled.record(engagement(timestamp=CLOSED))
    await rolled.refresh_later()
    await rolled.record(engagement(timestamp=CLOSED))

    async def another() -> bool:
        rolled.clock.advance(seconds=1)
        await rolled.record(engagement(timestamp=CLOSED))
        return True

    await rolled.refresh_later(go_on=another)
    assert (await rolled.reached()).marked == {CLOSED}
    assert await events(rolled) == (2, 3)


async def test_a_mark_of_an_hour_that_is_open_is_removed_as_it_means_nothing(
    rolled: Rolling,
) -> None:
    rolled.clock.moment = NOW + timedelta(minutes=50)
    await rolled.record(engagement(timestamp=CLOSED), engagement(timestamp=NOW))
    await rolled.refresh_later()
    assert await rolled.engine.find(Find(MARKS)) == []
    assert (await rolled.reached()).until["hour"] == NOW
    assert await events(rolled) == (1, 2)


async def test_an_empty_store_has_nothing_to_roll_up(rolled: Rolling) -> None:
    await rolled.refresh()
    assert await rolled.engine.find(Find(REACHED)) == []
    assert await everything(rolled) == {}
    assert await Refresher(rolled.engine, lambda family: FOREVER, always).rebuild(
        (NOW - DAY, NOW), NOW
    )


async def test_days_and_months_close_with_their_last_hour(rolled: Rolling) -> None:
    last_day = utc(2026, 2, 28)
    rolled.clock.moment = last_day + DAY + timedelta(minutes=5)
    await rolled.record(
        *(engagement(timestamp=last_day + hours * HOUR) for hours in (0, 23)),
        engagement(timestamp=last_day - DAY, user_id="bob"),
        engagement(timestamp=last_day + DAY),
    )
    await rolled.refresh()
    until = {"hour": last_day + 23 * HOUR, "day": last_day, "month": utc(2026, 2, 1)}
    assert (await rolled.reached()).until == until
    await rolled.refresh_later()
    assert (await rolled.reached()).until["day"] == last_day  # it is 25 seconds yet
    rolled.clock.advance(seconds=5)
    await rolled.refresh()
    end = last_day + DAY
    assert (await rolled.reached()).until == {"hour": end, "day": end, "month": end}
    (month,) = await rolled.rolled(ENGAGEMENT, "month", "all", utc(2026, 2, 1), DAY)
    assert (month.count, len(month.userId_members)) == (3, 16)
    days = await rolled.rolled(ENGAGEMENT, "day", "all", utc(2026, 2, 1), 28 * DAY)
    assert sorted((day.time, day.count) for day in days) == [(last_day - DAY, 1), (last_day, 2)]


async def test_what_comes_late_is_put_into_its_day_and_its_month(rolled: Rolling) -> None:
    january = utc(2026, 1, 31, 10)
    await rolled.record(engagement(timestamp=january), engagement(timestamp=CLOSED))
    await rolled.refresh_later()
    await rolled.record(
        engagement(timestamp=january + 3 * HOUR), engagement(timestamp=january - 40 * DAY)
    )
    await rolled.refresh_later()
    months = await rolled.rolled(ENGAGEMENT, "month", "all", utc(2025, 12, 1), 90 * DAY)
    found = sorted((month.time, month.count) for month in months)
    assert found == [(utc(2025, 12, 1), 1), (utc(2026, 1, 1), 2)]
    assert (await rolled.reached()).marked == frozenset()


async def test_a_refresh_that_is_stopped_goes_on_where_it_was(
    rolled: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "AT_ONCE", 1)
    await rolled.record(*(engagement(timestamp=NOW - hours * HOUR) for hours in (26, 4, 2)))
    for hour in (NOW - 25 * HOUR, NOW - 3 * HOUR):
        await rolled.refresh(go_on=steps(1))
        assert (await rolled.reached()).until["hour"] >= hour
        assert (await rolled.reached()).until["hour"] < NOW - HOUR
    await rolled.refresh_later()
    assert (await rolled.reached()).until["hour"] == NOW - HOUR
    assert await events(rolled) == (1, 2)


async def test_the_marks_of_what_a_stopped_refresh_did_not_do_stay(rolled: Rolling) -> None:
    hours = {NOW - 26 * HOUR, NOW - 2 * HOUR}
    await rolled.record(*(engagement(timestamp=hour) for hour in hours))
    await rolled.refresh_later()
    await rolled.record(*(engagement(timestamp=hour) for hour in hours))
    await rolled.refresh_later(go_on=steps(1))
    assert (await rolled.reached()).marked == hours
    assert await events(rolled) == (1, 2)
    await rolled.refresh()
    assert (await rolled.reached()).marked == frozenset()
    assert await events(rolled) == (2, 2)


async def test_a_crash_before_the_progress_is_kept_does_no_harm(
    rolled: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rolled.record(engagement(timestamp=CLOSED), credit(created_at=CLOSED - DAY))

    async def crash(*arguments: Any) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(progress, "write", crash)
        with pytest.raises(StoreUnavailable):
            await rolled.refresh_later()
    before = await everything(rolled)
    assert before
    assert await events(rolled) == (1, 1)
    await rolled.refresh()
    assert await everything(rolled) == before
    assert await events(rolled) == (1, 1)


async def test_rebuilding_comes_to_the_same_and_puts_right_what_is_wrong(rolled: Rolling) -> None:
    await rolled.record(
        *(engagement(timestamp=CLOSED - days * DAY) for days in (0, 1)),
        credit(created_at=CLOSED - DAY),
        sale(created_at=CLOSED),
    )
    await rolled.refresh_later()
    before = await everything(rolled)
    refresher = Refresher(rolled.engine, lambda family: FOREVER, always)
    assert await refresher.rebuild((utc(2020, 1, 1), NOW), rolled.clock())
    assert await everything(rolled) == before
    for family in ROLLUPS:
        await rolled.engine.put(family, (), ())
    one_day = CLOSED - DAY, CLOSED - DAY + HOUR
    assert await refresher.rebuild(one_day, rolled.clock())
    (day,) = await rolled.rolled(ENGAGEMENT, "day", "all", NOW - 40 * DAY, 40 * DAY)
    assert (day.time, day.count) == (utc(2026, 3, 14), 1)
    assert await refresher.rebuild((utc(2020, 1, 1), NOW), rolled.clock())
    assert await everything(rolled) == before


async def test_a_rebuild_that_is_stopped_says_so(rolled: Rolling) -> None:
    await rolled.record(*(engagement(timestamp=CLOSED - days * DAY) for days in (0, 1)))
    await rolled.refresh_later()
    span = NOW - 2 * DAY, NOW
    stopped = Refresher(rolled.engine, lambda family: FOREVER, steps(1))
    assert not await stopped.rebuild(span, rolled.clock())


def kept_for_a_day(*families: Family) -> Any:
    """Retention: of these a day, of all others for ever."""
    return lambda family: DAY if family in families else FOREVER


async def test_hours_whose_records_are_gone_are_never_made_anew(rolled: Rolling) -> None:
    old = NOW - 3 * DAY
    await rolled.record(engagement(timestamp=old))
    await rolled.refresh_later()
    before = await everything(rolled)
    await rolled.engine.purge(ENGAGEMENT, NOW - DAY)
    await rolled.record(engagement(timestamp=old, user_id="bob"))
    kept_for = lambda family: DAY  # noqa: E731  # short for all families
    await rolled.refresh_later(kept_for=kept_for)
    assert (await rolled.reached()).marked == frozenset()
    assert await everything(rolled) == before
    refresher = Refresher(rolled.engine, kept_for, always)
    assert await refresher.rebuild((old, NOW), rolled.clock())
    assert await everything(rolled) == before


async def test_activity_keeps_what_is_gone_of_some_families_and_takes_in_the_rest(
    rolled: Rolling,
) -> None:
    old = NOW - 3 * DAY
    await rolled.record(
        engagement(timestamp=old), engagement(timestamp=old), credit(created_at=old)
    )
    await rolled.refresh_later()
    await rolled.engine.purge(ENGAGEMENT, NOW - DAY)
    await rolled.record(credit(created_at=old), credit(created_at=old, user_id="bob"))
    await rolled.refresh_later(kept_for=kept_for_a_day(ENGAGEMENT))
    period = between(ACTIVITY.time_field, NOW - 4 * DAY, NOW)
    sums = [Measure(kind, Function.SUM, kind) for kind in ("engagement", "credit")]

    async def ask(*measures: Measure, **options: Any) -> Any:
        return await rolled.store.aggregate(Aggregation(ACTIVITY, measures, period, **options))

    assert await ask(N, *sums, by=("userId",)) == [
        {"userId": "ada", "n": 4, "engagement": 2, "credit": 2},
        {"userId": "bob", "n": 1, "engagement": 0, "credit": 1},
    ]
    assert await ask(N, users()) == [{"n": 5, "users": 2}]
    of_ada = Aggregation(ACTIVITY, (N,), (*period, ADA))
    assert await rolled.store.aggregate(of_ada) == [{"n": 4}]
    (hour,) = await rolled.rolled(CREDIT, "hour", "all", old, HOUR)
    assert hour.count == 3
    (hour,) = await rolled.rolled(ENGAGEMENT, "hour", "all", old, HOUR)
    assert hour.count == 2


async def test_the_hours_of_a_day_whose_records_are_there_are_made_anew(rolled: Rolling) -> None:
    gone, there = NOW - DAY - HOUR, NOW - DAY + HOUR
    await rolled.record(engagement(timestamp=gone), engagement(timestamp=there))
    await rolled.refresh_later()
    await rolled.record(engagement(timestamp=gone), engagement(timestamp=there))
    await rolled.refresh_later(kept_for=kept_for_a_day(ENGAGEMENT))
    hours = await rolled.rolled(ENGAGEMENT, "hour", "all", gone, DAY)
    assert sorted((hour.time, hour.count) for hour in hours) == [(gone, 1), (there, 2)]
    (day,) = await rolled.rolled(ENGAGEMENT, "day", "all", utc(2026, 3, 14), DAY)
    assert day.count == 3


async def test_money_that_moved_stays_when_the_records_of_its_sales_are_gone(
    rolled: Rolling,
) -> None:
    ordered, paid = NOW - 3 * DAY, NOW - DAY + HOUR
    await rolled.record(sale("0.3", created_at=ordered, completed_at=paid))
    await rolled.refresh_later()
    await rolled.engine.purge(SALE, NOW - 2 * DAY)
    await rolled.record(sale("0.2", created_at=paid))
    await rolled.refresh_later(kept_for=kept_for_a_day(SALE))
    assert (await rolled.reached()).marked == frozenset()
    (hour,) = await rolled.rolled(SALE, "hour", "customers", paid, HOUR)
    assert hour.revenue_sum == Money("0.3")
    (day,) = await rolled.rolled(SALE, "day", "revenue", beginning(paid, "day"), DAY)
    assert day.revenue_sum == Money("0.3")
    await rolled.record(sale("0.3", created_at=paid))
    await rolled.refresh_later(kept_for=kept_for_a_day(SALE))
    (hour,) = await rolled.rolled(SALE, "hour", "customers", paid, HOUR)
    assert (hour.count, hour.revenue_sum) == (2, Money("0.5"))


async def test_a_refund_is_in_the_hour_that_the_payment_provider_says(rolled: Rolling) -> None:
    ordered = NOW - 10 * DAY
    said = {"late": NOW - 9 * DAY, "ahead": NOW + 9 * DAY, "never": NOW - 20 * DAY}
    for name, at in said.items():
        refund = Refund(processed_at=at)
        document = sale("2", created_at=ordered, status="refunded", plan=name, refund=refund)
        await rolled.record(document)
    await rolled.refresh_later()
    before, late = await rolled.rolled(SALE, "hour", "refunds", NOW - 30 * DAY, 60 * DAY)
    assert (late.time, late.plan, late.refunds_sum) == (said["late"], "late", Money(2))
    assert (before.time, before.plan) == (ordered, "never"), "nothing goes back before it came"
    rolled.clock.moment = NOW + 10 * DAY
    await rolled.refresh()
    *_, ahead = await rolled.rolled(SALE, "day", "refunds", NOW - 30 * DAY, 60 * DAY)
    assert (ahead.plan, ahead.time) == ("ahead", beginning(said["ahead"], "day"))


async def test_rollups_are_begun_anew_where_something_else_is_declared(
    rolled: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, kept = NOW - 3 * DAY, NOW - DAY + HOUR
    await rolled.record(engagement(timestamp=old), engagement(timestamp=kept))
    await rolled.refresh_later()
    await rolled.engine.purge(ENGAGEMENT, NOW - 2 * DAY)
    monkeypatch.setattr(progress, "NAME", "rollups_of_another_version")
    assert await progress.read(rolled.engine) is None
    asked = Aggregation(ENGAGEMENT, (N,), between("timestamp", NOW - 4 * DAY, NOW))
    assert await RolledStore(rolled.engine, rolled.clock).aggregate(asked) == [{"n": 1}]
    await rolled.refresh(kept_for=kept_for_a_day(ENGAGEMENT))
    assert await RolledStore(rolled.engine, rolled.clock).aggregate(asked) == [{"n": 2}]


async def test_sums_that_no_column_holds_are_kept_in_several_documents(rolled: Rolling) -> None:
    at, most = NOW - DAY, Money(Money.LARGEST)
    await rolled.record(*(sale(str(most), created_at=at) for _ in range(20)))
    await rolled.record(*(ai_request(created_at=at, tokens=Tokens(2**53, 1)) for _ in range(1_030)))
    await rolled.refresh_later()
    hours = await rolled.rolled(SALE, "hour", "revenue", at, HOUR)
    assert len(hours) > 1
    paid = Aggregation(
        SALE,
        (N, *every("revenue")),
        (equals("type", "purchase"), *between("completedAt", NOW - 3 * DAY, NOW)),
    )
    used = Aggregation(
        AI_REQUEST, (N, *every("tokens.input")), between("createdAt", NOW - 3 * DAY, NOW)
    )
    for asked in (paid, used):
        found = await rolled.store.aggregate(asked)
        assert found == await rolled.engine.aggregate(asked)
    assert (await rolled.store.aggregate(paid))[0]["sum revenue"] == 20 * most


async def test_sums_that_no_column_holds_stay_when_their_records_are_gone(rolled: Rolling) -> None:
    ordered, paid, most = NOW - 3 * DAY, NOW - DAY + HOUR, Money(Money.LARGEST)
    await rolled.record(
        *(sale(str(most), created_at=ordered, completed_at=paid) for _ in range(20))
    )
    await rolled.refresh_later()
    await rolled.engine.purge(SALE, NOW - 2 * DAY)
    await rolled.record(sale("1", created_at=paid))
    await rolled.refresh_later(kept_for=kept_for_a_day(SALE))
    hours = await rolled.rolled(SALE, "hour", "customers", paid, HOUR)
    assert len(hours) > 1
    assert sum(hour.revenue_sum or 0 for hour in hours) == 20 * most
    assert sum(hour.count for hour in hours) == 20


async def test_a_rebuild_of_what_was_never_made_makes_it_once(rolled: Rolling) -> None:
    await rolled.record(engagement(timestamp=CLOSED), engagement(timestamp=CLOSED - 3 * DAY))
    asked = 0

    async def go_on() -> bool:
        nonlocal asked
        asked += 1
        return True

    refresher = Refresher(rolled.engine, lambda family: FOREVER, go_on)
    assert await refresher.rebuild((NOW - 9 * DAY, NOW), rolled.clock())
    assert asked == 1, "one step holds it all"
    assert await rolled.rolled(ENGAGEMENT, "hour", "all", CLOSED, HOUR)
    stopped = Refresher(rolled.engine, lambda family: FOREVER, steps(1))
    await rolled.engine.put(REACHED, (), ())
    assert await stopped.rebuild((NOW - 9 * DAY, NOW), rolled.clock()), "that was the last one"
