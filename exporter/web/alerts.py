"""Reading the history of alerts: pages of it, one record, its numbers. For admins only."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from ..alerts.reading import AlertPage, AlertRecord, page, record
from ..alerts.stats import AlertStats, stats
from ..analytics.period import Period
from ..errors import Invalid, Problem
from ..fields import Label
from ..records.alert import ALERT, Severity, Source, State
from ..storage.query import Where, equals
from .period import Limit, MomentOrDate, Page, PeriodQuery, last, read_period
from .route import Access, Call, NoQuery, Route

TAG = "Alerts"


class AlertQuery(Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which alerts, by when they were first heard of; `from` and `to` are the two dates too."""

    start_date: MomentOrDate | None = None
    end_date: (
        Annotated[
            MomentOrDate, Meta(description="The end, not included; a date includes its whole day.")
        ]
        | None
    ) = None
    from_: Annotated[MomentOrDate, Meta(description="The same as `startDate`.")] | None = (
        msgspec.field(name="from", default=None)
    )
    to: Annotated[MomentOrDate, Meta(description="The same as `endDate`.")] | None = None
    period: Literal["1h", "24h", "7d", "30d", "90d"] | None = None
    state: State | None = None
    severity: Severity | None = None
    category: Label | None = None
    alertname: Label | None = None
    source: Source | None = None

    def period_at(self, now: datetime) -> Period:
        """The period that is asked for at `now`; raises Invalid with every problem of the dates."""
        start, end = self._start, self._end
        if self.period is not None:
            return PeriodQuery(start_date=start[1], end_date=end[1], period=self.period).period_at(
                now
            )
        problems = [
            Problem(name, f"Expected no `{same}` beside it")
            for name, same, date, other in (
                ("from", "startDate", self.from_, self.start_date),
                ("to", "endDate", self.to, self.end_date),
            )
            if date is not None and other is not None
        ]
        period = read_period(start, end, last(now), problems)
        if problems:
            raise Invalid.of(problems)
        return period

    @property
    def _start(self) -> tuple[str, str | None]:
        """The first date, with the name that it was given by."""
        return ("startDate", self.start_date) if self.from_ is None else ("from", self.from_)

    @property
    def _end(self) -> tuple[str, str | None]:
        return ("endDate", self.end_date) if self.to is None else ("to", self.to)

    @property
    def dated(self) -> bool:
        """Whether it says when."""
        return any((self.start_date, self.end_date, self.from_, self.to, self.period))

    def where(self) -> Where:
        """The filters that were asked for."""
        names = ("state", "severity", "category", "alertname", "source")
        return tuple(
            equals(name, value) for name in names if (value := getattr(self, name)) is not None
        )


class AlertPageQuery(AlertQuery, frozen=True, kw_only=True):
    """Which alerts, and which page of them; without dates, of all that are kept."""

    page: Page = 1
    limit: Limit = 20


class AlertStatsAnswer(Struct):
    """The numbers, and the question that they answer."""

    stats: AlertStats
    filters: dict[str, Any]


async def alerts(call: Call[AlertPageQuery]) -> AlertPage:
    """The tenant's alerts, newest first."""
    query = call.query
    period = query.period_at(call.now)
    if not query.dated:
        period = last(call.now, ALERT.kept_for(call.services.settings))
    return await page(
        call.store, call.scope(), period, query.where(), page=query.page, limit=query.limit
    )


async def numbers(call: Call[AlertQuery]) -> AlertStatsAnswer:
    """The tenant's alerts in numbers."""
    period = call.query.period_at(call.now)
    where = call.query.where()
    filters: dict[str, Any] = {"startDate": period.start, "endDate": period.end}
    filters.update((part.field, part.value) for part in where)
    return AlertStatsAnswer(await stats(call.store, call.scope(), period, where), filters)


async def one(call: Call[NoQuery]) -> AlertRecord:
    """One of the tenant's alerts."""
    return record(
        await call.services.alerts.get(call.scope().tenant, call.request.match_info["alertId"])
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/alerts",
        summary="The history of alerts, newest first; without dates, all that is kept.",
        tag=TAG,
        handle=alerts,
        access=Access.ADMIN,
        query=AlertPageQuery,
        answers={200: AlertPage},
    ),
    Route(
        method="GET",
        path="/api/alerts/stats",
        summary="Alerts in numbers: how many, how soon taken, how long they burned, how noisy.",
        tag=TAG,
        handle=numbers,
        access=Access.ADMIN,
        query=AlertQuery,
        answers={200: AlertStatsAnswer},
        cached=True,
    ),
    Route(
        method="GET",
        path="/api/alerts/{alertId}",
        summary="One alert, with its whole story.",
        tag=TAG,
        handle=one,
        access=Access.ADMIN,
        answers={200: AlertRecord},
        errors=(404,),
    ),
)
