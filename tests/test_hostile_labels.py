"""A flood of label values costs neither Prometheus nor the service anything that grows."""

from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from .services.service import KEY, Process, running

FLOOD = 100_000
BATCH = 1_000
LINES = 3_000
RESIDENT = 50 * 1024 * 1024
NDJSON = {"Content-Type": "application/x-ndjson", "X-API-Key": KEY}


def request(number: int, name: str) -> dict[str, Any]:
    """An ended AI request."""
    return {
        "kind": "ai_request",
        "requestId": f"{name}-{number}",
        "model": f"model-{name}",
        "feature": f"feature-{name}",
        "userPlan": f"plan-{name}",
        "status": "completed",
        "durationMs": 700,
        "tokens": {"input": 3, "output": 2},
        "cost": 0.5,
    }


def call(number: int, name: str) -> dict[str, Any]:
    """An API call of another service."""
    return {
        "kind": "performance",
        "service": f"service-{name}",
        "endpoint": f"/{name}",
        "method": "GET",
        "statusCode": 200,
        "responseTime": 12,
    }


async def post(url: str, events: list[dict[str, Any]]) -> None:
    """Post events in batches; each has to be accepted."""
    async with aiohttp.ClientSession(url, headers=NDJSON) as session:
        for start in range(0, len(events), BATCH):
            lines = b"\n".join(map(msgspec.json.encode, events[start : start + BATCH]))
            async with session.post("/api/events/batch", data=lines) as response:
                answer = await response.json()
                assert answer["accepted"] == len(events[start : start + BATCH]), answer


def state(process: Process) -> tuple[int, float]:
    """The lines of /metrics, and the resident memory in bytes."""
    lines = process.get("/metrics").splitlines()
    return len(lines), process.sample("process_resident_memory_bytes")


async def test_a_hundred_thousand_hostile_label_values_are_bounded(tmp_path: Path) -> None:
    with running(tmp_path / "data") as process:
        # The same number of well-behaved events first: what the store's caches take is theirs.
        for kind in (request, call):
            await post(process.url, [kind(number, "tame") for number in range(FLOOD // 2)])
        lines, resident = state(process)
        await post(process.url, [request(n, f"hostile{n}") for n in range(FLOOD // 2)])
        more, _ = state(process)
        assert more - lines < LINES
        await post(process.url, [call(n, f"hostile{n}x") for n in range(FLOOD // 2)])
        most, grown = state(process)
        assert most - more < LINES
        assert grown - resident < RESIDENT
        text = process.get("/metrics")
        for family in ("ai_request", "performance"):
            stored = f'exporter_events_total{{family="{family}",outcome="stored"}}'
            assert process.sample(stored) == FLOOD
        started = [
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.startswith("ai_requests_started_total{")
        ]
        assert sum(started) == FLOOD
        assert 'exporter_label_overflow_total{metric="ai_requests_total",label="model"}' in text
        assert process.terminate() == 0
