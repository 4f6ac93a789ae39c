"""Of one user, records are read of those hours alone in which they were active."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from exporter.family import Family
from exporter.intervals import DAY, HOUR
from exporter.records import AI_REQUEST
from exporter.rollups import store as store_module
from exporter.rollups.store import WORTH_NARROWING, RolledStore
from exporter.storage.base import Row
from exporter.storage.query import Aggregation, Find, Operator, Order, between, equals

from ..recording import NOW, ai_request
from .questions import ACME, ADA, N
from .rolling import Rolling
from .simulation import MINUTE


class Observed:
    """An engine that tells what it was asked."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.asked: list[Aggregation | Find] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def aggregate(self, query: Aggregation) -> list[Row]:
        """Answer, and remember the question."""
        self.asked.append(query)
        rows: list[Row] = await self._engine.aggregate(query)
        return rows

    async def find(self, query: Find) -> list[Any]:
        """Answer, and remember the question."""
        self.asked.append(query)
        documents: list[Any] = await self._engine.find(query)
        return documents

    def ranges(self, family: Family) -> list[Any]:
        """The ranges of time that were asked of a family's records; none where by no ranges."""
        return [
            found
            for query in self.asked
            for part in query.where
            if query.family is family and part.op is Operator.WITHIN
            for found in part.value  # type: ignore[union-attr]  # a tuple of ranges
        ]


@pytest.fixture
async def observed(rolled: Rolling) -> Observed:
    """An engine with rollups of Ada's AI requests of 30 and 20 hours ago, and one of a minute."""
    await rolled.record(
        *(ai_request(created_at=NOW - hours * HOUR) for hours in (30, 20)),
        *(ai_request(created_at=NOW - hours * HOUR, user_id="bob") for hours in (25, 15)),
        ai_request(created_at=NOW - MINUTE),
    )
    await rolled.refresh_later()
    return Observed(rolled.engine)


def of_ada(length: timedelta, **options: Any) -> Aggregation:
    """A question that no rollup answers, about a span up to now."""
    where = ACME, ADA, *between(AI_REQUEST.time_field, NOW - length, NOW)
    return Aggregation(AI_REQUEST, (N,), where, ("language",), **options)


async def test_of_one_user_the_hours_alone_are_read_in_which_they_were_active(
    observed: Observed,
) -> None:
    store = RolledStore(observed, lambda: NOW)
    assert await store.aggregate(of_ada(2 * DAY)) == [{"language": None, "n": 3}]
    hours = [NOW - 30 * HOUR, NOW - 20 * HOUR]
    tail = NOW - HOUR, NOW
    assert observed.ranges(AI_REQUEST) == [*((hour, hour + HOUR) for hour in hours), tail]


@pytest.mark.parametrize("case", ["short", "everybody", "too many"])
async def test_otherwise_the_whole_period_is_read(
    observed: Observed, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = of_ada(WORTH_NARROWING - MINUTE if case == "short" else 2 * DAY)
    if case == "everybody":
        query = replace(query, where=tuple(part for part in query.where if part != ADA))
    if case == "too many":
        monkeypatch.setattr(store_module, "MOST_RANGES", 2)
    store = RolledStore(observed, lambda: NOW)
    (row,) = await store.aggregate(query)
    assert row["n"] == {"short": 1, "everybody": 5, "too many": 3}[case]
    assert not observed.ranges(AI_REQUEST)


async def test_of_a_deep_page_the_hours_alone_are_read_in_which_there_are_such_documents(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "DEEP", 2)
    store = RolledStore(observed, lambda: NOW)
    oldest_first = (Order("createdAt"),)
    pages = [
        await store.find(Find(AI_REQUEST, of_ada(2 * DAY).where, oldest_first, 1, offset))
        for offset in range(4)
    ]
    assert [one.created_at for page in pages[:3] for one in page] == [
        NOW - 30 * HOUR,
        NOW - 20 * HOUR,
        NOW - MINUTE,
    ]
    assert pages[3] == []
    assert len(observed.ranges(AI_REQUEST)) == 2 * 3  # the last two pages


async def test_a_user_who_did_nothing_is_read_of_no_hour(observed: Observed) -> None:
    nobody = equals("userId", "nobody")
    query = of_ada(2 * DAY)
    query = replace(query, where=tuple(nobody if part == ADA else part for part in query.where))
    assert await RolledStore(observed, lambda: NOW).aggregate(query) == []
    assert observed.ranges(AI_REQUEST) == [(NOW - HOUR, NOW)]
