"""Records of every family with as little said as a test needs, and a store to put them in."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from exporter.access.principal import Scope
from exporter.analytics.period import Period
from exporter.engine import STORED
from exporter.fields import Money
from exporter.records import FAMILIES
from exporter.records.ai_request import AiRequest
from exporter.records.credit import Credit
from exporter.records.engagement import Engagement
from exporter.records.performance import Performance
from exporter.records.sale import Sale, Subscription
from exporter.rollups.progress import SETTLED
from exporter.rollups.refresh import Refresher
from exporter.rollups.sources import ROLLED
from exporter.rollups.store import RolledStore
from exporter.storage.base import Insert, Operation, Outcome
from exporter.storage.sqlite import SqliteStore

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TENANT = Scope("acme", None)
ADA = Scope("acme", "ada")
BOB = Scope("acme", "bob")
ELSEWHERE = Scope("globex", None)
LAST_MONTH = Period(NOW - 30 * DAY, NOW)

_families = {family.document: family for family in FAMILIES}
_numbers = count(1)


def utc(*parts: int) -> datetime:
    """The UTC moment of year, month, day …"""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # the parts are numbers


def _common(values: dict[str, Any]) -> dict[str, Any]:
    return {"tenant_id": "acme", "user_id": "ada", "user_plan": "free", **values}


def ai_request(**values: Any) -> AiRequest:
    """An AI request of Ada's, an hour ago."""
    values = {"model": "gpt", "created_at": NOW - timedelta(hours=1), **_common(values)}
    document = AiRequest(**{"request_id": f"r{next(_numbers)}", **values})
    _families[AiRequest].complete(document, lambda *_: None)
    return document


def engagement(**values: Any) -> Engagement:
    """An engagement event of Ada's, an hour ago."""
    values = {
        "event": "view",
        "session_id": "s1",
        "timestamp": NOW - timedelta(hours=1),
        **_common(values),
    }
    document = Engagement(**{"event_id": f"e{next(_numbers)}", **values})
    _families[Engagement].complete(document, lambda *_: None)
    return document


def performance(**values: Any) -> Performance:
    """A call of Ada's, an hour ago."""
    values = {
        "service": "shop",
        "endpoint": "/cart",
        "method": "GET",
        "status_code": 200,
        "response_time": 10.0,
        "timestamp": NOW - timedelta(hours=1),
        **_common(values),
    }
    return Performance(**{"metric_id": f"m{next(_numbers)}", **values})


def credit(**values: Any) -> Credit:
    """A use of credits of Ada's, an hour ago."""
    values = {
        "feature_name": "search",
        "credits_used": 1.0,
        "created_at": NOW - timedelta(hours=1),
        **_common(values),
    }
    return Credit(**{"usage_id": f"u{next(_numbers)}", **values})


def sale(amount: str = "10", kind: str = "purchase", **values: Any) -> Sale:
    """A completed sale to Ada, an hour ago, with all that follows from it."""
    values = {
        "type": kind,
        "amount": Money(amount),
        "currency": "USD",
        "status": "completed",
        "plan": "pro",
        "created_at": NOW - timedelta(hours=1),
        **_common(values),
    }
    document = Sale(**{"transaction_id": f"t{next(_numbers)}", **values})
    _families[Sale].complete(document, lambda *_: None)
    return document


def subscription(amount: str = "10", **values: Any) -> Sale:
    """A monthly subscription of Ada's; `terms` are its subscription's own fields."""
    terms = values.pop("terms", {})
    values = {"subscription": Subscription(**terms), **values}
    return sale(amount, values.pop("kind", "subscription"), **values)


class RefreshedStore(RolledStore):
    """A store whose rollups are brought up to its records by every write."""

    async def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Write, and roll up all that is before this hour."""
        outcomes = await super().write(operations)
        if any(operation.family.kind in ROLLED for operation in operations):
            await rolled_up(self, NOW)
        return outcomes


async def rolled_up(store: RolledStore, now: datetime) -> None:
    """Bring the rollups of a store up to what was recorded until then."""

    async def go_on() -> bool:
        return True

    await Refresher(store, lambda family: timedelta(days=36_500), go_on).run(now + SETTLED)


class Recorder:
    """Puts documents into a store."""

    def __init__(self, store: RolledStore) -> None:
        self.store = store

    async def __call__(self, *documents: msgspec.Struct) -> None:
        """Write the documents; every one must be stored."""
        inserts = [Insert(_families[type(document)], document) for document in documents]
        assert set(await self.store.write(inserts)) <= {Outcome.STORED}


@asynccontextmanager
async def recorder(folder: Path, *, rolled: bool = False) -> AsyncIterator[Recorder]:
    """A recorder for an empty store in `folder`; what it keeps is rolled up where that is said."""
    took: list[tuple[str, float]] = []
    engine = SqliteStore(
        folder / "meterhouse.sqlite",
        STORED,
        query_timeout_ms=10_000,
        observe=lambda operation, seconds: took.append((operation, seconds)),
    )
    store = (RefreshedStore if rolled else RolledStore)(engine, lambda: NOW)
    await store.open()
    try:
        yield Recorder(store)
    finally:
        await store.close()
