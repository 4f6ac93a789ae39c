"""Sessions of random events: from digests they are what the definition says, event by event."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.analytics.period import Period
from exporter.analytics.visits import SessionStats, session_stats
from exporter.records.engagement import IDLE, LOGOUT, Engagement
from exporter.rollups import digests, visits
from exporter.rollups.documents import TIME, Level
from exporter.rollups.remembered import Remembered
from exporter.rollups.visits import VISITS
from exporter.storage.query import Filter, Find, Operator, between

from ..recording import DAY, TENANT, engagement, utc
from .digesting import DigestedStore, digested

NEW_YEAR = utc(2026, 1, 1)
START, END = NEW_YEAR - 2 * DAY, NEW_YEAR + 2 * DAY
STEP = timedelta(minutes=5)
HOUR = timedelta(hours=1)
ANYTHING = (Filter("eventId", Operator.NE, ""),)
"""A filter that holds for every event, and that no digest can answer."""

# Around midnights, where sessions lie in two buckets, and as often as not exactly 30 minutes apart.
_times = st.builds(
    lambda day, steps: START + day * DAY + steps * STEP, st.integers(1, 3), st.integers(-20, 20)
) | st.builds(lambda steps: START + steps * STEP, st.integers(0, (END - START) // STEP - 1))
_events = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": _times,
            "session_id": st.sampled_from(["s", "t"]),
            "event": st.sampled_from(["view", "view", "click", LOGOUT]),
            "page": st.sampled_from([None, "/a", "/b"]),
        }
    ),
    max_size=30,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DigestedStore]:
    """An empty store, after all that is recorded in it."""
    async with digested(tmp_path, END) as opened:
        yield opened


def by_definition(events: Sequence[Engagement], period: Period) -> list[list[Engagement]]:
    """The sessions of events: what is said of them in analytics/visits.py, one event at a time."""
    found: list[list[Engagement]] = []
    inside = [event for event in events if period.start <= moment(event) < period.end]
    for name in {event.session_id for event in inside}:
        of_session = [event for event in inside if event.session_id == name]
        before, over = None, False
        for time in sorted({moment(event) for event in of_session}):
            at_once = [event for event in of_session if moment(event) == time]
            only_logouts = all(event.event == LOGOUT for event in at_once)
            if before is None or time - before >= IDLE or (over and not only_logouts):
                found.append([])
                over = False
            found[-1] += at_once
            before, over = time, over or any(event.event == LOGOUT for event in at_once)
    return found


def moment(event: Engagement) -> datetime:
    """When it happened."""
    assert event.timestamp is not None
    return event.timestamp


def length(session: Sequence[Engagement]) -> float:
    """From its first event to its first logout, or to its last event without one, in s."""
    logouts = [moment(event) for event in session if event.event == LOGOUT]
    first = min(map(moment, session))
    return (min(logouts, default=max(map(moment, session))) - first).total_seconds()


def check(found: SessionStats, sessions: Sequence[Sequence[Engagement]]) -> None:
    """Whether these are the sessions."""
    number = len(sessions)
    assert found.count == number
    assert found.bounces == sum(len(session) == 1 for session in sessions)
    if not number:
        assert found.avg_length is found.median_length is found.avg_pages is None
        return
    pages = [{event.page for event in session} - {None} for session in sessions]
    lengths = sorted(map(length, sessions))
    assert found.avg_length == pytest.approx(sum(lengths) / number)
    assert found.avg_events == sum(map(len, sessions)) / number
    assert found.avg_pages == sum(map(len, pages)) / number
    median = lengths[(number - 1) // 2]
    assert found.median_length == (median if found.exact else pytest.approx(median, rel=0.05))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=_events, late=_events, again=st.booleans(), period=st.tuples(_times, _times))
async def test_digests_and_records_come_to_what_records_alone_do(
    store: DigestedStore,
    events: list[dict[str, object]],
    late: list[dict[str, object]],
    again: bool,
    period: tuple[datetime, datetime],
) -> None:
    await store.forget()
    on_time = [engagement(**values) for values in events]
    after = [engagement(**values) for values in late]
    await store.record(on_time)
    await store.digest(VISITS, START, END - HOUR)
    await store.record(after)
    if again:
        await store.digest(VISITS, START, END - HOUR)
    for start, end in ((START, END), (min(period), max(period))):
        asked = Period(start, end)
        sessions = by_definition([*on_time, *after], asked)
        for _ in ("made", "remembered"):
            check(await session_stats(store, TENANT, asked), sessions)
        alone = await session_stats(store, TENANT, asked, ANYTHING)
        assert alone.exact
        check(alone, sessions)


def seen(at: datetime, event: str = "view", session: str = "s", **values: object) -> Engagement:
    """An event of a session."""
    return engagement(timestamp=at, event=event, session_id=session, **values)


async def test_what_was_kept_of_a_period_is_put_together_once(
    store: DigestedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "_kept", Remembered(2))
    made, of = list[int](), visits.Kept.of

    def counted(pieces: list[bytes]) -> visits.Kept:
        made.append(len(pieces))
        return of(pieces)

    monkeypatch.setattr(visits.Kept, "of", counted)
    hours = [NEW_YEAR + place * HOUR for place in range(3)]
    await store.record(seen(hour + STEP, session=str(hour)) for hour in hours)
    await store.digest(VISITS, START, END)
    asked = Period(START, END)
    for _ in range(2):
        assert (await session_stats(store, TENANT, asked)).count == 3
    assert len(made) == 1
    await store.record([seen(hours[1] + 3 * STEP, session=str(hours[1])), seen(hours[2])])
    assert (await session_stats(store, TENANT, asked)).count == 4
    await store.digest(VISITS, START, END)
    assert (await session_stats(store, TENANT, asked)).count == 4


async def test_days_and_months_keep_the_sessions_near_their_edges_alone(
    store: DigestedStore,
) -> None:
    noon = NEW_YEAR + DAY / 2
    await store.record(seen(noon + place * STEP, session=f"s{place}") for place in range(10))
    await store.record([seen(NEW_YEAR - STEP), seen(NEW_YEAR + STEP)])
    await store.digest(VISITS, START, END)
    edges: dict[Level, datetime] = {"day": NEW_YEAR, "month": utc(2025, 12, 1)}
    for level, day in edges.items():
        where = between(TIME, day, day + timedelta(days=1))
        (document,) = await store.find(Find(VISITS.levels[level], where))
        assert len(visits.unpacked(document.packed).visits) == 1
    found = await session_stats(store, TENANT, Period(START, END))
    assert (found.count, found.bounces, found.exact) == (11, 10, False)
    assert found.avg_length == pytest.approx(600 / 11)


async def test_many_sessions_and_many_records_are_kept_and_read_in_parts(
    store: DigestedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "AT_ONCE", 3)
    monkeypatch.setattr(digests, "AT_ONCE", 4)
    events = [
        seen(NEW_YEAR + place * timedelta(minutes=7) + number * timedelta(seconds=1), session=name)
        for place in range(8)
        for number, name in enumerate("abcd")
    ]
    await store.record(events)
    await store.digest(VISITS, START, END)
    of_hour = between(TIME, NEW_YEAR, NEW_YEAR + HOUR)
    assert len(await store.find(Find(VISITS.levels["hour"], of_hour))) == 2
    period = Period(NEW_YEAR, END)
    check(
        await session_stats(store, TENANT, period),
        by_definition(events, period),
    )
