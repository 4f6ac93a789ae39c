"""Reading sales: transactions, money by currency and plan, subscriptions."""

from ..analytics.exchange import rates_of
from ..analytics.sales import SalesBreakdown, SalesSummary, sales_breakdown, sales_summary
from ..fields import Label
from ..records.sale import SALE, Kind
from .period import PeriodQuery
from .route import Access, Call, Route

TAG = "Sales"


class SalesQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which sales."""

    type: Kind | None = None
    plan: Label | None = None
    currency: Label | None = None
    payment_method: Label | None = None


async def stats(call: Call[SalesQuery]) -> SalesSummary:
    """The caller's numbers."""
    asked = call.query.question(call, SALE)
    rates = rates_of(call.services.settings)
    return await sales_summary(
        call.store, asked.scope, asked.period, asked.where, now=call.now, rates=rates
    )


async def breakdown(call: Call[SalesQuery]) -> SalesBreakdown:
    """The tenant's numbers, with payment methods and subscriptions."""
    asked = call.query.question(call, SALE)
    rates = rates_of(call.services.settings)
    return await sales_breakdown(
        call.store, asked.scope, asked.period, asked.where, now=call.now, rates=rates
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/analytics/sales/stats",
        summary="Sales in numbers, by currency and plan, and what customers spent so far.",
        tag=TAG,
        handle=stats,
        access=Access.READER,
        query=SalesQuery,
        answers={200: SalesSummary},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/analytics/admin/sales/stats",
        summary="The same, with recurring revenue, subscriptions and payment methods.",
        tag=TAG,
        handle=breakdown,
        access=Access.ADMIN,
        query=SalesQuery,
        answers={200: SalesBreakdown},
        cached=True,
    ),
)
