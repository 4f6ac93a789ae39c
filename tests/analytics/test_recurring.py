"""Recurring revenue, how it moves, and that its movements always add up."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.analytics.period import Period
from exporter.analytics.recurring import (
    MOVEMENTS,
    MrrMovement,
    Recurring,
    annual_recurring,
    by_customer,
    compare,
    ledgers,
    monthly,
)
from exporter.analytics.subscriptions import State, Subscribed, running
from exporter.records.sale import Sale
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import ADA, DAY, NOW, TENANT, Recorder, subscription, utc

MARCH = Period(utc(2026, 3, 1), utc(2026, 4, 1))
LATER = utc(2026, 5, 1)


def money(text: str) -> Decimal:
    """An exact amount."""
    return Decimal(text)


def subscribed(annual: str, state: State = State.ACTIVE, currency: str = "USD") -> Subscribed:
    """A subscription that pays so much a year."""
    return Subscribed(("acme", "ada", ""), "pro", currency, state, Decimal(annual), NOW)


def test_recurring_revenue_is_exact_until_it_is_shown() -> None:
    yearly = [subscribed("100") for _ in range(3)]
    assert monthly(annual_recurring(yearly, lambda one: one.currency)) == {"USD": 25}
    assert monthly(annual_recurring(yearly[:1], lambda one: one.currency)) == {
        "USD": money("8.333333")
    }


def test_trials_are_not_recurring_revenue_and_cancelled_ones_are() -> None:
    found = [
        subscribed("120"),
        subscribed("1200", State.TRIAL),
        subscribed("12", State.CANCELLED),
        subscribed("24", currency="EUR"),
    ]
    assert monthly(annual_recurring(found, lambda one: one.currency)) == {"USD": 11, "EUR": 2}


def ran(user: str | None, amount: str, start: datetime, end: datetime, **values: Any) -> Sale:
    """A subscription that was paid from one moment to another."""
    terms = {"start_date": start, "end_date": end, **values.pop("terms", {})}
    return subscription(amount, user_id=user, created_at=start, terms=terms, **values)


async def recurring(store: RolledStore, period: Period = MARCH) -> dict[str, Recurring]:
    """The recurring revenue of the tenant, long after the period."""
    found = await ledgers(store, TENANT, period, LATER)
    return {currency: ledger.shown() for currency, ledger in found.items()}


def moved(found: Recurring) -> tuple[Any, ...]:
    """Start, the five movements, end."""
    movement = found.movement
    return (movement.start, *(getattr(movement, name) for name in MOVEMENTS), movement.end)


FEBRUARY = utc(2026, 2, 10)
MIDDLE = utc(2026, 3, 15)
JUNE = utc(2026, 6, 1)


@pytest.fixture
async def six_customers(record: Recorder) -> None:
    """In March: a stays, b expands, c contracts, d churns, e is new, f comes back."""
    await record(
        ran("a", "10", FEBRUARY, JUNE),
        ran("b", "10", FEBRUARY, MIDDLE),
        ran("b", "25", MIDDLE, JUNE),
        ran("c", "30", FEBRUARY, MIDDLE),
        ran("c", "120", MIDDLE, JUNE, terms={"interval": "yearly"}),
        ran("d", "40", FEBRUARY, MIDDLE),
        ran("e", "7", MIDDLE, JUNE),
        ran("f", "5", utc(2025, 12, 1), utc(2026, 1, 1)),
        ran("f", "6", MIDDLE, JUNE),
    )


@pytest.mark.usefixtures("six_customers")
async def test_every_movement_has_its_name_and_they_add_up(store: RolledStore) -> None:
    (usd,) = (await recurring(store)).values()
    assert moved(usd) == (90, 7, 6, 15, -20, -40, 58)
    assert (usd.mrr, usd.arr, usd.customers) == (58, 696, 5)


@pytest.mark.usefixtures("six_customers")
async def test_churn_and_retention_are_of_what_there_was_at_the_start(store: RolledStore) -> None:
    (usd,) = (await recurring(store)).values()
    assert usd.customer_churn_rate == 25.0  # d, of a to d
    assert usd.revenue_churn_rate == pytest.approx(100 * 60 / 90)
    assert usd.net_revenue_retention == pytest.approx(100 * 45 / 90)


@pytest.mark.usefixtures("six_customers")
async def test_over_nothing_at_the_start_there_are_no_rates(store: RolledStore) -> None:
    found = await recurring(store, Period(utc(2026, 2, 1), utc(2026, 3, 1)))
    assert moved(found["USD"]) == (0, 90, 0, 0, 0, 0, 90)
    usd = found["USD"]
    assert usd.customer_churn_rate is usd.revenue_churn_rate is usd.net_revenue_retention is None


async def test_without_subscriptions_there_is_no_currency(store: RolledStore) -> None:
    assert await recurring(store) == {}


async def test_a_period_that_is_not_over_ends_now(record: Recorder, store: RolledStore) -> None:
    await record(ran("a", "10", FEBRUARY, MIDDLE), ran("b", "10", MIDDLE, JUNE))
    found = await ledgers(store, TENANT, MARCH, MIDDLE - DAY)
    assert moved(found["USD"].shown()) == (10, 0, 0, 0, 0, 0, 10)


async def test_a_change_of_currency_is_neither_churn_nor_new(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        ran("a", "10", FEBRUARY, MIDDLE),
        ran("a", "9", MIDDLE, JUNE, currency="EUR"),
        ran("b", "20", FEBRUARY, JUNE),
    )
    found = await recurring(store)
    assert moved(found["USD"]) == (30, 0, 0, 0, -10, 0, 20)
    assert moved(found["EUR"]) == (0, 0, 0, 9, 0, 0, 9)
    assert found["USD"].customer_churn_rate == 0.0
    assert found["USD"].net_revenue_retention == pytest.approx(200 / 3)


async def test_the_end_of_a_trial_is_new_revenue(record: Recorder, store: RolledStore) -> None:
    await record(
        ran("a", "10", FEBRUARY, JUNE, terms={"trial_end": MIDDLE}),
        ran("b", "10", utc(2026, 1, 1), FEBRUARY, terms={"trial_end": FEBRUARY}),
        ran("b", "10", MIDDLE, JUNE),
        ran("c", "0", utc(2026, 1, 1), FEBRUARY),
        ran("c", "10", MIDDLE, JUNE),
    )
    (usd,) = (await recurring(store)).values()
    assert moved(usd) == (0, 30, 0, 0, 0, 0, 30)


async def test_what_was_refunded_at_once_was_never_revenue_of_before(
    record: Recorder, store: RolledStore
) -> None:
    refunded = ran("a", "10", utc(2026, 1, 1), FEBRUARY, status="refunded")
    await record(refunded, ran("a", "10", MIDDLE, JUNE), ran(None, "5", MIDDLE, JUNE))
    (usd,) = (await recurring(store)).values()
    assert moved(usd) == (0, 15, 0, 0, 0, 0, 15)
    assert usd.customers == 2


async def test_movements_are_within_scope_and_filters(record: Recorder, store: RolledStore) -> None:
    await record(
        ran("ada", "10", FEBRUARY, JUNE),
        ran("bob", "20", FEBRUARY, JUNE, plan="max"),
        ran("eve", "30", FEBRUARY, JUNE, tenant_id="globex"),
    )
    ada = await ledgers(store, ADA, MARCH, LATER)
    assert ada["USD"].shown().mrr == 10
    plan = await ledgers(store, TENANT, MARCH, LATER, (equals("plan", "max"),))
    assert plan["USD"].shown().mrr == 20


async def test_rounding_does_not_open_a_gap(record: Recorder, store: RolledStore) -> None:
    """Yearly prices of 100: a month of each is 8.333333…, and of two 16.666666…"""
    yearly = {"interval": "yearly"}
    await record(
        ran("a", "100", FEBRUARY, JUNE, terms=yearly), ran("b", "100", MIDDLE, JUNE, terms=yearly)
    )
    (usd,) = (await recurring(store)).values()
    assert moved(usd) == (money("8.333333"), money("8.333334"), 0, 0, 0, 0, money("16.666667"))
    assert usd.arr == 200


_days = st.integers(0, 150).map(lambda days: utc(2026, 1, 1) + days * DAY)
_sales = st.lists(
    st.builds(
        lambda user, cents, start, days, plan, terms: ran(
            user,
            str(Decimal(cents) / 100),
            start,
            start + days * DAY,
            plan=plan,
            terms=terms,
            currency="USD" if cents % 2 else "EUR",
        ),
        st.sampled_from(["a", "b", "c", None]),
        st.integers(0, 20_000),
        _days,
        st.integers(1, 90),
        st.sampled_from(["pro", "max"]),
        st.fixed_dictionaries(
            {"interval": st.sampled_from(["daily", "weekly", "monthly", "yearly"])},
            optional={"trial_end": _days},
        ),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(_sales, _days, _days, st.sets(st.sampled_from(["a", "b", "c"])))
def test_movements_always_add_up(
    sales: list[Sale], start: datetime, end: datetime, known: set[str]
) -> None:
    before, after = running(sales, start), running(sales, end)
    found = compare(by_customer(before), by_customer(after), {("acme", user, "") for user in known})
    exact: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in after:
        if one.state is not State.TRIAL:
            exact[one.currency] += one.annual
    assert {name: part.end for name, part in found.items() if part.end} == {
        name: amount for name, amount in exact.items() if amount
    }
    for ledger in found.values():
        assert ledger.start + sum(ledger.moved.values()) == ledger.end
        movement: MrrMovement = ledger.shown().movement
        parts = [getattr(movement, name) for name in MOVEMENTS]
        assert movement.start + sum(parts) == movement.end
        assert movement.contraction <= 0
        assert movement.churned <= 0
        assert min(movement.new, movement.reactivated, movement.expansion) >= 0
        for name in MOVEMENTS:
            shown = getattr(movement, name)
            assert abs(shown - ledger.moved[name] / 12) < Decimal("0.000002")
            assert bool(shown) <= bool(ledger.moved[name])


@settings(max_examples=50, deadline=None)
@given(_sales, _days, _days, _days)
def test_two_periods_move_as_far_as_both_in_one(
    sales: list[Sale], first: datetime, second: datetime, third: datetime
) -> None:
    books = [by_customer(running(sales, moment)) for moment in (first, second, third)]
    parts = [compare(books[0], books[1], ()), compare(books[1], books[2], ())]
    whole = compare(books[0], books[2], ())
    for currency, ledger in whole.items():
        steps = [sum(part[currency].moved.values()) for part in parts if currency in part]
        assert sum(ledger.moved.values()) == sum(steps)
