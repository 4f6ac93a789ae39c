"""Numbers of engagement events, worked out by hand."""

import msgspec
import pytest

from exporter.analytics.engagement import (
    engagement_breakdown,
    engagement_stats,
    engagement_summary,
)
from exporter.analytics.period import Period
from exporter.analytics.score import EngagementScore, engagement_score
from exporter.family import Origin
from exporter.records.engagement import PageMetadata
from exporter.rollups.store import RolledStore
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
async def test_the_numbers_of_a_tenant(store: RolledStore) -> None:
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
async def test_users_see_their_own_events_only(store: RolledStore) -> None:
    ada = await engagement_summary(store, ADA, LAST_MONTH)
    assert (ada.stats.total_events, ada.stats.unique_users, ada.stats.unique_sessions) == (3, 1, 2)
    bob = await engagement_summary(store, BOB, LAST_MONTH)
    assert [part.name for part in bob.event_distribution] == ["click"]


@pytest.mark.usefixtures("six_events")
async def test_filters_and_period_narrow_both_parts(store: RolledStore) -> None:
    clicks = await engagement_summary(store, TENANT, LAST_MONTH, (equals("event", "click"),))
    assert clicks.stats.total_events == 2
    assert [(part.name, part.share) for part in clicks.event_distribution] == [("click", 100.0)]
    earlier = await engagement_summary(store, TENANT, Period(NOW - 2 * DAY, NOW - DAY))
    assert earlier.stats.total_events == earlier.stats.total_value == 0
    assert earlier.stats.avg_time_on_page is None
    assert earlier.event_distribution == []


@pytest.fixture
async def eight_events(record: Recorder) -> None:
    """Events of four users with all that can be told of them; two events tell nothing."""
    phone = Origin(device_type="mobile", browser="Safari", os="iOS")
    ad = PageMetadata(utm_source="mail", utm_campaign="spring", time_on_page=30.0)
    await record(
        engagement(page="/home", origin=phone, metadata=ad),
        engagement(page="/home", feature="chat", metadata=PageMetadata(time_on_page=10.0)),
        engagement(event="search", properties={"query": "  Red   SHOES "}),
        engagement(event="search", properties={"query": "red shoes"}, user_id="bob"),
        engagement(event="search", properties={"query": "hats"}, user_id=None),
        engagement(event="click", properties={"query": "no search"}, user_id="eve"),
        engagement(
            page="/buy", feature="chat", user_id="eve", user_plan="pro", metadata=ad, session_id="x"
        ),
        engagement(feature="code", user_id="tim", user_plan=None),
        engagement(tenant_id="globex", page="/home", feature="chat", metadata=ad),
    )


@pytest.mark.usefixtures("eight_events")
async def test_a_breakdown_is_by_plan_and_device(store: RolledStore) -> None:
    found = await engagement_breakdown(store, TENANT, LAST_MONTH)
    assert found.stats == await engagement_stats(store, TENANT, LAST_MONTH)
    assert [(one.name, one.count, one.users) for one in found.activity_by_plan] == [
        ("free", 6, 3),
        (None, 1, 1),
        ("pro", 1, 1),
    ]
    assert found.activity_by_plan[0].share == 75.0
    assert [(one.name, one.count) for one in found.device_distribution] == [
        ("unknown", 7),
        ("mobile", 1),
    ]
    assert [one.name for one in found.browser_distribution] == [None, "Safari"]
    assert [one.name for one in found.os_distribution] == [None, "iOS"]


@pytest.mark.usefixtures("eight_events")
async def test_adoption_is_of_the_users_with_any_event(store: RolledStore) -> None:
    found = (await engagement_breakdown(store, TENANT, LAST_MONTH)).feature_adoption
    assert [(one.feature, one.count, one.users, one.adoption_rate) for one in found] == [
        ("chat", 2, 2, 50.0),
        ("code", 1, 1, 25.0),
    ]


@pytest.mark.usefixtures("eight_events")
async def test_pages_searches_and_campaigns_are_the_most_frequent_first(store: RolledStore) -> None:
    found = await engagement_breakdown(store, TENANT, LAST_MONTH)
    assert [(one.page, one.count, one.users, one.avg_time_on_page) for one in found.top_pages] == [
        ("/home", 2, 1, 20.0),
        ("/buy", 1, 1, 30.0),
    ]
    assert [(one.query, one.count, one.users) for one in found.top_searches] == [
        ("red shoes", 2, 2),
        ("hats", 1, 0),
    ]
    (campaign,) = found.campaigns
    assert msgspec.structs.astuple(campaign) == ("mail", None, "spring", 2, 2, 2)


@pytest.mark.usefixtures("eight_events")
async def test_a_breakdown_is_within_its_filters(store: RolledStore) -> None:
    found = await engagement_breakdown(store, TENANT, LAST_MONTH, (equals("feature", "code"),))
    assert found.stats.total_events == found.sessions.count == 1
    assert found.top_pages == found.top_searches == found.campaigns == []


async def test_a_breakdown_of_nothing_is_empty(store: RolledStore) -> None:
    found = await engagement_breakdown(store, TENANT, LAST_MONTH)
    assert found.activity_by_plan == found.feature_adoption == found.campaigns == []
    assert found.sessions.count == 0


@pytest.mark.parametrize(("events", "sessions", "score"), [(1, 1, 7), (4, 2, 18), (60, 1, 100)])
async def test_a_score_is_of_events_and_sessions(
    record: Recorder, store: RolledStore, events: int, sessions: int, score: int
) -> None:
    await record(*(engagement(session_id=f"s{i % sessions}") for i in range(events)))
    await record(engagement(user_id="bob"), engagement(timestamp=NOW - 31 * DAY))
    found = await engagement_score(store, "acme", "ada", LAST_MONTH)
    assert found == EngagementScore("ada", 30, score, events, sessions)


async def test_nobody_has_a_score_of_zero(store: RolledStore) -> None:
    found = await engagement_score(store, "acme", "nobody", LAST_MONTH)
    assert (found.score, found.sessions) == (0, 0)
