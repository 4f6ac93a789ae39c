"""The `demo` command: fills in the past, keeps the present going, and says what came of it."""

import asyncio
import secrets
import signal
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import aiohttp
from tqdm import tqdm

from .. import clock
from ..records import TRACKED
from ..settings import Settings
from . import traffic
from .client import Client, DemoError
from .history import DAY, HOUR, History
from .people import Population
from .service import running

EVENTS_A_DAY = 2_000
_ANSWER_SECONDS = 30.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # called, not bound
"""Where a service that listens on every interface can be called."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for; `rate` in calls a second, `duration` in seconds.

    Without `backfill` (days) the demo is live; with it, only when `live` says so.
    """

    url: str | None = None
    rate: float = 20.0
    duration: float | None = None
    backfill: int | None = None
    events: int | None = None
    seed: int = 1
    users: int = 500
    live: bool = False
    serve: bool = False


def run(settings: Settings, options: Options) -> int:
    """Post until done, Ctrl-C or SIGTERM; 1 if anything was rejected or it could not go on."""
    return asyncio.run(_until_signal(settings, options))


async def _until_signal(settings: Settings, options: Options) -> int:
    work = asyncio.create_task(post(settings, options))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    return await work


async def post(settings: Settings, options: Options) -> int:
    """What `run` does, until done or cancelled."""
    try:
        return await _post(settings, options)
    except* DemoError as failed:
        print(failed.exceptions[0], file=sys.stderr)
    return 1


async def _post(settings: Settings, options: Options) -> int:
    url, key, added = _where(settings, options)
    service = running(settings, url, added) if options.serve else nullcontext()
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = Client(session, url, key)
        try:
            async with service:
                await _traffic(client, settings, options)
        except asyncio.CancelledError:
            print("\nStopped.", file=sys.stderr)
        finally:
            _report(client)
    return 1 if client.outcomes.rejected else 0


async def _traffic(client: Client, settings: Settings, options: Options) -> None:
    population = Population(options.seed, options.users)
    if options.backfill is not None:
        events = options.events or options.backfill * EVENTS_A_DAY
        days = history(settings, population, options.backfill, events, _now()).days()
        with tqdm(total=events, unit="event", desc="past", disable=None) as progress:
            await traffic.backfill(client, days, progress.update)
    if options.live or options.backfill is None:
        total = round(options.rate * options.duration) if options.duration else None
        with tqdm(total=total, unit="call", desc="live", disable=None) as progress:
            await traffic.live(
                client,
                population,
                _now,
                rate=options.rate,
                duration=options.duration,
                advance=progress.update,
            )


def history(
    settings: Settings, population: Population, days: int, events: int, now: int
) -> History:
    """The past up to the last full hour before `now` (ms): the same for an hour, then moved on.

    It holds nothing that its family's retention would make the service refuse, nor will while it
    is being posted: the oldest hour or two are left out.
    """
    end = now // HOUR * HOUR
    oldest = {
        family.kind: end - family.kept_for(settings).days * DAY + 2 * HOUR for family in TRACKED
    }
    return History(population, end - days * DAY, end, events, oldest)


def _now() -> int:
    return clock.epoch_ms(clock.now())


def _where(settings: Settings, options: Options) -> tuple[str, str, Mapping[str, str]]:
    """The service's address, a key for it, and what to add to its environment for that."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    host = f"[{host}]" if ":" in host else host
    if options.url is None and not settings.port:
        raise DemoError("PORT=0 is any free port: the demo needs to know which.")
    url = (options.url or f"http://{host}:{settings.port}").rstrip("/")
    keys = [settings.api_key, *(one.key for one in settings.api_keys)]
    for key in keys:
        if key is not None:
            return url, key, {}
    if not options.serve:
        raise DemoError(
            "The demo posts for many users and into the past, which takes a service key:"
            " set API_KEY to one that the service knows."
        )
    key = secrets.token_urlsafe(24)
    return url, key, {"API_KEY": key}


def _report(client: Client) -> None:
    outcomes = client.outcomes
    for problem in outcomes.problems:
        print(problem, file=sys.stderr)
    print(
        f"{outcomes.accepted:,} accepted, {outcomes.updates:,} updates,"
        f" {outcomes.duplicates:,} duplicates, {outcomes.rejected:,} rejected"
        + (f"; asked again {outcomes.retries:,} times" if outcomes.retries else "")
    )
