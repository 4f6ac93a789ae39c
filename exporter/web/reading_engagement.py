"""Reading engagement: its numbers, the journeys of users, and their way through funnels."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from ..analytics.engagement import (
    EngagementBreakdown,
    EngagementSummary,
    engagement_breakdown,
    engagement_summary,
)
from ..analytics.funnel import FunnelStep, funnel
from ..analytics.history import EventItem, journey
from ..errors import Invalid
from ..fields import Identifier, Label
from ..records.engagement import ENGAGEMENT
from .period import Limit, PeriodQuery
from .route import Access, Call, Route

TAG = "Engagement"
MOST_STEPS = 20
LONGEST_WINDOW = timedelta(days=366)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class EngagementQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which events."""

    event: Label | None = None
    feature: Label | None = None
    user_plan: Label | None = None
    session_id: Identifier | None = None


class JourneyQuery(EngagementQuery, frozen=True, kw_only=True):
    """Which events, and how many of the last ones."""

    limit: Limit = 20


class FunnelQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which steps, in which time."""

    steps: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=4_000,
            description=f"Names of up to {MOST_STEPS} different events, separated by commas.",
            examples=["signup,activate,subscribe"],
        ),
    ]
    window: Annotated[
        str,
        Meta(
            pattern=r"^[1-9][0-9]{0,5}[mhd]$(?!\n)",
            description="The time from the first step in which the others must follow: minutes, "
            "hours or days, up to `366d`.",
            examples=["30m", "12h", "7d"],
        ),
    ] = "7d"
    user_plan: Label | None = None

    def names(self) -> list[str]:
        """The steps; raises Invalid where one is missing, twice there, or too long."""
        names = [name.strip() for name in self.steps.split(",")]
        if not all(0 < len(name) <= 128 for name in names):  # noqa: PLR2004  # as a Label
            raise Invalid.field("steps", "Expected names of 1 to 128 characters")
        if len(set(names)) < len(names) or len(names) > MOST_STEPS:
            raise Invalid.field("steps", f"Expected up to {MOST_STEPS} different names")
        return names

    def length(self) -> timedelta:
        """The window; raises Invalid for one that is too long."""
        length = int(self.window[:-1]) * UNITS[self.window[-1]]
        if length > LONGEST_WINDOW:
            raise Invalid.field("window", f"Expected at most {LONGEST_WINDOW.days}d")
        return length


class Journey(Struct):
    """Events, newest first."""

    events: list[EventItem]


class Funnel(Struct):
    """The steps of a funnel, in order."""

    steps: list[FunnelStep]
    window: Annotated[
        str, Meta(description="The time from the first step in which the others follow.")
    ]


async def stats(call: Call[EngagementQuery]) -> EngagementSummary:
    """The caller's numbers."""
    asked = call.query.question(call, ENGAGEMENT)
    return await engagement_summary(call.store, asked.scope, asked.period, asked.where)


async def breakdown(call: Call[EngagementQuery]) -> EngagementBreakdown:
    """The tenant's numbers by label, and its sessions."""
    asked = call.query.question(call, ENGAGEMENT)
    return await engagement_breakdown(call.store, asked.scope, asked.period, asked.where)


async def last_events(call: Call[JourneyQuery]) -> Journey:
    """The caller's last events; for an admin the tenant's, or one user's."""
    asked = call.query.question(call, ENGAGEMENT)
    limit = call.query.limit
    return Journey(await journey(call.store, asked.scope, asked.period, asked.where, limit=limit))


async def steps(call: Call[FunnelQuery]) -> Funnel:
    """How far the tenant's users got."""
    query = call.query
    asked = query.question(call, ENGAGEMENT)
    found = await funnel(
        call.store,
        asked.scope,
        asked.period,
        steps=query.names(),
        window=query.length(),
        where=asked.where,
    )
    return Funnel(found, query.window)


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
        cached=True,
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
    Route(
        method="GET",
        path="/api/analytics/engagement/funnel",
        summary="How many users took one step after another, and how long it took them.",
        tag=TAG,
        handle=steps,
        access=Access.ADMIN,
        query=FunnelQuery,
        answers={200: Funnel},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/analytics/admin/engagement/stats",
        summary="Engagement by plan, device, feature, page, search and campaign, and sessions.",
        tag=TAG,
        handle=breakdown,
        access=Access.ADMIN,
        query=EngagementQuery,
        answers={200: EngagementBreakdown},
        cached=True,
    ),
)
