"""A route is a declaration: who may call it, what it takes, what it gives.

The application, the access checks, the parsing of query and body, and the OpenAPI page are all
derived from these.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry

from ..access.authenticator import Authenticator
from ..access.principal import Principal, Scope
from ..access.rate_limit import RateLimits
from ..alerts.actions import Actions
from ..alerts.alertmanager import Alertmanager
from ..alerts.announcer import Announcer
from ..alerts.history import AlertHistory
from ..clock import Clock
from ..health.monitor import Health
from ..housekeeping import Machine
from ..ingest.arrivals import Arrivals
from ..ingest.changes import Changes
from ..ingest.intake import Intake
from ..ingest.replay import SpoolDetour
from ..ingest.writer import Writer
from ..metrics.values import Metrics
from ..rollups.store import RolledStore
from ..settings import Settings
from .answer_cache import AnswerCache
from .envelope import Envelope

if TYPE_CHECKING:
    from ..shared_redis import SharedRedis

Query = TypeVar("Query", bound=msgspec.Struct)

JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENT_BYTES = 1024 * 1024
BATCH_BYTES = 16 * 1024 * 1024


class Access(Enum):
    """Who may call a route."""

    PUBLIC = "anyone"
    METRICS = "anyone, or the bearer of METRICS_TOKEN where that is set"
    CALLER = "a user, an admin or a service key"
    READER = "a user or an admin"
    ADMIN = "an admin"
    OPTIONAL = "anyone, and an admin is told more"
    WEBHOOK = "an admin or a service key, which may come as a bearer token"


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """A call that takes no query parameters."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the handlers work with; app.py puts it together."""

    settings: Settings
    clock: Clock
    store: RolledStore
    metrics: Metrics
    writer: Writer
    intake: Intake
    arrivals: Arrivals
    changes: Changes
    authenticator: Authenticator
    limits: RateLimits
    answers: AnswerCache
    machine: Machine
    health: Health
    alerts: AlertHistory
    alertmanager: Alertmanager
    alert_actions: Actions
    announcer: Announcer
    detour: SpoolDetour | None = None
    """Where events go while the store is away; None for a store that cannot be."""
    redis: "SharedRedis | None" = None
    """What replicas share, where there is one."""


SERVICES = web.AppKey("services", Services)
RUNTIME = web.AppKey("runtime", CollectorRegistry)
"""The collectors of prometheus-client's own: process, platform, garbage collector."""


class Call(msgspec.Struct, Generic[Query]):
    """One call on its way through a handler.

    envelope: what it is known by, in logs and counts.
    principal: who calls; on public routes, where nobody is asked, it is None.
    now: when it came, for all that is decided about it.
    """

    request: web.Request
    envelope: Envelope
    route: "Route"
    services: Services
    principal: Principal | None
    query: Query
    address: str
    now: datetime

    @property
    def caller(self) -> Principal:
        """Who calls, on a route that asks; RuntimeError on one that does not."""
        if self.principal is None:
            raise RuntimeError(f"{self.request.path} is public and has no caller")
        return self.principal

    @property
    def store(self) -> RolledStore:
        """The store to read from."""
        return self.services.store

    def scope(self, user: str | None = None) -> Scope:
        """What the caller may read; raises Forbidden as `Principal.read_scope` does."""
        return self.caller.read_scope(user)


class Reply(msgspec.Struct, frozen=True):
    """An answer with another status than 200."""

    status: int
    body: Any


Handler = Callable[[Call[Any]], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One call of the HTTP contract.

    path: the template, with `{name}` for its parameters.
    handle: gives a Struct (or any value msgspec can encode) for a 200, a Reply for another status,
        or a ready `WholeResponse`.
    query: the schema that the query parameters are read into.
    body: the schema of the body, for the docs; the handler reads it itself (web/bodies.py).
    media: the types of body that the call reads.
    answers: for each status of success, the schema of its body.
    errors: the statuses of failure beside those that every call of its access can have.
    operation: its operationId, where another route has the one that its path gives.
    cached: a heavy question: its answer is kept for ANSWER_CACHE_SECONDS, for all callers with the
        same role and scope. It has to follow from those, the path, the query and the store alone.
    """

    method: str
    path: str
    summary: str
    handle: Handler
    tag: str
    access: Access = Access.CALLER
    query: type[msgspec.Struct] = NoQuery
    body: Any = None
    media: tuple[str, ...] = (JSON,)
    body_limit: int = EVENT_BYTES
    answers: Mapping[int, Any] = field(default_factory=lambda: {200: dict[str, Any]})
    errors: tuple[int, ...] = ()
    operation: str | None = None
    cached: bool = False

    def __post_init__(self) -> None:
        reads = self.method == "GET" and self.access in (Access.READER, Access.ADMIN)
        if self.cached and (not reads or self.answers.keys() != {200}):
            raise ValueError(f"{self.path}: only what readers ask for, and a 200, can be cached")
