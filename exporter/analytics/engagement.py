"""Engagement: what people did in the product, on which plan and device, and how much of it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..records.engagement import ENGAGEMENT
from ..rollups.store import RolledStore
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Function, Measure, Where
from ..storage.together import together
from .answer import Answer, percent
from .period import Period, select
from .slices import Slice, slices, top
from .visits import SessionStats, session_stats

Users = Annotated[int, Meta(description="Distinct users; events of no user do not count here.")]
Events = Annotated[int, Meta(description="Engagement events.")]


class EngagementStats(Answer, frozen=True):
    """The engagement events of a period."""

    total_events: Events
    unique_users: Users
    unique_sessions: Annotated[int, Meta(description="Distinct sessionIds.")]
    total_value: Annotated[float, Meta(description="Sum of the events' values.")]
    avg_time_on_page: Annotated[
        float | None,
        Meta(description="Sum of the times on a page / events that say one, in s."),
    ]
    avg_scroll_depth: Annotated[
        float | None,
        Meta(description="Sum of the scroll depths / events that say one, in %."),
    ]


class EngagementSummary(Answer, frozen=True):
    """The engagement events of a period, and the most frequent of them by name."""

    stats: EngagementStats
    event_distribution: list[Slice]


class UserSlice(Slice, frozen=True):
    """The events with one value of a label, and who they are of."""

    users: Users


class FeatureAdoption(Answer, frozen=True):
    """How far one feature is in use."""

    feature: str
    count: Annotated[int, Meta(description="Engagement events that name the feature.")]
    users: Annotated[int, Meta(description="Distinct users of those events.")]
    adoption_rate: Annotated[
        float | None,
        Meta(description="users / distinct users with any engagement event, in %."),
    ]


class PageViews(Answer, frozen=True):
    """The events of one page."""

    page: str
    count: Annotated[int, Meta(description="Engagement events that name the page.")]
    users: Annotated[int, Meta(description="Distinct users of those events.")]
    avg_time_on_page: Annotated[
        float | None,
        Meta(description="Sum of the times on the page / events that say one, in s."),
    ]


class Search(Answer, frozen=True):
    """What was searched for, in small letters."""

    query: str
    count: Annotated[int, Meta(description="Events `search` with it as `properties.query`.")]
    users: Annotated[int, Meta(description="Distinct users of those events.")]


class Campaign(Answer, frozen=True):
    """The events of one campaign; null where the events do not say a part of its name."""

    source: str | None
    medium: str | None
    campaign: str | None
    count: Annotated[int, Meta(description="Engagement events that name the campaign.")]
    users: Annotated[int, Meta(description="Distinct users of those events.")]
    sessions: Annotated[int, Meta(description="Distinct sessionIds of those events.")]


class EngagementBreakdown(Answer, frozen=True):
    """The engagement events of a period by label; each list has the 100 most frequent."""

    stats: EngagementStats
    event_distribution: list[Slice]
    activity_by_plan: list[UserSlice]
    device_distribution: list[UserSlice]
    browser_distribution: list[UserSlice]
    os_distribution: list[UserSlice]
    feature_adoption: list[FeatureAdoption]
    top_pages: list[PageViews]
    top_searches: list[Search]
    campaigns: list[Campaign]
    sessions: SessionStats


_COUNT = Measure("count")
_USERS = Measure("users", Function.DISTINCT, "userId")
_SESSIONS = Measure("sessions", Function.DISTINCT, "sessionId")
_TIME_ON_PAGE = Measure("avg_time_on_page", Function.AVG, "metadata.timeOnPage")
_STATS = (
    Measure("total_events"),
    Measure("unique_users", Function.DISTINCT, "userId"),
    Measure("unique_sessions", Function.DISTINCT, "sessionId"),
    Measure("total_value", Function.SUM, "value"),
    _TIME_ON_PAGE,
    Measure("avg_scroll_depth", Function.AVG, "metadata.scrollDepth"),
)
_DISTRIBUTIONS: Mapping[str, str] = {
    "activity_by_plan": "userPlan",
    "device_distribution": "origin.deviceType",
    "browser_distribution": "origin.browser",
    "os_distribution": "origin.os",
}
_UTM = ("metadata.utmSource", "metadata.utmMedium", "metadata.utmCampaign")


async def engagement_stats(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> EngagementStats:
    """The engagement events of the scope in the period."""
    (row,) = await store.aggregate(
        Aggregation(ENGAGEMENT, _STATS, select(ENGAGEMENT, scope, period, where))
    )
    return EngagementStats(**row)


async def engagement_summary(
    store: Store, scope: Scope, period: Period, where: Where = ()
) -> EngagementSummary:
    """The engagement events of the scope in the period, and their distribution by name."""
    stats, rows = await together(
        store,
        engagement_stats(store, scope, period, where),
        top(store, ENGAGEMENT, ("event",), (_COUNT,), select(ENGAGEMENT, scope, period, where)),
    )
    return EngagementSummary(
        stats=stats, event_distribution=slices(rows, "event", stats.total_events)
    )


async def engagement_breakdown(
    store: RolledStore, scope: Scope, period: Period, where: Where = ()
) -> EngagementBreakdown:
    """The engagement events of the scope in the period by label, and their sessions."""
    selected = select(ENGAGEMENT, scope, period, where)
    counted = (_COUNT, _USERS)
    summary, distributions, lists, campaigns, sessions = await together(
        store,
        engagement_summary(store, scope, period, where),
        together(
            store,
            *(top(store, ENGAGEMENT, (by,), counted, selected) for by in _DISTRIBUTIONS.values()),
        ),
        together(
            store,
            top(store, ENGAGEMENT, ("feature",), counted, selected, named=True),
            top(store, ENGAGEMENT, ("page",), (*counted, _TIME_ON_PAGE), selected, named=True),
            top(store, ENGAGEMENT, ("searchQuery",), counted, selected, named=True),
        ),
        _campaigns(store, selected),
        session_stats(store, scope, period, where),
    )
    features, pages, searches = lists
    stats = summary.stats
    parts = {
        name: _user_slices(rows, by, stats.total_events)
        for (name, by), rows in zip(_DISTRIBUTIONS.items(), distributions, strict=True)
    }
    return EngagementBreakdown(
        stats=stats,
        event_distribution=summary.event_distribution,
        feature_adoption=[
            FeatureAdoption(**row, adoption_rate=percent(row["users"], stats.unique_users))
            for row in features
        ],
        top_pages=[PageViews(**row) for row in pages],
        top_searches=[Search(row["searchQuery"], row["count"], row["users"]) for row in searches],
        campaigns=campaigns,
        sessions=sessions,
        **parts,
    )


async def _campaigns(store: Store, selected: Where) -> list[Campaign]:
    """The campaigns that an event names any part of."""
    measures = (_COUNT, _USERS, _SESSIONS)
    rows = await top(store, ENGAGEMENT, _UTM, measures, selected, named=True)
    return [
        Campaign(
            source=row["metadata.utmSource"],
            medium=row["metadata.utmMedium"],
            campaign=row["metadata.utmCampaign"],
            count=row["count"],
            users=row["users"],
            sessions=row["sessions"],
        )
        for row in rows
    ]


def _user_slices(rows: Sequence[Row], by: str, whole: int) -> list[UserSlice]:
    return [
        UserSlice(row[by], row["count"], percent(row["count"], whole), row["users"]) for row in rows
    ]
