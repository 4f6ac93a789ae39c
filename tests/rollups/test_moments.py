"""Funnels of random events: from digests they are what records alone come to."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.analytics.funnel import FunnelStep, funnel
from exporter.analytics.period import Period
from exporter.clock import epoch_ms, from_epoch_ms
from exporter.records.engagement import Engagement
from exporter.rollups import digests, moments
from exporter.rollups.digests import Pieces
from exporter.rollups.documents import TIME, Level
from exporter.rollups.moments import MOMENTS, next_moments, timelines
from exporter.rollups.sets import hashed
from exporter.storage.query import Filter, Find, Operator, between

from ..recording import DAY, TENANT, engagement, utc
from .digesting import DigestedStore, digested

NEW_YEAR = utc(2026, 1, 1)
START, END = NEW_YEAR - 2 * DAY, NEW_YEAR + 2 * DAY
STEP = timedelta(minutes=15)
HOUR = timedelta(hours=1)
STEPS = ("visit", "signup", "buy")
ANYTHING = (Filter("eventId", Operator.NE, ""),)
"""A filter that holds for every event, and that no digest can answer."""

_times = st.builds(lambda steps: START + steps * STEP, st.integers(0, (END - START) // STEP - 1))
_events = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": _times,
            "user_id": st.sampled_from(["a", "b", None]),
            "event": st.sampled_from(STEPS),
        }
    ),
    max_size=30,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DigestedStore]:
    """An empty store, after all that is recorded in it."""
    async with digested(tmp_path, END) as opened:
        yield opened


def attempts(
    events: list[dict[str, object]], period: Period, window: timedelta
) -> list[list[datetime]]:
    """Each user's attempt that got furthest: every beginning is tried, the earliest first."""
    found = []
    for user in ("a", "b"):
        times: dict[str, list[datetime]] = {step: [] for step in STEPS}
        for event in events:
            if event["user_id"] == user:
                times[str(event["event"])].append(event["timestamp"])  # type: ignore[arg-type]
        best: list[datetime] = []
        for start in sorted(times[STEPS[0]]):
            if period.start <= start < period.end:
                attempt = [start]
                for step in STEPS[1:]:
                    later = [t for t in times[step] if attempt[-1] <= t < start + window]
                    if not later:
                        break
                    attempt.append(min(later))
                best = max(best, attempt, key=len)
        if best:
            found.append(best)
    return found


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=_events,
    late=_events,
    again=st.booleans(),
    period=st.tuples(_times, _times),
    window=st.integers(1, 200).map(lambda steps: steps * STEP),
)
async def test_digests_and_records_come_to_what_records_alone_do(  # noqa: PLR0917  # drawn
    store: DigestedStore,
    events: list[dict[str, object]],
    late: list[dict[str, object]],
    again: bool,
    period: tuple[datetime, datetime],
    window: timedelta,
) -> None:
    await store.forget()
    await store.record(engagement(**values) for values in events)
    await store.digest(MOMENTS, START, END - HOUR)
    await store.record(engagement(**values) for values in late)
    if again:
        await store.digest(MOMENTS, START, END - HOUR)
    for start, end in ((START, END), (min(period), max(period))):
        asked = Period(start, end)

        async def ask(*where: Filter, asked: Period = asked) -> list[FunnelStep]:
            return await funnel(store, TENANT, asked, steps=STEPS, window=window, where=where)

        found, expected = await ask(), attempts([*events, *late], asked, window)
        assert found == await ask(*ANYTHING)
        for place, step in enumerate(found):
            here = [attempt for attempt in expected if len(attempt) > place]
            took = sorted(attempt[place] - attempt[place - 1] for attempt in here) if place else []
            median = took[(len(took) - 1) // 2].total_seconds() if took else None
            assert (step.users, step.median_seconds) == (len(here), median)


async def test_many_moments_are_kept_in_parts(
    store: DigestedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "AT_ONCE", 5)
    monkeypatch.setattr(digests, "AT_ONCE", 4)
    times = [NEW_YEAR + place * timedelta(minutes=7) for place in range(8)]
    await store.record(
        engagement(event="visit", user_id=user, timestamp=time) for time in times for user in "ab"
    )
    await store.digest(MOMENTS, START, END)
    kept: dict[Level, int] = {"hour": 4, "day": 4}
    for level, parts in kept.items():
        where = between(TIME, NEW_YEAR, NEW_YEAR + HOUR)
        found = await store.find(Find(MOMENTS.levels[level], where))
        assert len(found) == parts
        pieces = [document.packed for document in reversed(found)]
        everything = timelines(pieces)
        assert everything.keys() == {hashed("a"), hashed("b")}
        assert [from_epoch_ms(time) for time in everything[hashed("a")]] == times


async def test_the_next_moments_are_found_in_parts_too(
    store: DigestedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "AT_ONCE", 3)
    minute = timedelta(minutes=1)
    times = [NEW_YEAR + place * 7 * minute for place in range(8)]
    await store.record(
        engagement(event="visit", user_id=user, timestamp=time) for time in times for user in "ab"
    )
    await store.digest(MOMENTS, START, END)
    found = await store.find(Find(MOMENTS.levels["day"], between(TIME, NEW_YEAR, NEW_YEAR + HOUR)))
    pieces = [document.packed for document in sorted(found, key=attrgetter("part"))]
    asked = [NEW_YEAR, NEW_YEAR + 8 * minute, NEW_YEAR + 30 * minute, END]
    after = {hashed(user): [epoch_ms(time) for time in asked] for user in "ac"}
    expected = [epoch_ms(times[place]) for place in (0, 2, 5)]  # and none after the end
    # Records lie anywhere: what comes first after a time may be what is found last.
    for kept, recorded in ((pieces, []), (pieces[2:], pieces[:2]), ([], pieces), (pieces, pieces)):
        found_next = next_moments(Pieces(kept, recorded), after)
        assert found_next.keys() == {hashed("a")}
        first = [
            next((moment for moment in found_next[hashed("a")] if moment >= epoch_ms(time)), None)
            for time in asked
        ]
        assert first == [*expected, None]


async def test_an_attempt_that_fails_does_not_hide_a_later_one(store: DigestedStore) -> None:
    def did(event: str, minutes: int) -> Engagement:
        at = NEW_YEAR + timedelta(minutes=minutes)
        return engagement(event=event, timestamp=at)

    await store.record(
        [did("visit", 0), did("visit", 5), did("visit", 50), did("signup", 60), did("buy", 100)]
    )
    period = Period(START, END)
    window = timedelta(minutes=55)
    found = await funnel(store, TENANT, period, steps=STEPS, window=window)
    assert [(step.users, step.median_seconds) for step in found] == [
        (1, None),
        (1, 600.0),
        (1, 2400.0),
    ]
