"""Reading AI requests: their numbers, their history, their breakdown."""

from typing import Any

from msgspec import Struct

from ..analytics.history import RequestPage, history
from ..analytics.usage import AiBreakdown, AiStats, ai_breakdown, ai_stats
from ..fields import Identifier, Label
from ..records.ai_request import AI_REQUEST, Status
from .period import Limit, Page, PeriodQuery
from .route import Access, Call, Route

TAG = "AI requests"


class AiQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which AI requests."""

    model: Label | None = None
    provider: Label | None = None
    feature: Label | None = None
    status: Status | None = None
    user_plan: Label | None = None
    team_id: Identifier | None = None
    project_id: Identifier | None = None


class HistoryQuery(AiQuery, frozen=True, kw_only=True):
    """Which AI requests, and which page of them."""

    page: Page = 1
    limit: Limit = 20


class AiStatsAnswer(Struct):
    """The numbers, and the question that they answer."""

    stats: AiStats
    filters: dict[str, Any]


async def stats(call: Call[AiQuery]) -> AiStatsAnswer:
    """The caller's numbers."""
    asked = call.query.question(call, AI_REQUEST)
    found = await ai_stats(call.store, asked.scope, asked.period, asked.where)
    return AiStatsAnswer(found, asked.filters)


async def breakdown(call: Call[AiQuery]) -> AiBreakdown:
    """The tenant's numbers by label and over time."""
    asked = call.query.question(call, AI_REQUEST)
    return await ai_breakdown(call.store, asked.scope, asked.period, asked.where)


async def requests(call: Call[HistoryQuery]) -> RequestPage:
    """The caller's requests, newest first."""
    query = call.query
    asked = query.question(call, AI_REQUEST)
    return await history(
        call.store,
        asked.scope,
        asked.period,
        asked.where,
        page=query.page,
        limit=query.limit,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/ai-tracking/stats",
        summary="AI requests in numbers.",
        tag=TAG,
        handle=stats,
        access=Access.READER,
        query=AiQuery,
        answers={200: AiStatsAnswer},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/ai-tracking/history",
        summary="AI requests, newest first, without prompts and responses.",
        tag=TAG,
        handle=requests,
        access=Access.READER,
        query=HistoryQuery,
        answers={200: RequestPage},
    ),
    Route(
        method="GET",
        path="/api/ai-tracking/admin/stats",
        summary="AI requests by model, feature, provider and plan, and over time.",
        tag=TAG,
        handle=breakdown,
        access=Access.ADMIN,
        query=AiQuery,
        answers={200: AiBreakdown},
        cached=True,
    ),
)
