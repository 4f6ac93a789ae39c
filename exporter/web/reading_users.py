"""Reading users: how many there are, who stays, who pays, how engaged they are."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ..analytics.conversion import Conversion, conversion
from ..analytics.period import Period
from ..analytics.retention import Retention, last_intervals, retention
from ..analytics.score import EngagementScore, engagement_score
from ..analytics.users import UserNumbers, user_numbers
from ..errors import Invalid
from ..fields import Identifier
from ..intervals import DAY, beginnings
from .period import PeriodQuery, last
from .route import Access, Call, Route

TAG = "Users"
MOST_COHORTS = 100

Days = Annotated[int, Meta(ge=1, le=36_500, description="The days up to now.")]


class RetentionQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which cohorts: those of the period, or without one, of the last intervals."""

    interval: Literal["day", "week", "month"] = "week"
    periods: Annotated[
        int,
        Meta(
            ge=1,
            le=MOST_COHORTS,
            description="For how many intervals each cohort is followed; without a start or a "
            "period also how many cohorts there are.",
        ),
    ] = 8

    def cohorts(self, now: datetime) -> list[datetime]:
        """The beginnings of the cohorts' intervals; raises Invalid for too many."""
        period = self.period_at(now)
        if self.start_date is None and self.period is None:
            return last_intervals(period.end, self.interval, self.periods)
        found = list(beginnings(period.start, period.end, self.interval))
        if len(found) > MOST_COHORTS:
            raise Invalid.field("interval", f"Expected at most {MOST_COHORTS} in the period")
        return found


class ScoreQuery(Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Over how many days."""

    days: Days = 30


class ConversionQuery(PeriodQuery, frozen=True, kw_only=True):
    """Over which period."""

    days: Days | None = None

    def period_at(self, now: datetime) -> Period:
        """The days up to now, or the period; raises Invalid where both are given."""
        if self.days is None:
            return super().period_at(now)
        if self.period is not None or self.start_date is not None or self.end_date is not None:
            raise Invalid.field("days", "Expected no period or dates beside it")
        return last(now, self.days * DAY)


async def numbers(call: Call[PeriodQuery]) -> UserNumbers:
    """The tenant's users."""
    query = call.query
    period = query.period_at(call.now)
    return await user_numbers(call.store, call.scope(query.user_id), period)


async def cohorts(call: Call[RetentionQuery]) -> Retention:
    """The tenant's cohorts."""
    query = call.query
    return await retention(
        call.store,
        call.scope(query.user_id),
        query.cohorts(call.now),
        until=last(call.now).end,
        interval=query.interval,
        periods=query.periods,
    )


async def score(call: Call[ScoreQuery]) -> EngagementScore:
    """The score of the caller, or for an admin of any user of the tenant."""
    try:
        user = msgspec.convert(call.request.match_info["userId"], Identifier)
    except msgspec.ValidationError as error:
        raise Invalid.field("userId", str(error)) from None
    scope = call.scope(user)
    return await engagement_score(
        call.store, scope.tenant, user, last(call.now, call.query.days * DAY)
    )


async def converted(call: Call[ConversionQuery]) -> Conversion:
    """The tenant's conversion."""
    query = call.query
    period = query.period_at(call.now)
    return await conversion(call.store, call.scope(query.user_id), period)


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/analytics/users",
        summary="Users: all, active, new, returning, churned; DAU, WAU, MAU.",
        tag=TAG,
        handle=numbers,
        access=Access.ADMIN,
        query=PeriodQuery,
        answers={200: UserNumbers},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/analytics/retention",
        summary="Cohorts by first activity, and the share of each that came back.",
        tag=TAG,
        handle=cohorts,
        access=Access.ADMIN,
        query=RetentionQuery,
        answers={200: Retention},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/analytics/users/{userId}/engagement-score",
        summary="How engaged a user is, from 0 to 100.",
        tag=TAG,
        handle=score,
        access=Access.READER,
        query=ScoreQuery,
        answers={200: EngagementScore},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/analytics/conversion",
        summary="How many of the active users paid.",
        tag=TAG,
        handle=converted,
        access=Access.ADMIN,
        query=ConversionQuery,
        answers={200: Conversion},
        cached=True,
    ),
)
