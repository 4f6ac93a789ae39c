"""From the start to the end of the service: what is opened and begun, and ended in turn."""

from collections.abc import AsyncIterator

from aiohttp import web

from .background import Background
from .schedule import jobs
from .sessions.base import Sessions
from .web.route import Services


async def run(services: Services, sessions: Sessions, _: web.Application) -> AsyncIterator[None]:
    """Begin what runs beside the calls, and end it in the opposite order."""
    store, detour, writer = services.store, services.detour, services.writer
    await store.open()
    await sessions.load(store, services.clock())
    if detour is not None:
        await detour.start(writer.mirror)
    writer.start()
    await services.announcer.start()
    await services.health.start()
    background = Background(services.metrics, services.clock)
    for job in jobs(services, sessions):
        background.every(*job)
    yield
    await background.close()
    await services.health.close()
    await services.announcer.close()
    services.machine.close()
    await services.alertmanager.close()
    await writer.close()
    if detour is not None:
        await detour.close()
    await sessions.close()
    await store.close()
    if services.redis is not None:
        await services.redis.close()
