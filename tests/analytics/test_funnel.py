"""Funnels, worked out by hand."""

from datetime import timedelta
from typing import Any

import pytest

from exporter.analytics.funnel import FunnelStep, funnel
from exporter.analytics.period import Period
from exporter.records.engagement import Engagement
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import DAY, NOW, TENANT, Recorder, engagement

START = NOW - 10 * DAY
PERIOD = Period(START, NOW)
MINUTE = timedelta(minutes=1)
WINDOW = timedelta(hours=1)
STEPS = ("visit", "signup", "buy")


def did(user: str | None, event: str, minutes: float, **values: Any) -> Engagement:
    """What a user did so many minutes after the start."""
    return engagement(user_id=user, event=event, timestamp=START + minutes * MINUTE, **values)


async def ask(store: RolledStore, *steps: str, **values: Any) -> list[FunnelStep]:
    """The funnel of the tenant."""
    values = {"window": WINDOW, **values}
    return await funnel(store, TENANT, values.pop("period", PERIOD), steps=steps or STEPS, **values)


async def users(store: RolledStore, *steps: str, **values: Any) -> list[int]:
    """The users of each step."""
    return [step.users for step in await ask(store, *steps, **values)]


async def test_users_conversions_and_times(record: Recorder, store: RolledStore) -> None:
    await record(
        *(did("a", step, 10 * place) for place, step in enumerate(STEPS)),
        did("b", "visit", 0),
        did("b", "signup", 4),
        did("b", "buy", 5),
        did("c", "visit", 0),
        did("c", "signup", 6),
        did("d", "visit", 0),
        did(None, "visit", 0),
        did("x", "visit", 0, tenant_id="globex"),
    )
    assert await ask(store) == [
        FunnelStep("visit", 4, None, 100.0, None),
        FunnelStep("signup", 3, 75.0, 75.0, 360.0),
        FunnelStep("buy", 2, pytest.approx(200 / 3), 50.0, 60.0),
    ]


async def test_steps_count_in_their_order_only(record: Recorder, store: RolledStore) -> None:
    await record(did("a", "signup", 0), did("a", "visit", 1), did("a", "buy", 2))
    assert await users(store) == [1, 0, 0]
    assert await users(store, "signup", "visit", "buy") == [1, 1, 1]


async def test_two_steps_of_one_moment_are_in_order(record: Recorder, store: RolledStore) -> None:
    await record(did("a", "visit", 0), did("a", "signup", 0))
    assert await users(store) == [1, 1, 0]


async def test_the_window_opens_with_the_first_step_and_does_not_hold_its_end(
    record: Recorder, store: RolledStore
) -> None:
    await record(did("a", "visit", 0), did("a", "signup", 30), did("a", "buy", 60))
    assert await users(store) == [1, 1, 0]
    assert await users(store, window=WINDOW + MINUTE) == [1, 1, 1]


async def test_the_attempt_that_got_furthest_counts(record: Recorder, store: RolledStore) -> None:
    await record(
        did("a", "visit", 0),
        did("a", "signup", 50),
        did("a", "visit", 100),
        did("a", "signup", 103),
        did("a", "buy", 110),
        did("a", "visit", 400),
    )
    found = await ask(store)
    assert [(step.users, step.median_seconds) for step in found] == [
        (1, None),
        (1, 180.0),
        (1, 420.0),
    ]


async def test_who_begins_in_the_period_may_go_on_after_it(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        did("a", "visit", -1),
        did("b", "visit", 9),
        did("b", "signup", 11),
        did("c", "visit", 10),
    )
    period = Period(START, START + 10 * MINUTE)
    assert await users(store, period=period) == [1, 1, 0]


async def test_filters_narrow_every_step(record: Recorder, store: RolledStore) -> None:
    await record(did("a", "visit", 0, user_plan="pro"), did("b", "visit", 0))
    assert await users(store, where=(equals("userPlan", "pro"),)) == [1, 0, 0]


async def test_nobody_makes_an_empty_funnel(store: RolledStore) -> None:
    found = await ask(store)
    assert [step.users for step in found] == [0, 0, 0]
    assert {step.conversion_from_first for step in found} == {None}
