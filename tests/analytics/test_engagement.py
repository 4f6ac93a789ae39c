"""Numbers of engagement events, worked out by hand."""

import msgspec
import pytest

from exporter.analytics.engagement import engagement_summary
from exporter.analytics.period import Period
from exporter.records.engagement import PageMetadata
from exporter.storage.base import Store
from exporter.storage.query import equals

from ..recording import ADA, BOB, DAY, LAST_MONTH, NOW, TENANT, Recorder, engagement


@pytest.fixture
async def six_events(record: Recorder) -> None:
    """Three of Ada's in two sessions, one of Bob's, one of nobody's, one of another tenant."""
    page = PageMetadata(time_on_page=10.0, scroll_depth=50.0)
    await record(
        engagement(value=2.0, metadata=page),
        engagement(value=-0.5, metadata=PageMetadata(time_on_page=20.0)),
        engagement(event="click", session_id="s2"),
        engagement(event="click", session_id="s3", user_id="bob"),
        engagement(session_id="s4", user_id=None),
        engagement(session_id="s5", tenant_id="globex"),
    )


@pytest.mark.usefixtures("six_events")
async def test_the_numbers_of_a_tenant(store: Store) -> None:
    found = await engagement_summary(store, TENANT, LAST_MONTH)
    assert msgspec.structs.asdict(found.stats) == {
        "total_events": 5,
        "unique_users": 2,
        "unique_sessions": 4,
        "total_value": 1.5,
        "avg_time_on_page": 15.0,
        "avg_scroll_depth": 50.0,
    }
    assert [(part.name, part.count, part.share) for part in found.event_distribution] == [
        ("view", 3, 60.0),
        ("click", 2, 40.0),
    ]


@pytest.mark.usefixtures("six_events")
async def test_users_see_their_own_events_only(store: Store) -> None:
    ada = await engagement_summary(store, ADA, LAST_MONTH)
    assert (ada.stats.total_events, ada.stats.unique_users, ada.stats.unique_sessions) == (3, 1, 2)
    bob = await engagement_summary(store, BOB, LAST_MONTH)
    assert [part.name for part in bob.event_distribution] == ["click"]


@pytest.mark.usefixtures("six_events")
async def test_filters_and_period_narrow_both_parts(store: Store) -> None:
    clicks = await engagement_summary(store, TENANT, LAST_MONTH, (equals("event", "click"),))
    assert clicks.stats.total_events == 2
    assert [(part.name, part.share) for part in clicks.event_distribution] == [("click", 100.0)]
    earlier = await engagement_summary(store, TENANT, Period(NOW - 2 * DAY, NOW - DAY))
    assert earlier.stats.total_events == earlier.stats.total_value == 0
    assert earlier.stats.avg_time_on_page is None
    assert earlier.event_distribution == []
