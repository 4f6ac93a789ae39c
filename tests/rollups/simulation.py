"""Random days in the life of a product: events that arrive late, requests that change, refreshes
in between. A seed says which."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from exporter.fields import Money
from exporter.records.ai_request import AiRequest, Routing, Tokens
from exporter.records.engagement import PageMetadata
from exporter.records.performance import Cpu, SystemState
from exporter.records.sale import STEPS, Refund, Sale, Update, complete, update
from exporter.records.system_sample import SystemSample

from ..recording import ai_request, credit, engagement, performance, sale
from .rolling import Rolling

START = datetime(2026, 2, 27, tzinfo=UTC)  # a month ends in the night after the next day
END = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
DELAYS = [0, 0, 0, 0, 4, 6, 90, 60 * 30]
"""In minutes; what is younger than five needs no mark."""

_numbers = count(1)
Values = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that is recorded, some time after it happened."""

    document: Any
    at: datetime
    delay: timedelta

    @property
    def heard_of(self) -> datetime:
        """When the service hears of it."""
        return self.at + self.delay


@dataclass(frozen=True)
class Change:
    """One of the AI requests that were recorded by then ends, or one of the sales goes on."""

    heard_of: datetime


@dataclass(frozen=True)
class Refresh:
    """The rollups are brought up to what was recorded."""

    heard_of: datetime


Action = Event | Change | Refresh


@dataclass(frozen=True)
class Chance:
    """Draws values, few different ones, so that groups and ties are common."""

    random: Random

    def word(self) -> str:
        """A label."""
        return self.random.choice("abc")

    def eighths(self) -> float:
        """A number; sums of such numbers are exact, in whatever order they are added up."""
        return self.random.randint(0, 400) / 8

    def one(self, *values: Any) -> Any:
        """One of these."""
        return self.random.choice(values)

    def maybe(self, value: Any) -> Any:
        """The value, or now and then None."""
        return self.random.choice((None, value, value))

    def time(self) -> datetime:
        """A minute from START to END, often one at which an hour begins."""
        minutes = self.random.randrange((END - START) // MINUTE)
        if self.random.random() < 1 / 3:
            minutes = minutes // 60 * 60
        return START + minutes * MINUTE

    def period(self) -> tuple[datetime, datetime]:
        """A start, and an end that is not before it."""
        start, end = sorted((self.time(), self.time()))
        return start, end


def system_sample(**values: Any) -> SystemSample:
    """A sample of the machine."""
    names = "memory_usage", "disk_usage", "load1", "load5", "load15", "bytes_in", "bytes_out"
    known = {"sample_id": f"x{next(_numbers)}", "tenant_id": "acme", **dict.fromkeys(names, 1.0)}
    return SystemSample(**{**known, **values})


def _ai_request(chance: Chance) -> Values:
    return {
        "model": chance.word(),
        "status": chance.one("pending", "completed", "failed"),
        "feature": chance.maybe(chance.word()),
        "language": chance.maybe(chance.word()),
        "cost": chance.maybe(chance.eighths()),
        "duration_ms": chance.maybe(chance.eighths()),
        "tokens": chance.maybe(Tokens(chance.one(0, 1, 7), chance.one(0, 2**33))),
        "routing": chance.maybe(
            Routing(was_routed=chance.one(False, True), baseline_cost=chance.maybe(0.5))
        ),
    }


def _engagement(chance: Chance) -> Values:
    return {
        "event": chance.one("view", "click"),
        "session_id": chance.word(),
        "page": chance.maybe(f"/{chance.word()}"),
        "feature": chance.maybe(chance.word()),
        "value": chance.maybe(chance.eighths()),
        "metadata": chance.maybe(
            PageMetadata(
                utm_source=chance.maybe(chance.word()), utm_campaign=chance.maybe(chance.word())
            )
        ),
    }


def _performance(chance: Chance) -> Values:
    return {
        "service": chance.word(),
        "status_code": chance.one(200, 404, 500),
        "response_time": chance.eighths(),
        "system": chance.maybe(SystemState(Cpu(chance.maybe(chance.eighths())))),
    }


def _credit(chance: Chance) -> Values:
    return {
        "feature_name": chance.word(),
        "credits_used": chance.eighths(),
        "cost_usd": chance.maybe(chance.eighths()),
    }


def _sale(chance: Chance) -> Values:
    return {
        "amount": Money(chance.one("0.1", "7.25", "90000000.01")),
        "kind": chance.one("purchase", "subscription", "refund"),
        "status": chance.one("pending", "completed"),
        "plan": chance.maybe(chance.one("free", "pro")),
        "currency": chance.one("EUR", "USD"),
    }


_MADE: dict[Callable[..., Any], tuple[str, Callable[[Chance], Values]]] = {
    ai_request: ("created_at", _ai_request),
    engagement: ("timestamp", _engagement),
    performance: ("timestamp", _performance),
    credit: ("created_at", _credit),
    sale: ("created_at", _sale),
    system_sample: (
        "timestamp",
        lambda chance: {"service": chance.word(), "cpu_usage": chance.eighths()},
    ),
}
"""What makes records of each family, what their time is called, and what else they say."""


def _event(chance: Chance) -> Event:
    make = chance.random.choices(list(_MADE), [4, 4, 3, 2, 4, 1])[0]
    time_name, draw = _MADE[make]
    at = chance.time()
    document = make(
        tenant_id=chance.one("acme", "acme", "globex"),
        user_id=chance.maybe(chance.one("ada", "ben")),
        user_plan=chance.maybe(chance.one("free", "pro")),
        **{time_name: at, **draw(chance)},
    )
    return Event(document, at, chance.one(*DELAYS) * MINUTE)


def days(chance: Chance) -> list[Action]:
    """Some days of events, changes and refreshes, in their order."""
    actions: list[Action] = [_event(chance) for _ in range(chance.random.randint(1, 60))]
    actions += [Change(chance.time()) for _ in range(8)]
    actions += [Refresh(chance.time()) for _ in range(2)]
    return sorted(actions, key=lambda action: action.heard_of)


async def play(rolled: Rolling, chance: Chance) -> list[Any]:
    """Let some days pass; all documents as they are in the end."""
    documents: list[Any] = []
    for action in days(chance):
        rolled.clock.moment = action.heard_of
        match action:
            case Event(document):
                await rolled.record(document)
                documents.append(document)
            case Change():
                await _change(rolled, documents, chance)
            case Refresh():
                await rolled.refresh()
    return documents


async def _change(rolled: Rolling, documents: list[Any], chance: Chance) -> None:
    places = [place for place, one in enumerate(documents) if isinstance(one, AiRequest | Sale)]
    if not places:
        return
    place = chance.one(*places)
    before = documents[place]
    if isinstance(before, AiRequest):
        values = {"status": chance.one("completed", "failed"), "cost": chance.eighths()}
        documents[place] = await rolled.change(before, **values)
    elif steps := sorted(STEPS[before.status]):
        status = chance.one(*steps)
        # The payment provider says when it gave the money back: before now, or not yet.
        refund = Refund(processed_at=chance.maybe(chance.time())) if status == "refunded" else None
        after = update(before, Update(status=status, refund=refund), rolled.clock())
        complete(after, lambda *_: None)
        documents[place] = await rolled.replace(after)
