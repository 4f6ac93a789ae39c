"""What a stored batch costs the metrics: summing it by label set, and applying the sum.

python -m benchmarks.probes.applying ROUNDS
"""

import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any

import msgspec

from exporter.family import Family
from exporter.metrics.tally import Tally
from exporter.metrics.values import Metrics
from exporter.records import AI_REQUEST, ENGAGEMENT, PERFORMANCE

from ..load import BATCH

MODELS = ("gpt-4o-mini", "gpt-4o", "claude-3-5-sonnet-latest", "gemini-1.5-flash")
FEATURES = ("chat", "summarize", "code", "translate", "extract")
EVENTS = ("page_view", "feature_used", "search", "login", "logout", "click")
PLANS = ("free", "pro", "team")
TIMES_A_ROUND = 200
MOMENT = datetime(2026, 1, 31, tzinfo=UTC)

Document = tuple[Family, Any]


class Applying(msgspec.Struct):
    """Medians in µs for one event."""

    summing: float
    applying: float


def documents(number: int) -> list[Document]:
    """Documents as lua/events.lua would have them stored: three families in turn."""
    choose = random.Random(1)  # noqa: S311  # repeatable on purpose
    found: list[Document] = []
    for at in range(0, number, 3):
        found += [_request(choose, at), _engagement(choose, at), _performance(choose, at)]
    return found[:number]


def _request(choose: random.Random, at: int) -> Document:
    body = {
        "requestId": f"request-{at}",
        "model": choose.choice(MODELS),
        "feature": choose.choice(FEATURES),
        "userPlan": choose.choice(PLANS),
        "status": "completed",
        "tokens": {"input": choose.randint(50, 4000), "output": choose.randint(20, 1500)},
        "cost": choose.random(),
        "durationMs": choose.randint(200, 9000),
        "createdAt": MOMENT,
    }
    return AI_REQUEST, msgspec.convert(body, AI_REQUEST.document)


def _engagement(choose: random.Random, at: int) -> Document:
    body = {
        "eventId": f"event-{at}",
        "event": choose.choice(EVENTS),
        "sessionId": f"session-{at}",
        "feature": choose.choice(FEATURES),
        "userPlan": choose.choice(PLANS),
        "timestamp": MOMENT,
    }
    return ENGAGEMENT, msgspec.convert(body, ENGAGEMENT.document)


def _performance(choose: random.Random, at: int) -> Document:
    body = {
        "metricId": f"call-{at}",
        "service": "gateway",
        "endpoint": f"/v1/{choose.choice(FEATURES)}",
        "method": "POST",
        "statusCode": 200,
        "responseTime": choose.randint(5, 900),
        "timestamp": MOMENT,
    }
    return PERFORMANCE, msgspec.convert(body, PERFORMANCE.document)


def summed(batch: Sequence[Document]) -> Tally:
    """A batch by label set."""
    tally = Tally()
    for family, document in batch:
        family.mirror(None, document, tally)
    return tally


def main(rounds: int) -> Applying:
    """Sum and apply the same batch again and again."""
    batch, metrics = documents(BATCH), Metrics()
    summing: list[float] = []
    applying: list[float] = []
    for _ in range(rounds):
        began = perf_counter()
        for _ in range(TIMES_A_ROUND):
            tally = summed(batch)
        between = perf_counter()
        for _ in range(TIMES_A_ROUND):
            metrics.apply(tally)
        ended = perf_counter()
        events = TIMES_A_ROUND * len(batch) / 1e6
        summing.append((between - began) / events)
        applying.append((ended - between) / events)
    return Applying(median(summing), median(applying))


if __name__ == "__main__":
    print(msgspec.json.encode(main(int(sys.argv[1]))).decode())
