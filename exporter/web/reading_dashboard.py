"""The dashboard: several sections in one answer."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from ..access.principal import Role, Scope
from ..analytics.earnings import Earnings, earnings
from ..analytics.exchange import rates_of
from ..analytics.performance import PerformanceStats, performance_stats
from ..analytics.period import Period
from ..analytics.resources import ServiceUsage, service_usage
from ..analytics.users import UserNumbers, user_numbers
from ..errors import Forbidden, Invalid
from ..storage.together import together
from .period import DAY, DateRange, PeriodQuery, last
from .route import Access, Call, Route

ALL = "all"

Ask = Callable[[Call[Any], Scope, Period], Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Section:
    """How a section is made, and who may see it."""

    ask: Ask
    admin_only: bool = False


async def _users(call: Call[Any], scope: Scope, period: Period) -> UserNumbers:
    return await user_numbers(call.store, scope, period)


async def _system(call: Call[Any], scope: Scope, period: Period) -> list[ServiceUsage]:
    return await service_usage(call.store, scope, period)


async def _performance(call: Call[Any], scope: Scope, period: Period) -> PerformanceStats:
    return await performance_stats(call.store, scope, period)


async def _revenue(call: Call[Any], scope: Scope, period: Period) -> Earnings:
    rates = rates_of(call.services.settings)
    return await earnings(call.store, scope, period, now=call.now, rates=rates)


SECTIONS: Mapping[str, Section] = {
    "users": Section(_users),
    "system": Section(_system, admin_only=True),
    "performance": Section(_performance),
    "revenue": Section(_revenue, admin_only=True),
}
"""The sections by their names in the HTTP contract."""


class DashboardQuery(PeriodQuery, frozen=True, kw_only=True):
    """Which sections; without a period or dates, of the last 24 hours."""

    metrics: Annotated[
        str,
        Meta(
            max_length=200,
            description=f"Sections, separated by commas, of {', '.join(SECTIONS)}; or `{ALL}`, "
            "those that the caller may see. System and revenue are for admins.",
        ),
    ] = ALL

    def period_at(self, now: datetime) -> Period:
        """The period that is asked for at `now`; raises Invalid."""
        if self.period is None and self.start_date is None and self.end_date is None:
            return last(now, DAY)
        return super().period_at(now)

    def sections(self, role: Role) -> dict[str, Section]:
        """The sections that are asked for; Forbidden where one is not for the caller, Invalid
        where there is none of that name."""
        asked = {name.strip() for name in self.metrics.split(",")}
        if unknown := sorted(asked - SECTIONS.keys() - {ALL}):
            names = ", ".join((*SECTIONS, ALL))
            raise Invalid.field("metrics", f"Expected {names}, not `{unknown[0]}`")
        found = {}
        for name, section in SECTIONS.items():
            allowed = role is Role.ADMIN or not section.admin_only
            if name in asked and not allowed:
                raise Forbidden(f"Only an admin may ask for the section {name}.")
            if name in asked or (ALL in asked and allowed):
                found[name] = section
        return found


class Dashboard(Struct, rename="camel", omit_defaults=True):
    """The sections that were asked for; the others are left out."""

    date_range: DateRange
    users: UserNumbers | None = None
    system: (
        Annotated[list[ServiceUsage], Meta(description="The services' machines over the period.")]
        | None
    ) = None
    performance: PerformanceStats | None = None
    revenue: Earnings | None = None


async def dashboard(call: Call[DashboardQuery]) -> Dashboard:
    """The sections, of the caller's own records, or for an admin of the tenant's."""
    query = call.query
    scope, period = call.scope(query.user_id), query.period_at(call.now)
    sections = query.sections(call.caller.role)
    found = await together(
        call.store, *(section.ask(call, scope, period) for section in sections.values())
    )
    parts = dict(zip(sections, found, strict=True))
    return Dashboard(date_range=DateRange.of(period), **parts)


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/analytics/dashboard",
        summary="Users, systems, performance and revenue in one answer.",
        tag="Overview",
        handle=dashboard,
        access=Access.READER,
        query=DashboardQuery,
        answers={200: Dashboard},
        cached=True,
    ),
)
