"""Health checks: what became of each check, stretch by stretch, as one replica saw it.

One record is a stretch of time in which a check was the same, six hours at most: 90 days of a
check are some 400 records instead of 260,000, and the length of an outage is read off, not
estimated.
"""

from typing import Literal

from msgspec import Struct

from ..access.principal import DEFAULT_TENANT
from ..family import Family, Mirror
from ..fields import Count, Identifier, Label, Milliseconds, Moment

Status = Literal["healthy", "degraded", "unhealthy"]
"""`degraded` still does its work: slowly, with one failed run, or with a certificate that ends."""


class HealthCheck(Struct, kw_only=True, rename="camel"):
    """What is stored of a check.

    service: the check's name. instance: the replica that ran it.
    timestamp, until: from its first run up to the run that ended it, or the last one so far.
    runs: how many; response_time, max_response_time: their mean and longest, in ms.
    message: what the last run with something to say said.
    """

    tenant_id: Identifier = DEFAULT_TENANT
    record_id: Identifier
    service: Label
    instance: Label
    critical: bool
    status: Status
    message: str | None = None
    runs: Count = 0
    response_time: Milliseconds = 0.0
    max_response_time: Milliseconds = 0.0
    timestamp: Moment
    until: Moment
    revision: int = 0


class HealthProbe(Struct, kw_only=True, rename="camel"):
    """What the check of the database writes and reads again: one record a replica."""

    tenant_id: Identifier = DEFAULT_TENANT
    instance: Identifier
    token: Identifier
    written_at: Moment
    revision: int = 0


def unmirrored(before: object, after: object, out: Mirror) -> None:
    """Nothing: Prometheus sees checks live, at each scrape."""


HEALTH_CHECK = Family(
    kind="health_check",
    collection="health_checks",
    body=HealthCheck,
    document=HealthCheck,
    key="recordId",
    time_field="timestamp",
    retention="health_retention_days",
    dimensions=("service", "instance", "critical", "status", "until"),
    measures=("runs", "responseTime", "maxResponseTime"),
    mirror=unmirrored,
)

HEALTH_PROBE = Family(
    kind="health_probe",
    collection="health_probes",
    body=HealthProbe,
    document=HealthProbe,
    key="instance",
    time_field="writtenAt",
    retention="health_retention_days",
    dimensions=(),
    measures=(),
    mirror=unmirrored,
)
