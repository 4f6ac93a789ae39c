"""The store in front of the engine: it answers as the records alone do, from rollups."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from exporter.errors import Invalid
from exporter.intervals import HOUR, beginning, beginnings
from exporter.records import AI_REQUEST, ENGAGEMENT, TRACKED
from exporter.rollups import progress
from exporter.rollups.activity import ACTIVITY, KINDS
from exporter.rollups.plan import Progress
from exporter.rollups.sets import hashed
from exporter.rollups.store import RolledStore
from exporter.storage.base import Insert, Row, StoreUnavailable
from exporter.storage.query import (
    Aggregation,
    By,
    Filter,
    Find,
    Function,
    Measure,
    TimeBucket,
    between,
    equals,
)

from ..recording import NOW, ai_request, credit, engagement
from ..services.gated_store import GatedStore
from ..storage.conftest import ENGINES
from .questions import ACME, ADA, QUESTIONS, Asked, N, users
from .rolling import Rolling, rolling
from .simulation import END, START, Chance, play


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32))
async def test_rollups_and_records_answer_as_the_records_alone_do(seed: int) -> None:
    chance = Chance(Random(seed))
    with TemporaryDirectory() as folder:
        async with rolling(Path(folder), START) as rolled:
            documents = await play(rolled, chance)
            for start, end in (START, END), chance.period(), chance.period():
                for question in QUESTIONS.values():
                    await check(rolled, question, start, end)
                await check_activity(rolled, documents, start, end)


async def check(rolled: Rolling, question: Asked, start: datetime, end: datetime) -> None:
    """Whether the rows are those of the engine, percentiles within what is promised of them."""
    query = question.during(start, end)
    found = await rolled.store.aggregate(query)
    expected = await rolled.engine.aggregate(query)
    if question.percentiles:
        from_rollups = question.covered and has_rolled(
            await progress.read(rolled.engine), start, end
        )
        assert {row.pop("exact") for row in found} <= {not from_rollups}
    assert rounded(question, found) == rounded(question, expected)
    for row, of_records in zip(found, expected, strict=True):
        for name in question.percentiles:
            assert near(row[name], of_records[name])


def rounded(question: Asked, rows: Sequence[Row]) -> list[Row]:
    """The rows without their percentiles."""
    return [
        {name: value for name, value in row.items() if name not in question.percentiles}
        for row in rows
    ]


def near(value: float | None, of_records: float | None) -> bool:
    """Whether a percentile is as it is promised to be."""
    if value is None or of_records is None:
        return value is of_records
    return value == pytest.approx(of_records, rel=0.05)


def has_rolled(reached: Progress | None, start: datetime, end: datetime) -> bool:
    """Whether any hour that lies in the period as a whole is rolled up."""
    return reached is not None and any(
        start <= hour and hour + HOUR <= min(end, reached.until["hour"])
        for hour in beginnings(start, end, "hour")
        if hour not in reached.marked
    )


async def check_activity(
    rolled: Rolling, documents: Sequence[Any], start: datetime, end: datetime
) -> None:
    """Whether activity is what the documents say of who did what."""
    kinds = {family.document: family for family in TRACKED}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    last: dict[tuple[str, str | None], datetime] = {}
    of_day: dict[datetime, set[str]] = defaultdict(set)
    for document in documents:
        family = kinds.get(type(document))
        if family is None or document.user_id is None or document.tenant_id != "acme":
            continue
        at, user = getattr(document, family.time_attribute), document.user_id
        if start <= at < end:
            counts[user][family.kind] += 1
            last[user, document.user_plan] = max(at, last.get((user, document.user_plan), at))
            of_day[beginning(at, "day")].add(user)

    async def ask(*measures: Measure, by: Sequence[By]) -> list[Row]:
        where = ACME, *between(ACTIVITY.time_field, start, end)
        return await rolled.store.aggregate(Aggregation(ACTIVITY, measures, where, by))

    sums = [Measure(kind, Function.SUM, kind) for kind in KINDS]
    assert await ask(N, *sums, by=("userId",)) == [
        {"userId": user, "n": of_user.total(), **{kind: of_user[kind] for kind in KINDS}}
        for user, of_user in sorted(counts.items())
    ]
    (row,) = await ask(N, by=())
    assert row["n"] == sum(of_user.total() for of_user in counts.values())
    found = await ask(Measure("last", Function.MAX, "time"), by=("userId", "userPlan"))
    assert {(row["userId"], row["userPlan"]): row["last"] for row in found} == last
    assert await ask(users(), by=(TimeBucket("day"),)) == [
        {"time": day, "users": len(of_day[day])} for day in sorted(of_day)
    ]
    period = between(ACTIVITY.time_field, start, end)
    sets = await rolled.store.members(Aggregation(ACTIVITY, (users(),), (ACME, *period)))
    assert sets.get((), set()) == {hashed(user) for user in counts}
    who = (users(),), (ACME, ADA, *period)
    sets = await rolled.store.members(Aggregation(ACTIVITY, *who))
    assert sets.get((), set()) == {hashed(user) for user in counts if user == "ada"}
    sets = await rolled.store.members(Aggregation(ACTIVITY, *who, (TimeBucket("day"),)))
    active = [day for day, of_users in of_day.items() if "ada" in of_users]
    assert sets == {(day,): {hashed("ada")} for day in active}


async def test_mongodb_answers_from_rollups_as_from_records(
    request: pytest.FixtureRequest,
) -> None:
    async with ENGINES["mongodb"](request) as reach:
        engine: Any = reach()
        await engine.open()
        try:
            rolled = Rolling(engine, START)
            documents = await play(rolled, Chance(Random(7)))
            for question in QUESTIONS.values():
                await check(rolled, question, START, END)
            await check_activity(rolled, documents, START, END)
        finally:
            await engine.close()


def during(start: datetime, end: datetime, *where: Filter) -> Aggregation:
    """How many engagement events there are, and of how many users."""
    period = between(ENGAGEMENT.time_field, start, end)
    return Aggregation(ENGAGEMENT, (N, users()), (*where, *period))


async def test_closed_hours_are_read_from_rollups_alone(rolled: Rolling) -> None:
    await rolled.record(engagement(timestamp=NOW - 3 * HOUR), engagement(timestamp=NOW))
    await rolled.refresh_later()
    await rolled.engine.purge(ENGAGEMENT, NOW)
    day_ago = NOW - timedelta(days=1)
    assert await rolled.store.aggregate(during(day_ago, NOW)) == [{"n": 1, "users": 1}]
    now = NOW + HOUR
    assert await rolled.store.aggregate(during(day_ago, now)) == [{"n": 2, "users": 1}]


async def test_numbers_and_sets_of_records_are_one_question(rolled: Rolling) -> None:
    await rolled.record(engagement(timestamp=NOW - 3 * HOUR), engagement(timestamp=NOW))
    await rolled.refresh_later()
    query = during(beginning(NOW, "hour") - 4 * HOUR, NOW + HOUR)
    await rolled.store.aggregate(query)  # which remembers how far the rollups are
    before = len(rolled.operations)
    assert await rolled.store.aggregate(query) == [{"n": 2, "users": 1}]
    assert rolled.operations[before:] == ["aggregate", "aggregate"]  # closed hours, records


async def test_without_rollups_the_records_are_read(rolled: Rolling) -> None:
    await rolled.record(engagement(), engagement(user_id="bob"))
    query = during(NOW - timedelta(days=1), NOW)
    assert await rolled.store.aggregate(query) == [{"n": 2, "users": 2}]
    sets = await rolled.store.members(replace(query, measures=(users(),)))
    assert sets == {(): {hashed("ada"), hashed("bob")}}


async def test_activity_without_rollups_is_made_of_the_records(rolled: Rolling) -> None:
    await rolled.record(credit(), credit(), engagement(), credit(user_id=None))
    period = between(ACTIVITY.time_field, NOW - timedelta(days=1), NOW)
    sums = [Measure(kind, Function.SUM, kind) for kind in ("credit", "engagement", "sale")]
    assert await rolled.store.aggregate(Aggregation(ACTIVITY, sums, period, ("userId",))) == [
        {"userId": "ada", "credit": 2, "engagement": 1, "sale": 0}
    ]


async def test_sets_that_no_rollup_has_are_refused(rolled: Rolling) -> None:
    period = between(AI_REQUEST.time_field, NOW - HOUR, NOW)
    sessions = Measure("sessions", Function.DISTINCT, "sessionId")
    with pytest.raises(ValueError, match="no rollup of ai_request has these sets"):
        await rolled.store.members(Aggregation(AI_REQUEST, (sessions,), period))


async def test_a_field_that_is_not_declared_is_refused(rolled: Rolling) -> None:
    with pytest.raises(Invalid):
        await rolled.store.aggregate(during(NOW - HOUR, NOW, equals("colour", "red")))


async def test_everything_else_goes_to_the_engine(rolled: Rolling) -> None:
    store = rolled.store
    await store.ping()
    assert (store.name, store.remote) == ("sqlite", False)
    await rolled.record(request := ai_request())
    assert await store.get(AI_REQUEST, "acme", request.request_id) == request
    assert await store.find(Find(AI_REQUEST)) == [request]
    assert await store.missing() == []
    assert await store.time() is None
    assert await store.purge(AI_REQUEST, NOW) == 1
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.ping()


async def test_a_late_event_that_cannot_be_marked_is_not_written(rolled: Rolling) -> None:
    gated = GatedStore(rolled.engine)  # type: ignore[arg-type]  # it is on SQLite
    store = RolledStore(gated, rolled.clock)
    gated.error = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await store.write([Insert(ENGAGEMENT, engagement())])
    gated.error = None
    assert gated.writes == [1]  # the mark alone was tried
    assert await store.find(Find(ENGAGEMENT)) == []
