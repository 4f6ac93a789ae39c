"""Deep pages of one user, the newest first: only the hours that a page lies in are read."""

from datetime import timedelta

import pytest

from exporter.intervals import DAY, HOUR
from exporter.records import AI_REQUEST
from exporter.rollups import store as store_module
from exporter.rollups.pages import sought
from exporter.rollups.store import RolledStore
from exporter.storage.query import Filter, Find, Operator, Order, Where, between, equals

from ..recording import NOW, ai_request
from .questions import ACME, ADA
from .rolling import Rolling
from .simulation import MINUTE
from .test_narrowing import Observed

NEWEST_FIRST = (Order(AI_REQUEST.time_field, descending=True),)
PAST = NOW - 2 * DAY - 30 * MINUTE, NOW
HOURS = 1, 1, 1, 5, 20, 20, 47, 48.6
"""How long ago Ada's requests were; the last one is out of the period."""


@pytest.fixture
async def observed(rolled: Rolling, monkeypatch: pytest.MonkeyPatch) -> Observed:
    """An engine with rollups of Ada's requests, another's between them, and one that came late."""
    monkeypatch.setattr(store_module, "DEEP", 1)
    times = [NOW - timedelta(hours=hours) - MINUTE * place for place, hours in enumerate(HOURS)]
    await rolled.record(*(ai_request(created_at=time) for time in times))
    await rolled.record(*(ai_request(created_at=time, user_id="bob") for time in times))
    await rolled.refresh_later()
    await rolled.record(ai_request(created_at=NOW - 10 * HOUR), ai_request(created_at=NOW - MINUTE))
    return Observed(rolled.engine)


def page(offset: int, limit: int, *where: Filter, order: tuple[Order, ...] = NEWEST_FIRST) -> Find:
    """A page of what Ada did, or of what else `where` says."""
    held: Where = where or (ACME, ADA)
    return Find(AI_REQUEST, (*held, *between(AI_REQUEST.time_field, *PAST)), order, limit, offset)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_every_page_is_that_of_the_records(observed: Observed, limit: int) -> None:
    store = RolledStore(observed, lambda: NOW)
    for offset in range(1, 12):
        asked = page(offset, limit)
        assert await store.find(asked) == await observed._engine.find(asked), offset
    assert [len(await store.find(page(offset, 1))) for offset in (8, 9)] == [1, 0]


async def test_only_the_hours_of_the_page_are_read(observed: Observed) -> None:
    store = RolledStore(observed, lambda: NOW)
    (found,) = await store.find(page(8, 1))
    assert found.created_at < NOW - 46 * HOUR
    (find,) = [query for query in observed.asked if isinstance(query, Find)]
    assert find.offset == 0
    observed.asked = [find]
    ((start, end),) = observed.ranges(AI_REQUEST)
    assert end - start == HOUR


@pytest.mark.parametrize(
    "asked",
    [
        page(2, 2, ACME, ADA, equals("model", ai_request().model)),
        page(2, 2, ACME),
        page(2, 2, ADA),
        page(2, 2, ACME, Filter("userId", Operator.NE, "bob")),
        page(2, 2, order=(Order(AI_REQUEST.time_field),)),
        page(2, 2, order=(*NEWEST_FIRST, Order("model"))),
        Find(AI_REQUEST, (ACME, ADA), NEWEST_FIRST, 2, 2),
    ],
    ids=["filter", "everybody", "every tenant", "not one", "oldest", "two orders", "no period"],
)
async def test_other_pages_are_those_of_the_records_too(observed: Observed, asked: Find) -> None:
    found = await RolledStore(observed, lambda: NOW).find(asked)
    assert found == await observed._engine.find(asked)
    assert found


def test_a_page_of_no_period_cannot_be_sought() -> None:
    with pytest.raises(ValueError, match="no period"):
        sought(Find(AI_REQUEST, (ACME, ADA), NEWEST_FIRST), "hour", [])
