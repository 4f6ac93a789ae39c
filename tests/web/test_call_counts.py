"""Calls are counted once a turn of the loop, all of them."""

import asyncio

from exporter.metrics import catalogue
from exporter.metrics.exposition import render
from exporter.metrics.runtime import runtime_collectors
from exporter.metrics.values import Metrics
from exporter.web.call_counts import CallCounts
from exporter.web.envelope import Envelope

from ..conftest import Service


def call(number: int, status: int = 200) -> Envelope:
    """A call that took so many milliseconds."""
    envelope = Envelope("GET", f"r{number}", None, endpoint="/health")
    envelope.status, envelope.seconds = status, number / 1000
    return envelope


async def test_calls_of_one_turn_and_of_the_next_are_all_counted() -> None:
    metrics = Metrics()
    counts = CallCounts(metrics)
    for turn in (1, 2):
        for number in range(30):
            counts.add(call(number, status=200 + number % 3))
        await asyncio.sleep(0)
        for status in ("200", "201", "202"):
            labels = ("exporter", "/health", "GET", status)
            assert metrics.value(catalogue.HTTP_REQUESTS, labels) == 10 * turn
            assert metrics.value(catalogue.HTTP_REQUEST_DURATION, labels) == 10 * turn


async def test_the_last_call_of_a_bucket_is_its_exemplar() -> None:
    metrics = Metrics()
    counts = CallCounts(metrics)
    for number in (1, 2, 3):
        counts.add(call(number))
    await asyncio.sleep(0)
    chunks = [chunk async for chunk in render(metrics, runtime_collectors(), openmetrics=True)]
    assert b'request_id="r3"' in b"".join(chunks)
    assert b'request_id="r1"' not in b"".join(chunks)


async def test_who_has_an_answer_finds_it_counted(service: Service) -> None:
    labels = ("exporter", "/-/healthy", "GET", "200")
    for number in range(1, 6):
        response = await service.nobody().raw("GET", "/-/healthy")
        assert response.status == 200
        assert service.metrics.value(catalogue.HTTP_REQUESTS, labels) == number
