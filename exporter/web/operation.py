"""The service itself: its metrics, its health, its contract."""

from datetime import datetime
from time import perf_counter
from typing import Literal

import msgspec

from .. import __version__
from ..errors import Unavailable
from ..metrics import catalogue
from ..metrics.exposition import content_type, gzip_chunks, negotiate, render
from ..outage import RedisAway
from ..storage.base import StoreUnavailable
from .route import RUNTIME, Access, Call, NoQuery, Reply, Route
from .whole_response import WholeResponse


class Dependency(msgspec.Struct, rename="camel", omit_defaults=True):
    """Something the service needs, and whether it can be used just now."""

    name: str
    status: Literal["healthy", "unhealthy"]
    message: str | None = None


class Health(msgspec.Struct, rename="camel"):
    """The state of the service.

    `healthy`; `degraded` while it can record, but something is away that it can do without for a
    while; or `unhealthy` while it cannot record.
    """

    status: Literal["healthy", "degraded", "unhealthy"]
    service: str
    version: str
    environment: str
    timestamp: datetime
    dependencies: list[Dependency]


class Alive(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"] = "ok"


async def scrape(call: Call[NoQuery]) -> WholeResponse:
    """The exposition, in the format and encoding that the scraper asks for."""
    began = perf_counter()
    headers = call.request.headers
    wanted = negotiate(headers.get("Accept"), headers.get("Accept-Encoding"))
    chunks = render(
        call.services.metrics, call.request.app[RUNTIME], openmetrics=wanted.openmetrics
    )
    if wanted.gzip:
        chunks = gzip_chunks(chunks)
    body = b"".join([chunk async for chunk in chunks])
    call.services.metrics.observe(catalogue.SCRAPE_DURATION, (), perf_counter() - began)
    response = WholeResponse(200, body, content_type(openmetrics=wanted.openmetrics))
    response.headers["Vary"] = "Accept, Accept-Encoding"
    if wanted.gzip:
        response.headers["Content-Encoding"] = "gzip"
    return response


async def _store(call: Call[NoQuery]) -> Dependency:
    try:
        await call.store.ping()
    except StoreUnavailable as error:
        return Dependency(call.store.name, "unhealthy", str(error))
    return Dependency(call.store.name, "healthy")


async def _beside_the_store(call: Call[NoQuery]) -> list[Dependency]:
    """The spool and Redis, where they are in use."""
    found = []
    detour, redis = call.services.detour, call.services.redis
    if detour is not None:
        full = None if detour.has_room else "The spool is full."
        found.append(Dependency("spool", "unhealthy" if full else "healthy", full))
    if redis is not None:
        try:
            await redis.ask(lambda client: client.ping())
        except RedisAway:
            message = "Redis does not answer; this replica goes on with its memory."
            found.append(Dependency("redis", "unhealthy", message))
        else:
            found.append(Dependency("redis", "healthy"))
    return found


def _can_record(call: Call[NoQuery], store: Dependency) -> bool:
    """The spool stands in for the store, and the store does without the spool."""
    detour = call.services.detour
    return store.status == "healthy" or (detour is not None and detour.has_room)


async def health(call: Call[NoQuery]) -> Reply:
    """200 while events can be recorded, 503 while not; says what is wrong."""
    store = await _store(call)
    dependencies = [store, *await _beside_the_store(call)]
    status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
    if not _can_record(call, store):
        status = "unhealthy"
    elif any(dependency.status == "unhealthy" for dependency in dependencies):
        status = "degraded"
    return Reply(
        503 if status == "unhealthy" else 200,
        Health(
            status=status,
            service="meterhouse",
            version=__version__,
            environment=call.services.settings.app_env,
            timestamp=call.now,
            dependencies=dependencies,
        ),
    )


async def alive(call: Call[NoQuery]) -> Alive:
    """The process lives; says nothing of what it depends on."""
    return Alive()


async def ready(call: Call[NoQuery]) -> Alive:
    """Whether the service can record durably, for whoever sends it traffic."""
    detour = call.services.detour
    if detour is not None and detour.has_room:
        return Alive()
    if not _can_record(call, await _store(call)):
        raise Unavailable("The service cannot record events just now.")
    return Alive()


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/metrics",
        summary="What Prometheus scrapes.",
        tag="Operation",
        handle=scrape,
        access=Access.METRICS,
        answers={200: str},
    ),
    Route(
        method="GET",
        path="/health",
        summary="The state of the service and of what it depends on.",
        tag="Operation",
        handle=health,
        access=Access.PUBLIC,
        answers={200: Health, 503: Health},
    ),
    Route(
        method="GET",
        path="/-/healthy",
        summary="Whether the process lives.",
        tag="Operation",
        handle=alive,
        access=Access.PUBLIC,
        answers={200: Alive},
    ),
    Route(
        method="GET",
        path="/-/ready",
        summary="Whether events can be recorded durably.",
        tag="Operation",
        handle=ready,
        access=Access.PUBLIC,
        answers={200: Alive},
        errors=(503,),
    ),
)
