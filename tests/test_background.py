"""Tasks that run beside the service, as the metrics show them."""

import asyncio

from exporter.background import Background
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics

from .recording import NOW


async def test_a_task_shows_its_interval_and_its_last_success() -> None:
    metrics = Metrics()
    background = Background(metrics, lambda: NOW)
    ran = asyncio.Event()

    async def job() -> None:
        ran.set()

    background.every(30.0, "gauges", job)
    async with asyncio.timeout(5):
        await ran.wait()
    await background.close()

    assert metrics.value(catalogue.BACKGROUND_TASK_INTERVAL, ("gauges",)) == 30.0
    assert metrics.value(catalogue.BACKGROUND_TASK_LAST_SUCCESS, ("gauges",)) == NOW.timestamp()
