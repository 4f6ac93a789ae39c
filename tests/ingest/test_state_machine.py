"""The life of AI requests and sales, in whatever order they are called, against a plain model."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from exporter.access.principal import Scope
from exporter.errors import Conflict, NotFound
from exporter.fields import Money
from exporter.ingest.changes import Changes
from exporter.ingest.enrich import price
from exporter.ingest.step import Command, Step
from exporter.ingest.writer import Writer
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics
from exporter.records import AI_REQUEST, FAMILIES, SALE, ai_request, sale
from exporter.storage.base import Outcome
from exporter.storage.sqlite import SqliteStore

from ..conftest import NOW

KEYS = st.sampled_from(["a", "b", "c"])
AI_STATUS = st.sampled_from(["pending", "processing", "completed", "failed", "cancelled"])
SALE_STATUS = st.sampled_from(["pending", "completed", "failed", "cancelled", "refunded"])
SCOPE = Scope("default", None)


class Lives(RuleBasedStateMachine):
    """The real write path beside two dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.metrics = Metrics()
        self.requests: dict[str, str] = {}
        self.sales: dict[str, str] = {}
        self.ratings: dict[str, int] = {}
        self.ended = dict.fromkeys(ai_request.ENDED, 0)
        self.steps: dict[str, int] = {}
        self.revenue = 0
        self.refunds = 0
        self.run(self.begin())

    def run(self, call: Any) -> Any:
        return self.loop.run_until_complete(call)

    async def begin(self) -> None:
        self.store = SqliteStore(
            Path(self.folder.name) / "test.sqlite",
            FAMILIES,
            query_timeout_ms=10_000,
            observe=lambda operation, seconds: None,
        )
        await self.store.open()
        self.writer = Writer(self.store, self.metrics, max_events=100, max_bytes=10**6)
        self.writer.start()
        self.changes = Changes(self.store, self.writer, price)

    def teardown(self) -> None:
        self.run(self.writer.close())
        self.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()

    def track(self, family: Any, document: Any) -> bool:
        family.complete(document, price)
        [outcome] = self.run(self.writer.submit([Step(family, None, document)], 1))
        return bool(outcome is Outcome.STORED)

    def change(self, family: Any, name: str, key: str, body: Any) -> str:
        try:
            command = Command(family, family.change(name), key, body, SCOPE, NOW)
            self.run(self.changes.apply(command, 1))
        except (Conflict, NotFound) as error:
            return error.code
        return "done"

    @rule(key=KEYS, status=AI_STATUS)
    def track_request(self, key: str, status: Any) -> None:
        document = ai_request.AiRequest(
            request_id=key, model="m", status=status, created_at=NOW, tenant_id="default"
        )
        assert self.track(AI_REQUEST, document) == (key not in self.requests)
        if key not in self.requests:
            self.requests[key] = status
            if status in self.ended:
                self.ended[status] += 1

    @rule(key=KEYS, status=AI_STATUS.filter(lambda status: status != "pending"))
    def update_request(self, key: str, status: Any) -> None:
        said = self.change(AI_REQUEST, "update", key, ai_request.Update(status=status))
        was = self.requests.get(key)
        if was is None:
            assert said == "not_found"
        elif was in self.ended and was != status:
            assert said == "conflict"
        else:
            assert said == "done"
            self.requests[key] = status
            if status in self.ended and was != status:
                self.ended[status] += 1

    @rule(key=KEYS, rating=st.integers(1, 5))
    def rate(self, key: str, rating: int) -> None:
        said = self.change(AI_REQUEST, "feedback", key, ai_request.Feedback(rating=rating))
        assert said == ("done" if key in self.requests else "not_found")
        if key in self.requests:
            self.ratings[key] = rating

    def sold(self, key: str, status: str) -> None:
        was = self.sales.get(key)
        if was == status:
            return
        settled = sale.SETTLED
        self.steps[status] = self.steps.get(status, 0) + 1
        if status in settled and was not in settled:
            self.revenue += 10
        if status == "refunded":
            self.refunds += 10
        self.sales[key] = status

    @rule(key=KEYS, status=SALE_STATUS)
    def sell(self, key: str, status: Any) -> None:
        document = sale.Sale(
            transaction_id=key,
            type="purchase",
            amount=Money(10),
            status=status,
            created_at=NOW,
            tenant_id="default",
        )
        assert self.track(SALE, document) == (key not in self.sales)
        if key not in self.sales:
            self.sold(key, status)

    @rule(key=KEYS, status=SALE_STATUS)
    def change_sale(self, key: str, status: Any) -> None:
        said = self.change(SALE, "update", key, sale.Update(status=status))
        was = self.sales.get(key)
        if was is None:
            assert said == "not_found"
        elif was == status or status in sale.STEPS[was]:
            assert said == "done"
            self.sold(key, status)
        else:
            assert said == "conflict"

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        for key, status in self.requests.items():
            kept = self.run(self.store.get(AI_REQUEST, "default", key))
            assert (kept.status, kept.rating) == (status, self.ratings.get(key))
        for key, status in self.sales.items():
            assert self.run(self.store.get(SALE, "default", key)).status == status

    @invariant()
    def the_metrics_count_what_the_model_counts(self) -> None:
        value = self.metrics.value
        for status, count in self.ended.items():
            assert (value(catalogue.AI_REQUESTS, ("m", status, "", "")) or 0) == count
        started = value(catalogue.AI_REQUESTS_STARTED, ("m", "", "")) or 0
        assert started == len(self.requests)
        for status, count in self.steps.items():
            assert value(catalogue.SALES_TRANSACTIONS, ("purchase", status, "", "")) == count
        revenue = value(catalogue.SALES_REVENUE, ("purchase", "", "USD")) or 0
        assert revenue == self.revenue
        assert (value(catalogue.SALES_REFUNDS, ("", "USD")) or 0) == self.refunds


def test_any_sequence_of_calls_agrees_with_the_model() -> None:
    run_state_machine_as_test(  # raises where an assertion of Lives does not hold
        Lives,
        settings=hypothesis_settings(max_examples=40, stateful_step_count=25, deadline=None),
    )
