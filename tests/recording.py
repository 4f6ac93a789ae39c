"""Records of every family with as little said as a test needs, and a store to put them in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from exporter.access.principal import Scope
from exporter.analytics.period import Period
from exporter.fields import Money
from exporter.records import FAMILIES
from exporter.records.ai_request import AiRequest
from exporter.records.credit import Credit
from exporter.records.engagement import Engagement
from exporter.records.performance import Performance
from exporter.records.sale import Sale, Subscription
from exporter.storage.base import Insert, Outcome, Store
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
    return AiRequest(**{"request_id": f"r{next(_numbers)}", **values})


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


class Recorder:
    """Puts documents into a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def __call__(self, *documents: msgspec.Struct) -> None:
        """Write the documents; every one must be stored."""
        inserts = [Insert(_families[type(document)], document) for document in documents]
        assert set(await self.store.write(inserts)) <= {Outcome.STORED}


@asynccontextmanager
async def recorder(folder: Path) -> AsyncIterator[Recorder]:
    """A recorder for an empty store in `folder`."""
    took: list[tuple[str, float]] = []
    store = SqliteStore(
        folder / "meterhouse.sqlite",
        FAMILIES,
        query_timeout_ms=10_000,
        observe=lambda operation, seconds: took.append((operation, seconds)),
    )
    await store.open()
    try:
        yield Recorder(store)
    finally:
        await store.close()
