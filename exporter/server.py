"""Running the application: sockets, signals, and a greeting that can be pasted."""

import asyncio
import gc
import os
import signal
import sys

import structlog
import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry

from . import clock, heap
from .access.secrets import Prepared, prepare
from .app import init_app
from .ingest import enrich
from .logs import configure
from .settings import Settings
from .storage.base import IncompatibleStore, StoreUnavailable

log = structlog.get_logger(__name__)

GC_THRESHOLDS = 5_000, 20, 20
"""Objects made and not freed before the youngest generation is collected, and so many of those
collections before an older one is: a call makes some hundred, of which few are in a cycle."""

GREETING = """
Meterhouse listens on {url}
  metrics   {url}/metrics
  contract  {url}/docs
"""
TRY_IT = """
Admin token for development (kept in {folder}):
{token}

Try it:
curl -sS {url}/api/ai-tracking/track \\
  -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\
  -d '{{"requestId":"first-'$RANDOM'","model":"gpt-4o","status":"completed",
       "tokens":{{"input":900,"output":120}},"durationMs":840}}'
curl -sS {url}/metrics | grep ^ai_request
"""


def serve(settings: Settings) -> int:
    """Run the service until SIGTERM or SIGINT; the exit code."""
    heap.bound()
    prepared = prepare(settings)
    configure(prepared.settings)
    return uvloop.run(_serve(prepared))


async def _serve(prepared: Prepared) -> int:
    settings = prepared.settings
    stop = _stop_on_signal()
    app = init_app(settings, None, CollectorRegistry(), clock.now)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=settings.shutdown_seconds,
        handle_signals=False,
        keepalive_timeout=75.0,
    )
    try:
        await runner.setup()
        site = web.TCPSite(runner, settings.host, settings.port, reuse_address=True)
        await site.start()
        settle()
        _greet(prepared, _url(runner, settings))
        loading = asyncio.create_task(_load())
        await stop.wait()
        await loading
        log.info("stopping")
    except (OSError, StoreUnavailable, IncompatibleStore) as error:
        log.error("cannot_start", reason=str(error))  # noqa: TRY400  # it is said in words
        return 1
    finally:
        await runner.cleanup()
    log.info("stopped")
    return 0


def settle() -> None:
    """Spare the garbage collector what the start has made: it is there until the end.

    Every full collection would go over all of it, and hold up the loop for some 50 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _load() -> None:
    """Have ready what the first events would wait for, and spare the garbage collector that too."""
    try:
        await asyncio.to_thread(enrich.load)
    except Exception:  # the edge of the task; an event that needs them will try again
        log.exception("libraries_not_loaded")
    gc.freeze()


def _stop_on_signal() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    return stop


def _url(runner: web.AppRunner, settings: Settings) -> str:
    host, port = runner.addresses[0][:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # compared, not bound
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _greet(prepared: Prepared, url: str) -> None:
    log.info("listening", url=url, environment=prepared.settings.app_env)
    if prepared.settings.production:
        return
    text = GREETING.format(url=url)
    if prepared.admin_token is not None:
        text += TRY_IT.format(
            url=url, token=prepared.admin_token, folder=prepared.settings.data_dir
        )
    print(text, file=sys.stdout, flush=True)
