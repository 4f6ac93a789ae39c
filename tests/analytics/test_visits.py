"""Sessions, worked out by hand."""

from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from msgspec.structs import asdict

from exporter.analytics import visits
from exporter.analytics.period import Period
from exporter.analytics.visits import SessionStats, session_stats
from exporter.records.engagement import Engagement
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import ADA, BOB, DAY, LAST_MONTH, NOW, TENANT, Recorder, engagement

START = NOW - DAY
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def seen(session: str, minutes: float, event: str = "view", **values: Any) -> Engagement:
    """An event of a session so many minutes after the start."""
    return engagement(session_id=session, timestamp=START + minutes * MINUTE, event=event, **values)


async def lengths(store: RolledStore) -> tuple[int, float | None, int]:
    """How many sessions, their lengths in minutes added up, bounces."""
    found = await session_stats(store, TENANT, LAST_MONTH)
    total = None if found.avg_length is None else found.avg_length * found.count / 60
    return found.count, total, found.bounces


async def test_length_pages_and_bounces(record: Recorder, store: RolledStore) -> None:
    await record(
        seen("s1", 0, page="/a"),
        seen("s1", 10, page="/b"),
        seen("s1", 20, page="/a"),
        seen("s2", 0),
        seen("s3", 0, page="/a"),
        seen("s3", 4),
        seen("s4", 0, tenant_id="globex"),
    )
    assert asdict(await session_stats(store, TENANT, LAST_MONTH)) == {
        "count": 3,
        "avg_length": 480.0,
        "median_length": pytest.approx(240.0, rel=0.05),
        "avg_events": 2.0,
        "avg_pages": 1.0,
        "bounces": 1,
        "bounce_rate": pytest.approx(100 / 3),
        "exact": ANY,
    }


async def test_thirty_idle_minutes_end_a_session(record: Recorder, store: RolledStore) -> None:
    await record(seen("s", 0), seen("s", 29.9), seen("s", 59.9), seen("s", 60))
    count, total, bounces = await lengths(store)
    assert (count, bounces) == (2, 0)
    assert total == pytest.approx(30.0)


async def test_a_logout_ends_a_session_at_once(record: Recorder, store: RolledStore) -> None:
    await record(
        seen("s", 0), seen("s", 5, "logout"), seen("s", 7), seen("s", 10), seen("t", 0, "logout")
    )
    assert await lengths(store) == (3, 8.0, 1)


async def test_what_comes_with_a_logout_or_repeats_it_is_part_of_what_ended(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        seen("s", 0),
        seen("s", 5, "logout", page="/bye"),
        seen("s", 5, page="/last"),
        seen("s", 9, "logout"),
        seen("s", 20),
    )
    found = await session_stats(store, TENANT, LAST_MONTH)
    assert (found.count, found.bounces) == (2, 1)
    assert found.avg_length == 150.0
    assert (found.avg_pages, found.avg_events) == (1.0, 2.5)


async def test_many_long_sessions_are_looked_at_in_parts(
    record: Recorder, store: RolledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "AT_ONCE", 2)
    await record(*(seen(f"s{i}", minute) for i in range(5) for minute in (0, 20, 40)))
    assert await lengths(store) == (5, 200.0, 0)


async def test_sessions_are_those_of_the_scope_the_filters_and_the_period(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        seen("s", 0), seen("s", 10, user_id="bob"), seen("s", 20), seen("t", 0, feature="chat")
    )
    ada = await session_stats(store, ADA, LAST_MONTH)
    assert (ada.count, ada.avg_events) == (2, 1.5)
    assert (await session_stats(store, BOB, LAST_MONTH)).bounces == 1
    chat = await session_stats(store, TENANT, LAST_MONTH, (equals("feature", "chat"),))
    assert chat.count == 1
    cut = await session_stats(store, TENANT, Period(START + SECOND, NOW))
    assert (cut.count, cut.avg_length) == (1, 600.0)


async def test_without_sessions_there_are_no_means(store: RolledStore) -> None:
    found = await session_stats(store, TENANT, LAST_MONTH)
    assert found == SessionStats(0, None, None, None, None, 0, None, exact=found.exact)
