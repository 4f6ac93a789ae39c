"""Pages of records, newest first, and what they never show."""

from datetime import timedelta

import msgspec
import pytest

from exporter.access.principal import Scope
from exporter.analytics.history import history, journey
from exporter.analytics.period import Period
from exporter.family import Origin
from exporter.records.ai_request import RequestError, Routing, Tokens
from exporter.records.engagement import PageMetadata
from exporter.rollups.store import RolledStore
from exporter.storage.query import Filter, equals

from ..recording import ADA, BOB, DAY, LAST_MONTH, NOW, TENANT, Recorder, ai_request, engagement

SECONDS = timedelta(seconds=1)


@pytest.fixture
async def seven_requests(record: Recorder) -> None:
    """Seven requests of Ada's a second apart, r1 the oldest; one of Bob's."""
    await record(
        *(
            ai_request(request_id=f"r{i}", created_at=NOW - 10 * SECONDS + i * SECONDS)
            for i in range(1, 8)
        ),
        ai_request(request_id="bobs", user_id="bob"),
    )


@pytest.mark.usefixtures("seven_requests")
async def test_pages_are_newest_first_and_the_last_one_is_short(store: RolledStore) -> None:
    pages = [await history(store, ADA, LAST_MONTH, (), page=page, limit=3) for page in (1, 2, 3, 4)]
    assert [[item.request_id for item in page.requests] for page in pages] == [
        ["r7", "r6", "r5"],
        ["r4", "r3", "r2"],
        ["r1"],
        [],
    ]
    assert msgspec.structs.astuple(pages[1].pagination) == (2, 3, 7, 3)


@pytest.mark.usefixtures("seven_requests")
async def test_history_is_within_scope_period_and_filters(store: RolledStore) -> None:
    async def ids(scope: Scope, period: Period, *where: Filter) -> list[str]:
        page = await history(store, scope, period, where, page=1, limit=100)
        assert page.pagination.total == len(page.requests)
        return [item.request_id for item in page.requests]

    assert await ids(BOB, LAST_MONTH) == ["bobs"]
    assert len(await ids(TENANT, LAST_MONTH)) == 8
    assert await ids(TENANT, Period(NOW - 4 * SECONDS, NOW)) == ["r7", "r6"]
    assert await ids(TENANT, LAST_MONTH, equals("userPlan", "gold")) == []


async def test_an_empty_history_has_no_pages(store: RolledStore) -> None:
    found = await history(store, TENANT, LAST_MONTH, (), page=1, limit=20)
    assert found.requests == []
    assert msgspec.structs.astuple(found.pagination) == (1, 20, 0, 0)


async def test_a_request_shows_all_but_what_was_said_and_from_where(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        ai_request(
            prompt="SECRET",
            response="SECRET",
            metadata={"SECRET": 1},
            rating_comment="SECRET",
            rating=5,
            origin=Origin(ip_address="SECRET", user_agent="SECRET"),
            tokens=Tokens(1, 2),
            routing=Routing(was_routed=True),
            error=RequestError(code="timeout"),
            cost=0.1,
        )
    )
    (item,) = (await history(store, ADA, LAST_MONTH, (), page=1, limit=1)).requests
    assert "SECRET" not in repr(item)
    assert (item.tokens, item.rating, item.cost) == (Tokens(1, 2), 5, 0.1)
    assert item.routing == Routing(was_routed=True)
    assert item.error == RequestError(code="timeout")


async def test_a_journey_is_a_users_last_events(record: Recorder, store: RolledStore) -> None:
    await record(
        *(
            engagement(event=f"step{i}", timestamp=NOW - 10 * SECONDS + i * SECONDS)
            for i in range(3)
        ),
        engagement(event="bobs", user_id="bob"),
        engagement(event="old", timestamp=NOW - 31 * DAY),
    )
    found = await journey(store, ADA, LAST_MONTH, (), limit=2)
    assert [item.event for item in found] == ["step2", "step1"]
    assert len(await journey(store, ADA, LAST_MONTH, (), limit=100)) == 3


async def test_an_event_shows_its_properties_and_not_where_it_came_from(
    record: Recorder, store: RolledStore
) -> None:
    await record(
        engagement(
            properties={"query": "shoes"},
            metadata=PageMetadata(time_on_page=5.0),
            origin=Origin(ip_address="SECRET", user_agent="SECRET"),
        )
    )
    (item,) = await journey(store, ADA, LAST_MONTH, (), limit=1)
    assert item.properties == {"query": "shoes"}
    assert item.metadata == PageMetadata(time_on_page=5.0)
    assert "SECRET" not in repr(item)
