"""API performance: the calls that other services answered, and the state they were in."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ..errors import Problem
from ..family import Exemplar, Family, Mirror, Origin, Price, Rollup, Tracked
from ..fields import Count, Identifier, Label, Milliseconds, Moment, Percentage, Quantity, ShortText
from ..metrics import catalogue
from ..metrics.catalogue import OWN_SERVICE
from ..metrics.endpoints import template

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"]
LOAD_WINDOWS = ("1m", "5m", "15m")


class Cpu(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Usage in % of all cores; load averages over 1, 5 and 15 minutes, or the first alone."""

    usage: Percentage | None = None
    load: Quantity | Annotated[list[Quantity], Meta(max_length=3)] | None = None


class Space(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Memory or disk: bytes used, bytes in all, and their share in %."""

    used: Quantity | None = None
    total: Quantity | None = None
    percentage: Percentage | None = None


class Network(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Bytes since the last report, and open connections."""

    bytes_in: Count | None = None
    bytes_out: Count | None = None
    connections: Count | None = None


class SystemState(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """The machine that the service runs on."""

    cpu: Cpu | None = None
    memory: Space | None = None
    disk: Space | None = None
    network: Network | None = None


class ConnectionPool(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Connections by state."""

    active: Count | None = None
    idle: Count | None = None
    total: Count | None = None


class DatabaseState(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Time in the database for this call (ms), queries it took, and the pool."""

    query_time: Milliseconds | None = None
    query_count: Count | None = None
    connection_pool: ConnectionPool | None = None


class CacheState(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """Look-ups in a cache; `hitRate` in %."""

    hits: Count | None = None
    misses: Count | None = None
    hit_rate: Percentage | None = None
    type: Label | None = None


class Track(Tracked, kw_only=True):
    """The body of `POST /api/performance/track`."""

    service: Label
    endpoint: Label
    method: Method
    status_code: Annotated[int, Meta(ge=100, le=599)]
    response_time: Milliseconds
    request_size: Count | None = None
    response_size: Count | None = None
    error: ShortText | None = None
    request_id: Identifier | None = None
    system: SystemState | None = None
    database: DatabaseState | None = None
    cache: CacheState | None = None
    timestamp: Moment | None = None


class Performance(Track, kw_only=True):
    """What is stored of a call; `endpoint` is its template, so that no id is kept in it."""

    metric_id: Identifier | None = None
    origin: Origin = Origin()


def check(body: Track) -> Sequence[Problem]:
    """The name under which this service counts its own calls is not for others."""
    if body.service == OWN_SERVICE:
        return [Problem("service", f"`{OWN_SERVICE}` is the name of this service's own calls")]
    return ()


def complete(document: Performance, price: Price) -> None:
    """Put the endpoint's template in its place: the store and Prometheus group by the same."""
    document.endpoint = template(document.endpoint)


def mirror(before: Performance | None, after: Performance, out: Mirror) -> None:
    """Each call counts once; what it says of its machine is the last that is known of it."""
    service = after.service
    labels = (service, after.endpoint, after.method, str(after.status_code))
    out.inc(catalogue.HTTP_REQUESTS, labels)
    out.observe(
        catalogue.HTTP_REQUEST_DURATION, labels, after.response_time / 1000, _exemplar(after)
    )
    if after.system is not None:
        _mirror_system(service, after.system, out)
    if after.database is not None:
        _mirror_database(service, after.database, out)
    if after.cache is not None and after.cache.hit_rate is not None:
        out.set(catalogue.CACHE_HIT_RATE, (service, after.cache.type or ""), after.cache.hit_rate)


def _mirror_system(service: str, system: SystemState, out: Mirror) -> None:
    if system.cpu is not None:
        if system.cpu.usage is not None:
            out.set(catalogue.SYSTEM_CPU_USAGE, (service,), system.cpu.usage)
        if system.cpu.load is not None:
            loads = system.cpu.load if isinstance(system.cpu.load, list) else [system.cpu.load]
            for window, load in zip(LOAD_WINDOWS, loads, strict=False):
                out.set(catalogue.SYSTEM_LOAD_AVERAGE, (service, window), load)
    for metric, space in (
        (catalogue.SYSTEM_MEMORY_USAGE, system.memory),
        (catalogue.SYSTEM_DISK_USAGE, system.disk),
    ):
        if space is not None and space.percentage is not None:
            out.set(metric, (service,), space.percentage)
    if system.network is not None:
        for direction, moved in (
            ("in", system.network.bytes_in),
            ("out", system.network.bytes_out),
        ):
            if moved is not None:
                out.inc(catalogue.SYSTEM_NETWORK_BYTES, (service, direction), moved)


def _mirror_database(service: str, database: DatabaseState, out: Mirror) -> None:
    if database.query_time is not None:
        out.observe(
            catalogue.DATABASE_QUERY_DURATION, (service, "query"), database.query_time / 1000
        )
    pool = database.connection_pool
    if pool is not None:
        for state, size in (("active", pool.active), ("idle", pool.idle), ("total", pool.total)):
            if size is not None:
                out.set(catalogue.DATABASE_CONNECTION_POOL, (service, state), size)


def _exemplar(call: Performance) -> Exemplar | None:
    if call.origin.trace_id is not None:
        return "trace_id", call.origin.trace_id
    return ("request_id", call.request_id) if call.request_id is not None else None


_MACHINE = ("system.cpu.usage", "system.memory.percentage", "system.disk.percentage")
_NUMBERS = ("responseTime", "requestSize", "responseSize", *_MACHINE)
_TIMES = ("responseTime",)

PERFORMANCE = Family(
    kind="performance",
    collection="performance_metrics",
    body=Track,
    document=Performance,
    key="metricId",
    time_field="timestamp",
    retention="performance_retention_days",
    found_with=("userId",),
    dimensions=("service", "endpoint", "method", "statusCode", "userPlan"),
    measures=(
        "responseTime",
        "requestSize",
        "responseSize",
        "system.cpu.usage",
        "system.memory.percentage",
        "system.disk.percentage",
        "system.network.bytesIn",
        "system.network.bytesOut",
        "database.queryTime",
        "database.queryCount",
        "cache.hits",
        "cache.misses",
        "cache.hitRate",
    ),
    rollups=(
        Rollup(name="status", by=("statusCode",), sums=_NUMBERS, extremes=_TIMES),
        # Of all services: most ask for that, and putting distributions together takes longest.
        Rollup(name="times", spreads=_TIMES),
        Rollup(name="services", by=("service",), sums=_MACHINE, extremes=_MACHINE, spreads=_TIMES),
        Rollup(
            name="endpoints",
            by=("service", "endpoint", "method", "statusCode"),
            sums=_NUMBERS,
            extremes=_TIMES,
        ),
        Rollup(
            name="user",
            by=("userId", "statusCode"),
            sums=_NUMBERS,
            extremes=(*_TIMES, *_MACHINE),
            spreads=_TIMES,
        ),
        Rollup(
            name="users",
            by=("userId", "service", "endpoint", "method", "statusCode"),
            sums=_NUMBERS,
            extremes=(*_TIMES, *_MACHINE),
            spreads=_TIMES,
        ),
    ),
    answer=("metricId",),
    check=check,
    complete=complete,
    mirror=mirror,
)
