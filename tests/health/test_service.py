"""The service as its users run it: a dependency fails, the service is killed, both come back."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..services.service import Process, running
from .dependency import Dependency

INCIDENT = "/api/incidents/billing-1"
CHECKS = 5
"""Four that are built in, and billing."""
ENVIRONMENT = {"HEALTH_INTERVAL_SECONDS": "0.4"}


class Installation:
    """A running service, and its admin."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process = process
        self.token = (folder / "development-admin-token").read_text().strip()

    async def get(self, path: str) -> Any:
        """What the admin is answered; the status where it is a refusal."""
        return await asyncio.to_thread(self._get, path)

    def _get(self, path: str) -> Any:
        request = urllib.request.Request(
            self.process.url + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    async def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """The answer, once it is as wanted."""
        async with asyncio.timeout(30):
            while not holds(answer := await self.get(path)):
                await asyncio.sleep(0.1)
        return answer

    async def sample(self, series: str) -> float:
        """The value of a series."""
        return await asyncio.to_thread(self.process.sample, series)

    async def until_sample(self, series: str, value: float) -> None:
        """Return when a series has a value."""
        async with asyncio.timeout(30):
            while await self.sample(series) != value:
                await asyncio.sleep(0.1)


@pytest.fixture
def checks(tmp_path: Path, dependency: Dependency) -> dict[str, str]:
    """The environment of a service that depends on one that the test stops."""
    path = tmp_path / "checks.yaml"
    path.write_text(
        f"checks: [{{kind: http, name: billing, url: '{dependency.url}', critical: true}}]"
    )
    return {"HEALTH_CHECKS_FILE": str(path), **ENVIRONMENT}


async def test_an_outage_is_one_incident_also_where_the_service_dies_in_it(
    tmp_path: Path, dependency: Dependency, checks: dict[str, str]
) -> None:
    folder = tmp_path / "data"
    series = 'health_check_up{check="billing"}'
    with running(folder, **checks) as process:
        service = Installation(process, folder)
        said = await service.until("/api/health", lambda said: len(said["checks"]) == CHECKS)
        assert said["status"] == "healthy"
        assert await service.sample(series) == 1
        await dependency.stop()
        said = await service.until("/api/health", lambda said: said["status"] == "unhealthy")
        (billing,) = [check for check in said["checks"] if check["service"] == "billing"]
        assert billing["message"] == "It cannot be reached: Connection refused."
        assert await service.sample(series) == 0
        incident = await service.until(INCIDENT, lambda said: "incidentId" in said)
        assert [step["action"] for step in incident["timeline"]] == ["opened"]
        process.kill()

    with running(folder, **checks) as process:
        service = Installation(process, folder)
        status = await service.get("/api/health/status")
        assert [one["incidentId"] for one in status["activeIncidents"]] == ["billing-1"]
        await dependency.start()
        over = await service.until(INCIDENT, lambda said: said["phase"] == "resolved")
        assert over["startedAt"] == incident["startedAt"]
        assert [step["action"] for step in over["timeline"]] == ["opened", "resolved"]
        await service.until("/api/health", lambda said: said["status"] == "healthy")
        await service.until_sample('incidents_open{severity="critical"}', 0)
        assert process.terminate() == 0

    with running(folder, **checks) as process:
        service = Installation(process, folder)
        kept = await service.get("/api/health/history?service=billing&limit=100")
        assert {one["status"] for one in kept["results"]} >= {"healthy", "unhealthy"}
        assert 0 < kept["uptime"] < 100
