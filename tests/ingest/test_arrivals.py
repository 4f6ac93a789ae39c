"""Events that come one by one are taken in together, and each is told what became of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from exporter.access.principal import Principal, Role
from exporter.errors import Invalid, Unavailable
from exporter.family import Origin
from exporter.ingest.arrivals import Arrival, Arrivals
from exporter.ingest.enrich import price
from exporter.ingest.intake import Caller, Intake
from exporter.ingest.writer import Writer
from exporter.records import CREDIT
from exporter.storage.base import Outcome
from exporter.validation import BodyDecoder

from ..conftest import NOW
from ..services.gated_store import GatedStore

CREDITS: BodyDecoder[Any] = BodyDecoder(CREDIT.body)
ADA = Caller(Principal(Role.USER, "ada", "default"), Origin(), NOW)


@pytest.fixture
def arrivals(writer: Writer) -> Arrivals:
    return Arrivals(Intake({CREDIT.kind: timedelta(days=90)}, price), writer)


def credit(usage_id: str, credits_used: int = 1) -> Arrival:
    """A use of credits as it came."""
    raw = f'{{"usageId":"{usage_id}","featureName":"f","creditsUsed":{credits_used}}}'
    return Arrival(CREDIT, CREDITS, raw.encode(), lambda: ADA)


async def test_each_event_of_a_turn_is_told_its_own_outcome(
    arrivals: Arrivals, store: GatedStore
) -> None:
    def nobody() -> Caller:
        raise LookupError("no caller")

    good, again, bad, odd = credit("a"), credit("a"), credit("b", -1), credit("c")
    odd.caller = nobody
    outcomes = await asyncio.gather(
        *map(arrivals.take, (good, again, bad, odd, credit("d"))), return_exceptions=True
    )
    assert outcomes[:2] == [[Outcome.STORED], [Outcome.DUPLICATE]]
    assert isinstance(outcomes[2], Invalid)
    assert outcomes[2].details[0].path == "creditsUsed"
    assert isinstance(outcomes[3], LookupError)
    assert outcomes[4] == [Outcome.STORED]
    assert good.document == await store.get(CREDIT, "default", "a")
    assert (bad.document, odd.document) == (None, None)
    assert await store.get(CREDIT, "default", "c") is None


async def test_events_that_find_the_queue_full_say_so_and_the_others_are_stored(
    arrivals: Arrivals,
) -> None:
    taken = [arrivals.take(credit(str(number))) for number in range(15)]
    outcomes = await asyncio.gather(*taken, return_exceptions=True)
    assert outcomes[:10] == [[Outcome.STORED]] * 10
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes[10:])


async def test_a_caller_that_goes_away_does_not_stop_its_event_or_the_next(
    arrivals: Arrivals, store: GatedStore
) -> None:
    gone = [arrivals.take(credit("a")), arrivals.take(credit("b", -1))]
    for one in gone:
        one.cancel()
    assert await arrivals.take(credit("c")) == [Outcome.STORED]
    assert await store.get(CREDIT, "default", "a") is not None
    assert await store.get(CREDIT, "default", "b") is None
