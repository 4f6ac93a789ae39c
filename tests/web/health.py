"""What the tests of health over HTTP share: a service whose checks the test lets fail."""

from typing import Any

from exporter.health.check import Finding, Level
from exporter.health.monitor import Health
from exporter.health.track import Result
from exporter.web.route import SERVICES

from ..conftest import Service
from ..outside import until

SECRET = "mongodb.internal:27017 refused"


def health_of(service: Service) -> Health:
    """The health of a running service."""
    app: Any = service.client.app
    health: Health = app[SERVICES].health
    return health


async def begun(service: Service) -> Health:
    """The health of a service, all of whose checks have run once and will not again."""
    health = health_of(service)
    await until(lambda: len(health.seen()) == len(health.checks))
    return health


def runs(service: Service, name: str, *levels: Level) -> None:
    """Runs of a check, half a minute apart."""
    health = health_of(service)
    check = {check.name: check for check in health.checks}[name]
    for level in levels:
        service.clock.advance(seconds=30)
        message = None if level is Level.HEALTHY else SECRET
        health.heard(check, Result(service.clock(), 0.0125, Finding(level, message)))


def down(service: Service, name: str = "database") -> None:
    """Let a check be down."""
    runs(service, name, Level.UNHEALTHY, Level.UNHEALTHY)


async def refusals(service: Service, method: str, path: str, body: Any = None) -> list[int]:
    """The statuses that everybody gets who does not run the installation."""
    callers = (
        service.user(),
        service.user(tenant="globex"),
        service.admin(tenant="globex"),
        service.service(),
        service.service("bound-key"),
        service.nobody(),
    )
    found = []
    for caller in callers:
        status, answer = await caller(method, path, body)
        assert SECRET not in str(answer)
        found.append(status)
    return found


NOBODYS = [403, 403, 403, 403, 403, 401]
