"""Maintenance windows: times in which a check may be down without that being an incident."""

from datetime import datetime

import msgspec
from msgspec import Struct

from ..access.principal import DEFAULT_TENANT
from ..family import Family, Mirror
from ..fields import FreeMap, Identifier, Moment


class Maintenance(Struct, kw_only=True, rename="camel"):
    """What is stored of a window: starts_at <= t < ends_at.

    services: the checks that it is about; none means all of them.
    ends_at: brought forward where the window is cancelled while it lasts.
    trail: who did what with it, oldest first, as the entries of an incident.
    """

    tenant_id: Identifier = DEFAULT_TENANT
    window_id: Identifier
    title: str
    services: list[str] = msgspec.field(default_factory=list)
    starts_at: Moment
    ends_at: Moment
    cancelled_at: Moment | None = None
    created_at: Moment
    trail: list[FreeMap] = msgspec.field(default_factory=list)
    updated_at: datetime | None = None
    revision: int = 0


def mirror(before: Maintenance | None, after: Maintenance, out: Mirror) -> None:
    """Nothing: what a window covers is shown check by check, while it lasts."""


MAINTENANCE = Family(
    kind="maintenance",
    collection="maintenance_windows",
    body=Maintenance,
    document=Maintenance,
    key="windowId",
    time_field="endsAt",
    retention="incidents_retention_days",
    dimensions=("startsAt", "cancelledAt"),
    measures=(),
    mirror=mirror,
)
