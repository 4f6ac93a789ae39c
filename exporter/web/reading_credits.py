"""Reading credits: what was spent, on which feature, by whom."""

from ..analytics.credits import CreditStats, credit_stats
from ..fields import Label
from ..records.credit import CREDIT
from .period import PeriodQuery
from .route import Access, Call, Route


class CreditQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which uses of credits."""

    feature_name: Label | None = None
    user_plan: Label | None = None


async def stats(call: Call[CreditQuery]) -> CreditStats:
    """The caller's credits; for an admin the tenant's."""
    asked = call.query.question(call, CREDIT)
    return await credit_stats(call.store, asked.scope, asked.period, asked.where)


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/credits/stats",
        summary="Credits and their cost, by feature and by user.",
        tag="Credits",
        handle=stats,
        access=Access.READER,
        query=CreditQuery,
        answers={200: CreditStats},
        cached=True,
    ),
)
