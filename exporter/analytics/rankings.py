"""Rankings: the most used, the most active, the most earning, each a line of one table."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from ..access.principal import Scope
from ..family import Family
from ..records.ai_request import AI_REQUEST
from ..records.engagement import ENGAGEMENT
from ..storage.base import Row, Store
from ..storage.query import Aggregation, Filter, Measure, Operator, Where
from ..storage.together import together
from .answer import Answer
from .endpoints import EndpointCalls, busiest_endpoints
from .period import Period, select
from .revenue import PlanTotals, revenue_by_plan
from .usage import AiSlice, top_models
from .users import UserActivity, busiest_users

Rank = Callable[[Store, Scope, Period, Where, int], Awaitable[Sequence[Answer]]]


class FeatureUse(Answer, frozen=True):
    """How much one feature was used."""

    feature: str
    uses: Annotated[int, Meta(description="AI requests and engagement events that name it.")]
    ai_requests: Annotated[int, Meta(description="AI requests that name it.")]
    engagement_events: Annotated[int, Meta(description="Engagement events that name it.")]


@dataclass(frozen=True)
class Ranking:
    """What a ranking is of, who may see it, and how it is made.

    measure: what its items are ordered by, in words.
    item: what its items are.
    rank: `rank(store, scope, period, where, limit)`, the first `limit` items.
    """

    measure: str
    item: type[Answer]
    rank: Rank
    admin_only: bool = False


async def _features(
    store: Store, scope: Scope, period: Period, where: Where, limit: int
) -> list[FeatureUse]:
    requests, events = await together(
        store,
        _by_feature(store, AI_REQUEST, scope, period, where),
        _by_feature(store, ENGAGEMENT, scope, period, where),
    )
    return await asyncio.to_thread(_rank_features, requests, events, limit)


async def _by_feature(
    store: Store, family: Family, scope: Scope, period: Period, where: Where
) -> list[Row]:
    named = Filter("feature", Operator.NE, None)
    return await store.aggregate(
        Aggregation(
            family=family,
            measures=(Measure("count"),),
            where=select(family, scope, period, (named, *where)),
            by=("feature",),
        )
    )


def _rank_features(requests: list[Row], events: list[Row], limit: int) -> list[FeatureUse]:
    asked = Counter({row["feature"]: row["count"] for row in requests})
    done = Counter({row["feature"]: row["count"] for row in events})
    most = sorted((asked + done).items(), key=lambda item: (-item[1], item[0]))[:limit]
    return [FeatureUse(name, uses, asked[name], done[name]) for name, uses in most]


async def _users(
    store: Store, scope: Scope, period: Period, where: Where, limit: int
) -> list[UserActivity]:
    return await busiest_users(store, scope, period, where=where, limit=limit)


async def _revenue(
    store: Store, scope: Scope, period: Period, where: Where, limit: int
) -> list[PlanTotals]:
    by_currency: defaultdict[str, list[PlanTotals]] = defaultdict(list)
    plans = await revenue_by_plan(store, scope, period, where)
    for plan in sorted(plans, key=lambda part: (-part.revenue, part.plan or "")):
        by_currency[plan.currency].append(plan)
    return [plan for currency in sorted(by_currency) for plan in by_currency[currency][:limit]]


RANKINGS: Mapping[str, Ranking] = {
    "ai-models": Ranking("AI requests", AiSlice, top_models),
    "features": Ranking("AI requests and engagement events", FeatureUse, _features),
    "endpoints": Ranking("calls", EndpointCalls, busiest_endpoints),
    "users": Ranking("events of every family", UserActivity, _users, admin_only=True),
    "revenue": Ranking(
        "revenue by plan, each currency by itself", PlanTotals, _revenue, admin_only=True
    ),
}
"""Every ranking by its name in the HTTP contract."""
