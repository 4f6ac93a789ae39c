"""Health: what the checks say now, how it has been, and the maintenance windows.

Anybody may ask whether all is well. What is wrong with what, and since when, is for those who run
the installation: the admins of the tenant `default`, and of no other.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ..access.principal import DEFAULT_TENANT, Principal, Role
from ..analytics.period import Period
from ..errors import Forbidden
from ..fields import Label
from ..health import reading
from ..health.answers import CheckItem, HealthNow, HealthStatus, History, IncidentItem, Issue
from ..health.check import Level
from ..health.monitor import Health
from ..health.track import Track
from ..records.health_check import Status
from ..storage.query import Where, equals
from .period import Limit, MomentOrDate, Page, PeriodQuery
from .route import Access, Call, NoQuery, Reply, Route

TAG = "Health"
FRESH_SECONDS = 30.0
"""How old an uptime may be that is answered with."""


class HistoryQuery(Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which results, and which page of them."""

    start_date: MomentOrDate | None = None
    end_date: (
        Annotated[
            MomentOrDate, Meta(description="The end, not included; a date includes its whole day.")
        ]
        | None
    ) = None
    period: Literal["1h", "24h", "7d", "30d", "90d"] | None = None
    service: Label | None = None
    instance: Label | None = None
    status: Status | None = None
    page: Page = 1
    limit: Limit = 20

    def period_at(self, now: datetime) -> Period:
        """The period that is asked for at `now`; raises Invalid."""
        return PeriodQuery(
            start_date=self.start_date, end_date=self.end_date, period=self.period
        ).period_at(now)

    def where(self) -> Where:
        """The filters that were asked for."""
        names = ("service", "instance", "status")
        return tuple(
            equals(name, value) for name in names if (value := getattr(self, name)) is not None
        )


def runs_the_installation(principal: Principal | None) -> bool:
    """Whether a caller may see what is wrong."""
    if principal is None:
        return False
    return principal.role is Role.ADMIN and principal.tenant == DEFAULT_TENANT


def for_operators(call: Call[Any]) -> Health:
    """The health of the installation; Forbidden for admins of other tenants, who do not run it."""
    if not runs_the_installation(call.principal):
        raise Forbidden(f"Only an admin of the tenant `{DEFAULT_TENANT}` may ask for this.")
    return call.services.health


async def now(call: Call[NoQuery]) -> Reply:
    """What the checks say; 503 while a critical one is down."""
    health = call.services.health
    told = runs_the_installation(call.principal)
    checks = [_item(track, told) for track in health.seen()]
    return Reply(
        503 if health.level is Level.UNHEALTHY else 200,
        HealthNow(health.level.status, call.now, checks),
    )


async def status(call: Call[NoQuery]) -> HealthStatus:
    """How the installation is and has been; answers also while the store does not."""
    health = for_operators(call)
    known = await health.uptime(FRESH_SECONDS)
    windows = health.windows.open(call.now)
    incidents = health.incidents.active
    unrecorded = sorted({one.service for one in health.incidents.waiting(call.now)})
    amiss = health.level is not Level.HEALTHY or incidents or unrecorded
    seen = health.seen()
    return HealthStatus(
        status="maintenance" if windows else "degraded" if amiss else "operational",
        timestamp=call.now,
        uptime={name: one.uptime for name, one in known.by_window.items()} if known else {},
        observed={name: one.observed for name, one in known.by_window.items()} if known else {},
        uptime_at=known.at if known else None,
        last_check=max((one.last.at for one in seen if one.last is not None), default=None),
        critical_issues=[
            Issue(one.check.name, one.current.timestamp if one.current else None, _message(one))
            for one in seen
            if one.check.critical and one.level is Level.UNHEALTHY
        ],
        active_incidents=[reading.shown(one, IncidentItem) for one in incidents],
        unrecorded=unrecorded,
        maintenance=[reading.window(one) for one in windows],
    )


async def history(call: Call[HistoryQuery]) -> History:
    """The results of checks, and their uptime."""
    health, query = for_operators(call), call.query
    period = query.period_at(call.now)
    about = equals("critical", True)
    if query.service is not None:
        about = equals("service", query.service)
    return await reading.history(
        call.store,
        period,
        query.where(),
        await health.windows.read(period.start),
        about=(about,),
        page=query.page,
        limit=query.limit,
    )


def _item(track: Track, told: bool) -> CheckItem:
    last = track.last
    if last is None:
        raise ValueError(f"{track.check.name} has not run yet")
    return CheckItem(
        track.check.name,
        track.shown.status,
        round(last.seconds * 1000, 3),
        last.finding.message if told else None,
        last.at,
    )


def _message(track: Track) -> str | None:
    return None if track.last is None else track.last.finding.message


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/health",
        summary="What the health checks say, with their messages for admins.",
        tag=TAG,
        handle=now,
        access=Access.OPTIONAL,
        operation="getApiHealth",
        answers={200: HealthNow, 503: HealthNow},
    ),
    Route(
        method="GET",
        path="/api/health/status",
        summary="How the installation is, its uptime, what is critical, open incidents.",
        tag=TAG,
        handle=status,
        access=Access.ADMIN,
        answers={200: HealthStatus},
    ),
    Route(
        method="GET",
        path="/api/health/history",
        summary="What the checks were, stretch by stretch, and their uptime.",
        tag=TAG,
        handle=history,
        access=Access.ADMIN,
        query=HistoryQuery,
        answers={200: History},
        errors=(503,),
    ),
)
