"""The engagement score: how engaged one user was over the last days, from 0 to 100."""

from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..storage.base import Store
from .answer import Answer
from .engagement import engagement_stats
from .period import Period

HIGHEST = 100
FOR_AN_EVENT = 2
FOR_A_SESSION = 5


class EngagementScore(Answer, frozen=True):
    """The score of one user, and what made it."""

    user_id: str
    days: Annotated[int, Meta(description="The days that were looked at, up to now.")]
    score: Annotated[
        int, Meta(description="min(100, 2 x engagementEvents + 5 x sessions), from 0 to 100.")
    ]
    engagement_events: Annotated[int, Meta(description="Engagement events of the user.")]
    sessions: Annotated[int, Meta(description="Distinct sessionIds of those events.")]


async def engagement_score(store: Store, tenant: str, user: str, period: Period) -> EngagementScore:
    """The score of a tenant's user in a period of whole days; 0 for a user nobody knows."""
    stats = await engagement_stats(store, Scope(tenant, user), period)
    points = FOR_AN_EVENT * stats.total_events + FOR_A_SESSION * stats.unique_sessions
    return EngagementScore(
        user_id=user,
        days=period.length.days,
        score=min(HIGHEST, points),
        engagement_events=stats.total_events,
        sessions=stats.unique_sessions,
    )
