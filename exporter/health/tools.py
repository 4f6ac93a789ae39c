"""What checks work with; each run gets the same."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

from ..clock import Clock
from ..settings import Settings
from ..storage.base import Store
from .check import Unhealthy
from .lag import LagMeter

if TYPE_CHECKING:
    from ..shared_redis import SharedRedis

Answer = TypeVar("Answer")


class OneThread:
    """A thread for calls that may block for ever: one at a time, however many are asked for."""

    def __init__(self) -> None:
        self._last: Future[Any] | None = None

    async def run(self, call: Callable[..., Answer], *arguments: object) -> Answer:
        """What `call` gives; Unhealthy while an earlier one, given up by its caller, still runs.

        The thread ends with the process, whatever it waits for.
        """
        if self._last is not None and not self._last.done():
            raise Unhealthy("An earlier call still has no answer.")
        future: Future[Answer] = Future()

        def work() -> None:
            try:
                future.set_result(call(*arguments))
            except BaseException as error:  # noqa: BLE001  # it is raised where it was asked for
                future.set_exception(error)

        self._last = future
        Thread(target=work, name="health", daemon=True).start()
        # Shielded: a future that is cancelled would count as done while its thread goes on.
        return await asyncio.shield(asyncio.wrap_future(future))


@dataclass
class Tools:
    """The service's parts that checks look at, and what they look with.

    instance: the name of this replica. session: keeps no connection and no cookie.
    """

    settings: Settings
    store: Store
    clock: Clock
    instance: str
    session: aiohttp.ClientSession
    redis: "SharedRedis | None" = None
    lag: LagMeter = field(default_factory=LagMeter)
    disk: OneThread = field(default_factory=OneThread)
    _contexts: dict[str | None, ssl.SSLContext] = field(default_factory=dict)

    def context(self, ca_file: str | None = None) -> ssl.SSLContext:
        """What certificates are verified with: those of `ca_file`, or those the system trusts.

        Unhealthy where the file cannot be used.
        """
        if ca_file not in self._contexts:
            try:
                self._contexts[ca_file] = ssl.create_default_context(cafile=ca_file)
            except (OSError, ssl.SSLError) as error:
                raise Unhealthy(f"{ca_file} holds no certificates that can be used.") from error
        return self._contexts[ca_file]


def open_session() -> aiohttp.ClientSession:
    """A session for Tools; the caller closes it.

    Each request has a connection of its own: one that was kept would hide that no new one is
    accepted, and show a certificate that has been replaced.
    """
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(force_close=True, ttl_dns_cache=0, use_dns_cache=False),
    )


def instance_name(settings: Settings) -> str:
    """What this replica is called: the same after a restart, and another on each machine."""
    return f"{socket.gethostname()}:{settings.port}"[:128]
