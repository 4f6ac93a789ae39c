"""Wiring, and nothing else: from settings to an aiohttp application."""

import platform
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry

from . import __version__, engine, lifecycle
from .access.auth_service import AuthService, open_session
from .access.authenticator import Authenticator
from .access.cache import MemoryCache, RedisCache
from .access.keys import ServiceKeys
from .access.rate_limit import RateLimits
from .access.tokens import TokenVerifier
from .alerts.actions import Actions
from .alerts.alertmanager import Alertmanager
from .alerts.announcer import announcer
from .alerts.history import AlertHistory
from .clock import Clock
from .health.monitor import Health
from .health.telling import Telling
from .housekeeping import Machine
from .ingest.arrivals import Arrivals
from .ingest.changes import Changes
from .ingest.enrich import price
from .ingest.intake import Intake
from .ingest.replay import SpoolDetour
from .ingest.spooled import Packing
from .ingest.writer import Writer
from .metrics import catalogue
from .metrics.runtime import runtime_collectors
from .metrics.values import Metrics
from .records import FAMILIES
from .rollups.store import RolledStore
from .sessions.base import Sessions
from .sessions.memory import MemorySessions
from .settings import Settings
from .storage.base import Store
from .storage.spool import Spool
from .web.answer_cache import AnswerCache
from .web.edge import edge
from .web.endpoint import endpoint
from .web.fixed_path import resource_at
from .web.route import BATCH_BYTES, RUNTIME, SERVICES, Services
from .web.routes import all_routes
from .web.unmatched import unmatched

if TYPE_CHECKING:
    from .shared_redis import SharedRedis


def init_app(
    settings: Settings, store: Store | None, registry: CollectorRegistry, clock: Clock
) -> web.Application:
    """The whole service, as the command line and the tests run it.

    To be called where a loop runs. Without a `store` it opens the one that the settings name.
    `registry` gets every metric there is.
    """
    app = web.Application(client_max_size=BATCH_BYTES)
    metrics = Metrics(
        label_values_limit=settings.label_values_limit,
        series_limit=settings.series_limit,
        zero_first_seconds=settings.zero_first_seconds,
    )
    build = __version__, settings.revision, platform.python_version()
    metrics.set(catalogue.BUILD_INFO, build, 1.0)
    app[RUNTIME] = runtime_collectors()
    registry.register(metrics)
    registry.register(app[RUNTIME])
    store = RolledStore(store or engine.choose(settings, metrics), clock)
    detour = _detour(settings, store, metrics, clock) if store.remote else None
    redis, sessions = _shared(settings, metrics)
    writer = Writer(
        store,
        metrics,
        max_events=settings.queue_max_events,
        max_bytes=settings.queue_max_bytes,
        listeners=(sessions.listen,),
        detour=detour,
    )
    intake = Intake({family.kind: family.kept_for(settings) for family in FAMILIES}, price)
    machine = Machine(settings.data_dir)
    history = AlertHistory(store, metrics, clock)
    alertmanager = Alertmanager(settings.alertmanager_url)
    people = announcer(settings, metrics, clock)
    tell = None if settings.alertmanager_url else Telling(history, people)
    services = Services(
        settings=settings,
        clock=clock,
        store=store,
        metrics=metrics,
        writer=writer,
        intake=intake,
        arrivals=Arrivals(intake, writer),
        changes=Changes(store, writer, price, detour),
        authenticator=_authenticator(app, settings, redis, clock),
        limits=RateLimits(settings, redis),
        answers=AnswerCache(
            settings.answer_cache_seconds, metrics, redis if store.remote else None
        ),
        machine=machine,
        alerts=history,
        alertmanager=alertmanager,
        alert_actions=Actions(history, alertmanager, clock),
        announcer=people,
        health=Health(settings, store, metrics, clock, redis=redis, tell=tell),
        detour=detour,
        redis=redis,
    )
    app[SERVICES] = services
    _add_routes(app.router, services)
    app.cleanup_ctx.append(partial(lifecycle.run, services, sessions))
    return app


def _add_routes(router: web.UrlDispatcher, services: Services) -> None:
    answered = edge(services)
    resources: dict[str, web.Resource] = {}
    for route in all_routes():
        if route.path not in resources:
            resources[route.path] = resource_at(route.path)
        handler = answered(endpoint(route, services))
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            resources[route.path].add_route(method, handler)
    for resource in resources.values():
        router.register_resource(resource)
    router.add_route("*", "/{path:.*}", answered(unmatched))


def _shared(settings: Settings, metrics: Metrics) -> "tuple[SharedRedis | None, Sessions]":
    """What replicas share: Redis, and the sessions that they follow in it."""
    if not settings.redis_url:
        return None, MemorySessions(metrics)
    # Its client takes a tenth of the start, which a service without it is spared.
    from .sessions.shared import SharedSessions
    from .shared_redis import SharedRedis, connect

    redis = SharedRedis(connect(settings.redis_url))
    return redis, SharedSessions(metrics, redis)


def _detour(settings: Settings, store: Store, metrics: Metrics, clock: Clock) -> SpoolDetour:
    return SpoolDetour(
        Spool(settings.data_dir / "spool.sqlite", settings.spool_max_bytes),
        Packing(FAMILIES),
        store=store,
        price=price,
        metrics=metrics,
        clock=clock,
    )


def _authenticator(
    app: web.Application, settings: Settings, redis: "SharedRedis | None", clock: Clock
) -> Authenticator:
    confirm = None
    if settings.auth_service_url:
        session = open_session()

        async def close(_: web.Application) -> None:
            await session.close()

        app.on_cleanup.append(close)
        cache = MemoryCache() if redis is None else RedisCache(redis)
        confirm = AuthService(settings.auth_service_url, session, cache, clock=clock)
    return Authenticator(TokenVerifier(settings, clock), ServiceKeys(settings), confirm)
