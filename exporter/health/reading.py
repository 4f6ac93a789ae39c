"""Reading what is kept of health: pages of it, and the story of one incident."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ..access.principal import DEFAULT_TENANT
from ..alerts.reading import AlertItem
from ..analytics.history import Pagination
from ..analytics.period import Period
from ..family import Family
from ..records.alert import ALERT
from ..records.health_check import HEALTH_CHECK
from ..records.incident import INCIDENT, Entry, Incident, Seen
from ..records.maintenance import Maintenance
from ..storage.base import Store
from ..storage.query import Aggregation, Find, Measure, Order, Where, between, equals
from .answers import History, IncidentItem, IncidentPage, IncidentStory, ResultItem, WindowItem
from .uptime import TEXTS, stretches, uptime

BEFORE = timedelta(minutes=5)
"""Alerts that began so long before an incident belong to it: some see trouble sooner."""
MOST_ALERTS = 100

Item = TypeVar("Item", bound=Struct)


def shown(record: Any, item: type[Item]) -> Item:
    """A record as it is shown."""
    return msgspec.convert(record, item, from_attributes=True)


def window(record: Maintenance) -> WindowItem:
    """A window as it is shown."""
    return WindowItem(
        window_id=record.window_id,
        title=record.title,
        services=record.services,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        length=max(0.0, (record.ends_at - record.starts_at).total_seconds()),
        cancelled_at=record.cancelled_at,
        trail=msgspec.convert(record.trail, list[Entry]),
    )


async def story_of(store: Store, record: Incident, now: datetime) -> IncidentStory:
    """All of an incident, with the alerts that belong to it."""
    end = record.resolved_at or now
    alerts = await store.find(
        Find(
            ALERT,
            (
                equals("tenantId", DEFAULT_TENANT),
                *between("startsAt", record.started_at - BEFORE, end + timedelta(milliseconds=1)),
            ),
            (Order("startsAt"),),
            limit=MOST_ALERTS,
        )
    )
    item = msgspec.structs.asdict(shown(record, IncidentItem))
    return IncidentStory(
        **item,
        affected=msgspec.convert(record.affected, list[Seen]),
        timeline=msgspec.convert(record.timeline, list[Entry]),
        postmortem=record.postmortem,
        alerts=[shown(one, AlertItem) for one in alerts],
    )


async def incidents(
    store: Store, period: Period, where: Where, *, page: int, limit: int
) -> IncidentPage:
    """The incidents that began in a period, the last one first."""
    found, pagination = await _page(store, INCIDENT, period, where, page=page, limit=limit)
    return IncidentPage([shown(one, IncidentItem) for one in found], pagination)


async def history(
    store: Store,
    period: Period,
    where: Where,
    windows: list[Maintenance],
    *,
    about: Where,
    page: int,
    limit: int,
) -> History:
    """The results of checks in a period, the last one first, and the uptime of those `about`."""
    found, pagination = await _page(store, HEALTH_CHECK, period, where, page=page, limit=limit)
    kept = await stretches(store, period, about, TEXTS)
    said = await asyncio.to_thread(uptime, kept, windows, period)
    return History(
        [shown(one, ResultItem) for one in found], pagination, said.uptime, said.observed
    )


async def _page(
    store: Store, family: Family, period: Period, where: Where, *, page: int, limit: int
) -> tuple[list[Any], Pagination]:
    selected = equals("tenantId", DEFAULT_TENANT), *period.holds(family.time_field), *where
    found, (row,) = await asyncio.gather(
        store.find(
            Find(
                family,
                selected,
                (Order(family.time_field, descending=True),),
                limit,
                (page - 1) * limit,
            )
        ),
        store.aggregate(Aggregation(family, (Measure("total"),), selected)),
    )
    total: int = row["total"]
    return found, Pagination(page=page, limit=limit, total=total, pages=-(-total // limit))
