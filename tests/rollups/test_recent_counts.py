"""Counts over the last minutes: kept minute by minute, and always those of the records."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from exporter.engine import STORED
from exporter.ids import new_id
from exporter.records import AI_REQUEST, PERFORMANCE
from exporter.rollups.plan import Ranges
from exporter.rollups.recent_counts import MOST_QUESTIONS, READ, RecentCounts
from exporter.rollups.store import RolledStore
from exporter.storage.base import Insert, Row, Store, StoreUnavailable
from exporter.storage.query import (
    Aggregation,
    Function,
    LogBucket,
    Measure,
    Operator,
    Order,
    between,
    equals,
)
from exporter.storage.sqlite import SqliteStore

from ..recording import NOW, ai_request, performance
from ..services.gated_store import GatedStore
from .rolling import Rolling, rolling

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)
N = Measure("n")
FAILED = Measure("failed", where=(equals("status", "failed"),))
TIMED = Measure("timed", Function.COUNT, "responseTime")


def requests(now: datetime, minutes: int = 15, **options: Any) -> Aggregation:
    """AI requests of the last minutes by their model: how many, and how many failed."""
    period = between(AI_REQUEST.time_field, now - minutes * MINUTE, now + MOMENT)
    return Aggregation(AI_REQUEST, (N, FAILED), period, **{"by": ("model",), **options})


def questions(now: datetime) -> list[Aggregation]:
    """What evaluators ask, and more of it."""
    most = (Order("n", descending=True),)
    period = between(PERFORMANCE.time_field, now - 5 * MINUTE, now + MOMENT)
    return [
        requests(now),
        requests(now, order=most, limit=1),
        requests(now, order=(Order("failed"), *most), by=("model", "feature")),
        requests(now, 60, by=()),
        requests(now, by=("feature",), present=("feature",)),
        Aggregation(PERFORMANCE, (N, TIMED), period, ("service", LogBucket("responseTime"))),
    ]


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32))
async def test_counts_are_those_of_the_records_whatever_comes_late_or_changes(seed: int) -> None:
    random = Random(seed)
    open_ones: list[Any] = []
    with TemporaryDirectory() as folder:
        async with rolling(Path(folder), NOW) as rolled:
            for _ in range(80):
                action = random.choice(("record", "record", "change", "ask", "ask", "pass"))
                if action == "record":
                    some = [drawn(random, rolled.clock()) for _ in range(random.randint(1, 4))]
                    await rolled.record(*some)
                    open_ones += [one for one in some if hasattr(one, "model")]
                elif action == "change" and open_ones:
                    one = open_ones.pop(random.randrange(len(open_ones)))
                    await rolled.change(one, status=random.choice(("failed", "completed")))
                elif action == "pass":
                    rolled.clock.advance(seconds=random.choice((0.001, 1, 30, 60, 61, 300, 1500)))
                else:
                    for query in questions(rolled.clock()):
                        expected = await rolled.engine.aggregate(query)
                        assert await rolled.store.aggregate(query) == expected


def drawn(random: Random, now: datetime) -> Any:
    """A call or a request that is heard of now: of a clock that is ahead, or late, or neither."""
    time = now + random.choice((0, 0, 0, -1, -3, -20, 1, 4)) * MINUTE
    tenant = random.choice(("acme", "globex"))
    if random.random() < 0.5:
        return performance(
            tenant_id=tenant,
            service=random.choice(("shop", "api")),
            response_time=random.choice((5.0, 20.0, 20.1)),
            timestamp=time,
        )
    return ai_request(
        tenant_id=tenant,
        model=random.choice(("gpt", "opus")),
        feature=random.choice((None, "chat", "search")),
        status=random.choice(("pending", "failed", "completed")),
        created_at=time,
    )


class Follower:
    """Somebody who keeps counts of a store, and what was read for them."""

    def __init__(self, engine: Store, *, alone: bool = True, **limits: int) -> None:
        self.engine = engine
        self.read: list[tuple[datetime, datetime]] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.counts = RecentCounts(self._ask, alone=alone, **limits)

    async def record(self, *documents: Any) -> None:
        """Write new requests now."""
        operations = [Insert(AI_REQUEST, one, new_id()) for one in documents]
        self.counts.written(operations, await self.engine.write(operations))

    async def ask(self, query: Aggregation) -> list[tuple[datetime, datetime]]:
        """Ask, and see that the rows are those of the records; what was read of those."""
        self.read.clear()
        end = cast(datetime, query.where[1].value)
        rows = await self.counts.rows(query, end)
        assert rows == await self.engine.aggregate(query)
        return sorted(self.read)

    async def _ask(self, query: Aggregation) -> list[Row]:
        meanwhile, self.meanwhile = self.meanwhile, None
        rows = await self.engine.aggregate(query)
        if meanwhile is not None:
            await meanwhile()
        for part in query.where:
            if part.op is Operator.WITHIN:
                self.read += cast(Ranges, part.value)
        return rows


@pytest.fixture
async def follower(tmp_path: Path) -> AsyncIterator[Follower]:
    """Somebody who begins to ask now, of an empty store."""
    async with rolling(tmp_path, NOW) as rolled:
        yield Follower(rolled.engine)


def after(minutes: float) -> datetime:
    """A time within the minutes after NOW, which is a whole one."""
    return NOW + timedelta(minutes=minutes, seconds=30)


async def test_of_what_was_asked_before_only_a_minute_is_read_again(follower: Follower) -> None:
    await follower.record(*(ai_request(created_at=NOW - n * MINUTE) for n in range(20)))
    for minute in range(15):
        await follower.ask(requests(after(minute)))
    assert await follower.ask(requests(after(15))) == [
        (after(0), NOW + MINUTE),  # the minute in which the period begins
        (NOW + 14 * MINUTE, NOW + 15 * MINUTE),  # the one that is over since
        (NOW + 15 * MINUTE, after(15) + MOMENT),  # the one that is not
    ]


async def test_at_first_few_minutes_are_read_by_themselves(follower: Follower) -> None:
    read = await follower.ask(requests(after(0)))
    whole = [(NOW - n * MINUTE, NOW - n * MINUTE + MINUTE) for n in range(READ, 0, -1)]
    assert read == [
        (after(0) - 15 * MINUTE, NOW - READ * MINUTE),
        *whole,
        (NOW, after(0) + MOMENT),
    ]


async def test_a_minute_in_which_something_was_stored_since_is_read_again(
    follower: Follower,
) -> None:
    for minute in range(6):
        await follower.ask(requests(after(minute), 5))
    await follower.record(ai_request(created_at=after(2)))
    late = NOW + 2 * MINUTE
    assert (late, late + MINUTE) in await follower.ask(requests(after(5), 5))
    assert (late, late + MINUTE) not in await follower.ask(requests(after(5), 5))


async def test_a_minute_in_which_something_is_stored_while_it_is_read_is_not_kept(
    follower: Follower,
) -> None:
    follower.meanwhile = lambda: follower.record(ai_request(created_at=NOW - MINUTE))
    query = requests(after(0), 2)
    await follower.ask(query)
    assert (NOW - MINUTE, NOW) in await follower.ask(query)


async def test_a_minute_that_could_not_be_read_is_read_when_asked_again(
    follower: Follower,
) -> None:
    async def fail() -> None:
        raise StoreUnavailable("away")

    await follower.record(ai_request(created_at=NOW - MINUTE))
    follower.meanwhile = fail
    with pytest.raises(StoreUnavailable):
        await follower.counts.rows(requests(after(0), 2), after(0))
    assert (NOW - MINUTE, NOW) in await follower.ask(requests(after(0), 2))


async def test_where_a_minute_has_too_many_groups_the_records_answer(follower: Follower) -> None:
    models = [ai_request(created_at=NOW - MINUTE, model=f"m{n}") for n in range(4)]
    await follower.record(*models)
    few = Follower(follower.engine, most_groups=3)
    query = requests(after(0), order=(Order("n", descending=True),), limit=3)
    assert await few.counts.rows(query, after(0)) == [
        {"model": f"m{n}", "n": 1, "failed": 0} for n in range(3)
    ]


async def test_more_than_is_to_be_kept_is_read_again(follower: Follower) -> None:
    models = [ai_request(created_at=NOW - MINUTE, model=f"m{n}") for n in range(4)]
    await follower.record(*models)
    minute = NOW - MINUTE, NOW
    for most, again in ((4, False), (3, True)):
        one = Follower(follower.engine, most_kept=most)
        await one.ask(requests(after(0), 2))
        assert (minute in await one.ask(requests(after(0), 2))) is again


async def test_what_has_not_been_asked_for_the_longest_goes_first(follower: Follower) -> None:
    first, *others = (
        requests(after(0), 2, by=by, present=present)
        for by in (("model",), ("feature",), ("status",), ())
        for present in ((), ("model",), ("feature",), ("status",), ("userId",))
    )
    await follower.ask(first)
    for other in others[:MOST_QUESTIONS]:
        await follower.ask(other)
    assert (NOW - MINUTE, NOW) in await follower.ask(first)
    assert (NOW - MINUTE, NOW) not in await follower.ask(others[MOST_QUESTIONS - 1])


@pytest.mark.parametrize(
    "query",
    [
        requests(NOW, 1),
        requests(NOW, 61),
        requests(NOW - 2 * MINUTE),
        requests(NOW + 2 * MINUTE),
        requests(NOW, flat=True),
        Aggregation(AI_REQUEST, (N,)),
        Aggregation(AI_REQUEST, (N,), (*requests(NOW).where, equals("tenantId", "acme"))),
        Aggregation(
            AI_REQUEST, (Measure("cost", Function.SUM, "cost"),), requests(NOW).where, ("model",)
        ),
    ],
    ids=["short", "long", "past", "future", "flat", "no period", "one tenant", "sums"],
)
async def test_other_questions_are_not_known(follower: Follower, query: Aggregation) -> None:
    assert await follower.counts.rows(query, NOW) is None


async def test_where_others_write_too_nothing_is_kept(follower: Follower) -> None:
    assert await follower.counts.rows(requests(NOW), NOW) == []
    one_of_many = Follower(follower.engine, alone=False)
    assert await one_of_many.counts.rows(requests(NOW), NOW) is None


async def test_after_a_write_that_failed_all_minutes_are_read_again(tmp_path: Path) -> None:
    engine = SqliteStore(
        tmp_path / "meterhouse.sqlite", STORED, query_timeout_ms=30_000, observe=lambda *_: None
    )
    gated = GatedStore(engine)
    gated.remote = False
    rolled = Rolling(gated, NOW)
    rolled.store = RolledStore(gated, rolled.clock)
    await rolled.store.open()
    try:
        query = requests(NOW, 5)
        assert await rolled.store.aggregate(query) == []
        gated.lose_answers, gated.error = True, StoreUnavailable("the answer got lost")
        with pytest.raises(StoreUnavailable):
            await rolled.record(ai_request(created_at=NOW - 2 * MINUTE))
        gated.error = None
        assert await rolled.store.aggregate(query) == [{"model": "gpt", "n": 1, "failed": 0}]
    finally:
        await rolled.store.close()
