"""Reading engagement: its numbers, and the journeys of users."""

from msgspec import Struct

from ..analytics.engagement import EngagementSummary, engagement_summary
from ..analytics.history import EventItem, journey
from ..fields import Identifier, Label
from ..records.engagement import ENGAGEMENT
from .period import Limit, PeriodQuery
from .route import Access, Call, Route

TAG = "Engagement"


class EngagementQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which events."""

    event: Label | None = None
    feature: Label | None = None
    user_plan: Label | None = None
    session_id: Identifier | None = None


class JourneyQuery(EngagementQuery, frozen=True, kw_only=True):
    """Which events, and how many of the last ones."""

    limit: Limit = 20


class Journey(Struct):
    """Events, newest first."""

    events: list[EventItem]


async def stats(call: Call[EngagementQuery]) -> EngagementSummary:
    """The caller's numbers."""
    asked = call.query.question(call, ENGAGEMENT)
    return await engagement_summary(call.store, asked.scope, asked.period, asked.where)


async def last_events(call: Call[JourneyQuery]) -> Journey:
    """The caller's last events; for an admin the tenant's, or one user's."""
    asked = call.query.question(call, ENGAGEMENT)
    limit = call.query.limit
    return Journey(await journey(call.store, asked.scope, asked.period, asked.where, limit=limit))


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/analytics/engagement/stats",
        summary="Engagement in numbers, and the most frequent events.",
        tag=TAG,
        handle=stats,
        access=Access.READER,
        query=EngagementQuery,
        answers={200: EngagementSummary},
    ),
    Route(
        method="GET",
        path="/api/analytics/engagement/journey",
        summary="The last events of a user, newest first.",
        tag=TAG,
        handle=last_events,
        access=Access.READER,
        query=JourneyQuery,
        answers={200: Journey},
    ),
)
