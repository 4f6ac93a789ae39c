"""When users were last seen: kept and brought up to date, as the records say it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from exporter.engine import STORED
from exporter.ids import new_id
from exporter.records import AI_REQUEST, ENGAGEMENT
from exporter.rollups.last_seen import Last, LastSeen, Seen
from exporter.rollups.progress import closed_until
from exporter.rollups.store import RolledStore
from exporter.storage.base import Insert, Outcome, Row, StoreUnavailable
from exporter.storage.query import Aggregation
from exporter.storage.sqlite import SqliteStore

from ..recording import NOW, ai_request, engagement, performance
from ..services.gated_store import GatedStore
from .rolling import Rolling, rolling

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)
FIVE = 5 * MINUTE


def expected(documents: Sequence[Any], start: datetime, end: datetime) -> Seen:
    """Who was seen, and the last event of each, by going through all documents."""
    found: dict[str, dict[str, Last]] = {}
    for one in documents:
        time = one.created_at if hasattr(one, "created_at") else one.timestamp
        if one.user_id is not None and start <= time < end:
            users = found.setdefault(one.tenant_id, {})
            last = Last(time, one.user_plan or "")
            known = users.get(one.user_id, last)
            same = last.time == known.time
            users[one.user_id] = min(last, known) if same else max(last, known)
    return found


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32))
async def test_users_are_seen_as_the_records_say_whenever_events_come(seed: int) -> None:
    random = Random(seed)
    documents: list[Any] = []
    with TemporaryDirectory() as folder:
        async with rolling(Path(folder), NOW) as rolled:
            for _ in range(60):
                action = random.choice(("record", "record", "ask", "ask", "pass", "roll"))
                if action == "record":
                    some = [drawn(random, rolled.clock()) for _ in range(random.randint(1, 4))]
                    await rolled.record(*some)
                    documents += some
                elif action == "ask":
                    end = rolled.clock() + MOMENT
                    for start in (end - FIVE, closed_until(end)):
                        seen = await rolled.store.last_seen(start, end)
                        known = {tenant: users for tenant, users in seen.items() if users}
                        assert known == expected(documents, start, end)
                elif action == "pass":
                    rolled.clock.advance(seconds=random.choice((0.001, 1, 30, 300, 1500)))
                else:
                    await rolled.refresh()


def drawn(random: Random, now: datetime) -> Any:
    """An event that is heard of now: of a clock that is ahead, or late, or neither."""
    make, time = random.choice(
        ((ai_request, "created_at"), (engagement, "timestamp"), (performance, "timestamp"))
    )
    minutes = random.choice((0, 0, -1, -4, -20, -70, -200, 1, 5))
    return make(
        tenant_id=random.choice(("acme", "acme", "globex")),
        user_id=random.choice(("ada", "ben", "cy", None)),
        user_plan=random.choice(("free", "pro", None)),
        **{time: now + minutes * MINUTE},
    )


class Follower:
    """Somebody who keeps who was seen, of a store, and what they asked that for."""

    def __init__(self, store: RolledStore, **limits: int) -> None:
        self.store = store
        self.asked: list[tuple[datetime, datetime]] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.last_seen = LastSeen(self._ask, alone=True, **limits)

    async def record(self, *documents: Any) -> None:
        """Write new documents now, one call for all."""
        families = {AI_REQUEST.document: AI_REQUEST, ENGAGEMENT.document: ENGAGEMENT}
        operations = [Insert(families[type(one)], one, new_id()) for one in documents]
        self.last_seen.written(operations, await self.store.write(operations))

    async def users(self, start: datetime, end: datetime) -> set[str]:
        """The users that were seen."""
        seen = await self.last_seen.during(start, end)
        return {user for users in seen.values() for user in users}

    async def _ask(self, query: Aggregation) -> list[Row]:
        rows = await self.store.aggregate(query)
        if query.family is not ENGAGEMENT:
            return rows
        since, until = (one.value for one in query.where if one.field == ENGAGEMENT.time_field)
        assert isinstance(since, datetime)
        assert isinstance(until, datetime)
        if self.asked and self.asked[-1][1] == since:
            since = self.asked.pop()[0]  # it is read in parts
        self.asked.append((since, until))
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return rows


def seen_at(user: str, time: datetime) -> Any:
    return engagement(user_id=user, timestamp=time)


async def test_what_was_read_is_not_read_again(rolled: Rolling) -> None:
    one = Follower(rolled.store)
    await one.record(seen_at("ada", NOW - 2 * MINUTE))
    assert await one.users(NOW - FIVE, NOW) == {"ada"}
    await one.record(seen_at("ben", NOW), seen_at("cy", NOW - MINUTE))
    assert await one.users(NOW - FIVE, NOW) == {"ada", "cy"}
    assert await one.users(NOW - FIVE, NOW + MINUTE) == {"ada", "ben", "cy"}
    assert one.asked == [(closed_until(NOW), NOW + MINUTE)]  # each part of it once


async def test_what_was_not_stored_was_not_seen(rolled: Rolling) -> None:
    one = Follower(rolled.store)
    await one.record(engagement(event_id="e", user_id="ada", timestamp=NOW - MINUTE))
    await one.users(NOW - FIVE, NOW)
    await one.record(engagement(event_id="e", user_id="eve", timestamp=NOW - MINUTE))
    assert await one.users(NOW - FIVE, NOW) == {"ada"}


async def test_an_event_that_is_stored_while_its_time_is_read_is_seen_next(
    rolled: Rolling,
) -> None:
    one = Follower(rolled.store)

    async def meanwhile() -> None:
        await one.record(seen_at("ada", NOW - MINUTE))

    one.meanwhile = meanwhile
    await one.users(NOW - FIVE, NOW)
    assert await one.users(NOW - FIVE, NOW) == {"ada"}
    assert len(one.asked) == 1


async def test_too_many_late_events_are_read(rolled: Rolling) -> None:
    one = Follower(rolled.store, most_late=1)
    await one.users(NOW - FIVE, NOW)
    await one.record(seen_at("ada", NOW - MINUTE), seen_at("ben", NOW - MINUTE))
    assert await one.users(NOW - FIVE, NOW) == {"ada", "ben"}
    assert one.asked == [(closed_until(NOW), NOW)] * 2


async def test_too_many_late_events_while_reading_have_the_records_asked(rolled: Rolling) -> None:
    one = Follower(rolled.store, most_late=1)

    async def meanwhile() -> None:
        await one.record(seen_at("ada", NOW - MINUTE), seen_at("ben", NOW - MINUTE))

    one.meanwhile = meanwhile
    assert await one.users(NOW - FIVE, NOW) == {"ada", "ben"}
    assert one.asked == [(closed_until(NOW), NOW), (NOW - FIVE, NOW)]
    assert await one.users(NOW - FIVE, NOW) == {"ada", "ben"}


async def test_more_users_than_are_kept_are_read_until_the_next_hour(rolled: Rolling) -> None:
    one = Follower(rolled.store, most_kept=1)
    await one.record(seen_at("ada", NOW - MINUTE), seen_at("ben", NOW - MINUTE))
    for _ in range(2):
        assert await one.users(NOW - FIVE, NOW) == {"ada", "ben"}
    assert one.asked == [(closed_until(NOW), NOW), (NOW - FIVE, NOW)]
    later = NOW + timedelta(hours=2)
    await one.record(seen_at("cy", later - MINUTE))
    for _ in range(2):
        assert await one.users(later - FIVE, later) == {"cy"}
    assert one.asked[2:] == [(closed_until(later), later)]


async def test_a_time_before_the_last_one_or_a_longer_one_is_read(rolled: Rolling) -> None:
    one = Follower(rolled.store)
    await one.record(seen_at("ada", NOW - 10 * MINUTE), seen_at("ada", NOW))
    await one.record(seen_at("ben", NOW - timedelta(hours=9)))
    assert await one.users(NOW - FIVE, NOW + MOMENT) == {"ada"}
    assert await one.users(NOW - FIVE, NOW) == set()
    assert await one.users(NOW - 12 * MINUTE, NOW) == {"ada"}
    assert await one.users(NOW - timedelta(hours=10), NOW + MOMENT) == {"ada", "ben"}


@pytest.fixture
async def gated(tmp_path: Path) -> AsyncIterator[GatedStore]:
    """A store whose writes and reads can fail, and which one process owns."""
    took: list[tuple[str, float]] = []
    engine = SqliteStore(
        tmp_path / "meterhouse.sqlite",
        STORED,
        query_timeout_ms=30_000,
        observe=lambda operation, seconds: took.append((operation, seconds)),
    )
    store = GatedStore(engine)
    await store.open()
    yield store
    store.error = None
    await store.close()


def the_only_one(gated: GatedStore) -> RolledStore:
    gated.remote = False
    return RolledStore(gated, lambda: NOW)


async def test_what_may_have_been_stored_is_looked_for(gated: GatedStore) -> None:
    store = the_only_one(gated)
    assert await store.last_seen(NOW - FIVE, NOW) == {}
    gated.error, gated.lose_answers = StoreUnavailable("lost"), True
    with pytest.raises(StoreUnavailable):
        await store.write([Insert(ENGAGEMENT, seen_at("ada", NOW - MINUTE), new_id())])
    gated.error = None
    seen = await store.last_seen(NOW - FIVE, NOW)
    assert seen == {"acme": {"ada": Last(NOW - MINUTE, "free")}}


async def test_a_question_that_failed_is_asked_anew(gated: GatedStore) -> None:
    store = the_only_one(gated)
    await store.write([Insert(ENGAGEMENT, seen_at("ada", NOW - MINUTE), new_id())])
    gated.error = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await store.last_seen(NOW - FIVE, NOW)
    gated.error = None
    assert set(await store.last_seen(NOW - FIVE, NOW)) == {"acme"}


async def test_where_others_write_too_the_records_are_asked(gated: GatedStore) -> None:
    one, other = (RolledStore(gated, lambda: NOW) for _ in range(2))
    assert await one.last_seen(NOW - FIVE, NOW) == {}
    insert = Insert(ENGAGEMENT, seen_at("ada", NOW - MINUTE), new_id())
    assert await other.write([insert]) == [Outcome.STORED]
    assert set(await one.last_seen(NOW - FIVE, NOW)) == {"acme"}
