"""Reading across families: rankings."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ..access.principal import Role
from ..analytics.rankings import RANKINGS
from ..errors import Forbidden
from .period import Limit, PeriodQuery
from .route import Access, Call, Route

TAG = "Overview"
MEASURES = "; ".join(f"{name}: by {ranking.measure}" for name, ranking in RANKINGS.items())


class TopQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which ranking."""

    metric: Annotated[
        Literal["ai-models", "features", "endpoints", "users", "revenue"],
        Meta(description=f"{MEASURES}. Users and revenue are for admins."),
    ]
    limit: Limit = 10


class Ranked(Struct):
    """A ranking: what it is of, and its items, the first one first."""

    metric: str
    items: Sequence[Any]


async def top_metrics(call: Call[TopQuery]) -> Ranked:
    """The first of a ranking; Forbidden where only an admin may see it."""
    ranking = RANKINGS[call.query.metric]
    if ranking.admin_only and call.caller.role is not Role.ADMIN:
        raise Forbidden("Only an admin may ask for this ranking.")
    scope, period = call.scope(call.query.user_id), call.query.period_at(call.now)
    return Ranked(
        call.query.metric,
        await ranking.rank(call.store, scope, period, (), call.query.limit),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/metrics/top-metrics",
        summary="The most used models, features and endpoints, the busiest users, the best plans.",
        tag=TAG,
        handle=top_metrics,
        access=Access.READER,
        query=TopQuery,
        answers={200: Ranked},
    ),
)
