"""Records of alerts as the admins of a tenant read them, field by field."""

import asyncio
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from ..access.principal import Scope
from ..analytics.answer import Answer
from ..analytics.history import Pagination
from ..analytics.period import Period, select
from ..records.alert import ALERT, Action, Alert, AlertType, Severity, Source, State
from ..storage.base import Store
from ..storage.query import Aggregation, Find, Measure, Order, Where


class AlertItem(Answer, frozen=True):
    """One start of one alert."""

    alert_id: str
    fingerprint: Annotated[str, Meta(description="The same for every start of the alert.")]
    source: Source
    alertname: str
    alert_type: AlertType
    severity: Severity
    category: str
    title: str
    message: str
    state: State
    labels: dict[str, str]
    starts_at: datetime
    ends_at: Annotated[datetime | None, Meta(description="When its source says that it ended.")]
    created_at: Annotated[datetime, Meta(description="When it was first heard of.")]
    last_seen_at: Annotated[datetime, Meta(description="When it was last heard of.")]
    notifications: Annotated[int, Meta(description="How often it was heard of.")]
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: Annotated[str | None, Meta(description="What was said when it was acknowledged.")]
    resolved_by: Annotated[str | None, Meta(description="A person, or the source.")]
    resolved_at: Annotated[
        datetime | None, Meta(description="When it was over: its end, or when somebody said so.")
    ]
    time_to_acknowledge: Annotated[float | None, Meta(description="Seconds from its start.")]
    time_to_resolve: Annotated[
        float | None, Meta(description="Seconds from its start; null where its end is a guess.")
    ]
    silence_id: Annotated[str | None, Meta(description="The silence in Alertmanager.")]
    silenced_until: datetime | None


class TrailItem(Answer, frozen=True):
    """One step of an alert's story."""

    time: datetime
    who: Annotated[str, Meta(description="Whose credential it was, or the source.")]
    action: Action
    note: str | None = None
    on_behalf_of: Annotated[
        str | None, Meta(description="Whom the credential spoke for, where it said so.")
    ] = None
    times: Annotated[int, Meta(description="How often in a row, from that time on.")] = 1


class AlertRecord(AlertItem, frozen=True):
    """All of one record, with its story, oldest step first."""

    annotations: dict[str, str]
    generator_url: str | None
    trail: list[TrailItem]


class AlertPage(Answer, frozen=True):
    """A page of alerts, newest first."""

    alerts: list[AlertItem]
    pagination: Pagination


def record(alert: Alert) -> AlertRecord:
    """All of one record."""
    return msgspec.convert(alert, AlertRecord, from_attributes=True)


async def page(
    store: Store, scope: Scope, period: Period, where: Where, *, page: int, limit: int
) -> AlertPage:
    """The alerts of the scope that were first heard of in the period, newest first."""
    selected = select(ALERT, scope, period, where)
    shown = set(AlertItem.__struct_encode_fields__)
    found, (row,) = await asyncio.gather(
        store.find(
            Find(
                ALERT,
                selected,
                (Order(ALERT.time_field, descending=True),),
                limit,
                (page - 1) * limit,
                frozenset(ALERT.document.__struct_encode_fields__) - shown,
            )
        ),
        store.aggregate(Aggregation(ALERT, (Measure("total"),), selected)),
    )
    total: int = row["total"]
    return AlertPage(
        [msgspec.convert(one, AlertItem, from_attributes=True) for one in found],
        Pagination(page=page, limit=limit, total=total, pages=-(-total // limit)),
    )
