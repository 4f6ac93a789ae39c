"""Reading revenue: what came in, what recurs, how it grew, what it is a user."""

from ..analytics.earnings import Earnings, earnings
from ..analytics.exchange import rates_of
from .period import PeriodQuery
from .route import Access, Call, Route


async def revenue(call: Call[PeriodQuery]) -> Earnings:
    """The tenant's earnings."""
    query = call.query
    return await earnings(
        call.store,
        call.scope(query.user_id),
        query.period_at(call.now),
        now=call.now,
        rates=rates_of(call.services.settings),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/analytics/revenue",
        summary="Recurring revenue, growth, revenue a user and churn, by currency.",
        tag="Sales",
        handle=revenue,
        access=Access.ADMIN,
        query=PeriodQuery,
        answers={200: Earnings},
        cached=True,
    ),
)
