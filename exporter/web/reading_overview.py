"""Reading across families: the main numbers, their series, comparisons and rankings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from ..access.principal import Role
from ..analytics.exchange import rates_of
from ..analytics.kpis import Kpis, comparison, kpis
from ..analytics.period import Period
from ..analytics.rankings import RANKINGS
from ..analytics.summary import Summary, summary
from ..errors import Forbidden, Invalid, Problem
from ..fields import Identifier
from ..intervals import Interval
from .period import DateRange, Limit, MomentOrDate, PeriodQuery, bounded, last, read_period
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


class SummaryQuery(PeriodQuery, frozen=True, kw_only=True):
    """Series by which interval."""

    group_by: Annotated[Interval, Meta(description="Weeks are ISO weeks, from Monday.")] = "day"


class ComparisonQuery(
    Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True
):
    """What to compare, and when.

    Without dates the last 30 days; without previous ones, the time of the same length before.
    """

    metric: Literal["ai-requests", "engagement", "sales", "performance"]
    current_start: MomentOrDate | None = None
    current_end: MomentOrDate | None = None
    previous_start: MomentOrDate | None = None
    previous_end: MomentOrDate | None = None
    user_id: (
        Annotated[Identifier, Meta(description="One user's records only; for admins.")] | None
    ) = None

    def periods(self, now: datetime) -> tuple[Period, Period]:
        """The current and the previous period; raises Invalid with every problem of the dates."""
        problems: list[Problem] = []
        current = read_period(
            ("currentStart", self.current_start),
            ("currentEnd", self.current_end),
            last(now),
            problems,
        )
        previous = read_period(
            ("previousStart", self.previous_start),
            ("previousEnd", self.previous_end),
            current.before,
            problems,
        )
        if problems:
            raise Invalid.of(problems)
        return current, previous


class Ranked(Struct):
    """A ranking: what it is of, and its items, the first one first."""

    metric: str
    items: Sequence[Any]


class Overview(Struct, rename="camel"):
    """The main numbers of a period."""

    kpis: Kpis
    date_range: DateRange
    is_admin: Annotated[bool, Meta(description="Whether the numbers are the tenant's.")]


class SummaryAnswer(Summary, frozen=True):
    """The series, and the period that they are of."""

    date_range: DateRange


class Compared(Struct, rename="camel"):
    """The numbers of two periods as the call `stats` of the subject has them, and their change.

    `change` has the same names: (current - previous) / previous, in %, null where the previous is
    0 or null.
    """

    metric: str
    current_range: DateRange
    previous_range: DateRange
    current: dict[str, Any]
    previous: dict[str, Any]
    change: dict[str, Any]


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


async def overview(call: Call[PeriodQuery]) -> Overview:
    """The main numbers of the caller's records, or for an admin of the tenant's."""
    query = call.query
    scope, period = call.scope(query.user_id), query.period_at(call.now)
    found = await kpis(call.store, scope, period, rates_of(call.services.settings))
    return Overview(found, DateRange.of(period), call.caller.role is Role.ADMIN)


async def series(call: Call[SummaryQuery]) -> SummaryAnswer:
    """The series of the caller's records, or for an admin of the tenant's."""
    query = call.query
    scope, period = call.scope(query.user_id), query.period_at(call.now)
    bounded(period, query.group_by)
    found = await summary(call.store, scope, period, query.group_by)
    return SummaryAnswer(**asdict(found), date_range=DateRange.of(period))


async def compare(call: Call[ComparisonQuery]) -> Compared:
    """Two periods of the caller's records, or for an admin of the tenant's."""
    query = call.query
    scope = call.scope(query.user_id)
    current, previous = query.periods(call.now)
    found = await comparison(
        call.store,
        scope,
        query.metric,
        current=current,
        previous=previous,
        rates=rates_of(call.services.settings),
    )
    return Compared(
        metric=query.metric,
        current_range=DateRange.of(current),
        previous_range=DateRange.of(previous),
        current=found.current,
        previous=found.previous,
        change=found.change,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/metrics/dashboard",
        summary="The main numbers of AI requests, engagement, sales and performance.",
        tag=TAG,
        handle=overview,
        access=Access.READER,
        query=PeriodQuery,
        answers={200: Overview},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/metrics/summary",
        summary="A series for each family by the hour, day, week or month.",
        tag=TAG,
        handle=series,
        access=Access.READER,
        query=SummaryQuery,
        answers={200: SummaryAnswer},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/metrics/top-metrics",
        summary="The most used models, features and endpoints, the busiest users, the best plans.",
        tag=TAG,
        handle=top_metrics,
        access=Access.READER,
        query=TopQuery,
        answers={200: Ranked},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/metrics/comparison",
        summary="The numbers of two periods, and their change.",
        tag=TAG,
        handle=compare,
        access=Access.READER,
        query=ComparisonQuery,
        answers={200: Compared},
        cached=True,
    ),
)
