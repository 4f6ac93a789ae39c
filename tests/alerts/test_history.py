"""Records in the store, on each engine: one for each start, whatever order and however often."""

import asyncio
import random
from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from exporter.alerts.history import AlertHistory
from exporter.alerts.report import Report, alert_id, fingerprint_of
from exporter.alerts.story import commented
from exporter.errors import NotFound, Unavailable
from exporter.metrics import alerts as alert_metrics
from exporter.metrics.values import Metrics
from exporter.records.alert import ALERT, Alert
from exporter.storage.base import Outcome, Store, StoreUnavailable
from exporter.storage.query import Find, Order

from ..conftest import MovingClock
from ..recording import recorder
from ..services.gated_store import GatedStore
from .reports import FINGERPRINT, minutes, report


async def everything(store: Store) -> list[Alert]:
    """All records, by their start."""
    return await store.find(Find(ALERT, (), (Order("startsAt"),), 1_000))


async def test_ten_notifications_at_once_and_in_any_order_are_one_record(
    history: AlertHistory, store: Store
) -> None:
    told = [report()] * 7 + [report(ended=10)] * 3
    random.Random(7).shuffle(told)
    await asyncio.gather(*(history.open_or_update(one) for one in told))
    [record] = await everything(store)
    assert (record.notifications, record.state) == (10, "resolved")
    assert (record.starts_at, record.resolved_at) == (minutes(0), minutes(10))
    assert [one["action"] for one in record.trail].count("resolved") <= 1


async def test_replicas_that_are_told_at_once_keep_one_record(
    store: Store, metrics: Metrics, clock: MovingClock
) -> None:
    replicas = [AlertHistory(store, metrics, clock) for _ in range(5)]
    await asyncio.gather(*(one.open_or_update(report()) for one in replicas))
    [record] = await everything(store)
    assert record.notifications == 5
    name = ("PaymentsFailing", "critical", "sales", "alertmanager")
    assert metrics.value(alert_metrics.ALERTS, name) == 1


async def test_a_firing_one_never_reopens_what_is_over(history: AlertHistory) -> None:
    for order in permutations([report(), report(), report(ended=10)]):
        for one in order:
            record = await history.open_or_update(one)
        assert record.state == "resolved"
        assert record.resolved_at == minutes(10)


async def test_many_are_written_together_and_come_back_in_order(
    history: AlertHistory, store: Store
) -> None:
    told = [report(fingerprint=f"f{number}", began=number) for number in range(600)]
    records = await history.notify(told)
    assert [one.fingerprint for one in records] == [f"f{number}" for number in range(600)]
    assert len(await everything(store)) == 600


async def test_one_alert_twice_in_a_notification_is_taken_in_order(history: AlertHistory) -> None:
    first, last = await history.notify([report(), report(ended=3)])
    assert first == last
    assert (last.state, last.notifications) == ("resolved", 2)


async def test_another_start_is_another_record_and_ends_the_one_before(
    history: AlertHistory, store: Store
) -> None:
    await history.notify([report(0), report(60)])
    before, after = await everything(store)
    assert (before.state, before.resolved_at, before.ends_at) == ("resolved", minutes(60), None)
    assert before.time_to_resolve is None
    assert before.trail[-1]["note"] == "It began anew; its end was not told."
    assert after.state == "open"


async def test_an_older_start_that_comes_late_is_over_already(
    history: AlertHistory, store: Store
) -> None:
    await history.open_or_update(report(60))
    late = await history.open_or_update(report(0))
    assert (late.state, late.time_to_resolve) == ("resolved", None)
    assert [one.state for one in await everything(store)] == ["resolved", "open"]
    ended = await history.open_or_update(report(0, ended=30))
    assert (ended.resolved_at, ended.time_to_resolve) == (minutes(30), 1800)
    assert [one.state for one in await everything(store)] == ["resolved", "open"]


async def test_an_end_is_that_of_every_start_before_it(history: AlertHistory, store: Store) -> None:
    await history.open_or_update(report(5))
    await history.open_or_update(report(0, ended=10))  # merged with an earlier start meanwhile
    assert [(one.state, one.resolved_at) for one in await everything(store)] == [
        ("resolved", minutes(10)),
        ("resolved", minutes(10)),
    ]


async def test_tenants_and_sources_do_not_meet(history: AlertHistory, store: Store) -> None:
    await history.notify([report(0), report(60, tenant="acme"), report(70, source="store")])
    records = await everything(store)
    assert [(one.tenant_id, one.source, one.state) for one in records] == [
        ("default", "alertmanager", "open"),
        ("acme", "alertmanager", "open"),
        ("default", "store", "open"),
    ]
    ended = report(80, ended=90, source="store", tenant="acme")
    await history.open_or_update(ended)
    assert [one.state for one in await everything(store)] == ["open"] * 3 + ["resolved"]


async def test_a_source_finds_what_it_left_open(history: AlertHistory) -> None:
    labels = {"alertname": "ErrorRate", "severity": "warning"}
    own = report(5, source="store", labels=labels, fingerprint=fingerprint_of(labels))
    opened, *_ = await history.notify([own, report(0), report(0, fingerprint="x", source="store")])
    found = await history.unresolved("store")
    assert [one.starts_at for one in found] == [minutes(0), minutes(5)]
    assert await history.find("default", own.fingerprint, own.starts_at) == opened
    assert await history.find("default", own.fingerprint, minutes(6)) is None
    assert await history.find("acme", own.fingerprint, own.starts_at) is None
    done = await history.resolve("default", own.alert_id, who="store", at=minutes(8))
    assert (done.state, done.resolved_at) == ("resolved", minutes(8))
    assert [one.fingerprint for one in await history.unresolved("store")] == ["x"]


async def test_a_record_of_another_tenant_is_none(history: AlertHistory) -> None:
    record = await history.open_or_update(report(tenant="acme"))
    assert await history.get("acme", str(record.alert_id)) == record
    for tenant, key in (("default", record.alert_id), ("acme", "unknown")):
        with pytest.raises(NotFound):
            await history.get(tenant, str(key))
        with pytest.raises(NotFound):
            await history.resolve(tenant, str(key), who="ada")


async def test_metrics_follow_what_is_stored(
    history: AlertHistory, metrics: Metrics, clock: MovingClock
) -> None:
    record = await history.open_or_update(report())
    await history.open_or_update(report())
    await history.open_or_update(report(ended=10))
    await history.resolve("default", str(record.alert_id), who="ada")
    name = ("PaymentsFailing", "critical", "sales", "alertmanager")
    assert metrics.value(alert_metrics.ALERTS, name) == 1
    assert metrics.value(alert_metrics.ALERT_NOTIFICATIONS, ("alertmanager", "firing")) == 2
    assert metrics.value(alert_metrics.ALERT_NOTIFICATIONS, ("alertmanager", "resolved")) == 1
    assert metrics.value(alert_metrics.ALERT_TIME_TO_RESOLVE, ("critical", "sales")) == 1
    assert metrics.value(alert_metrics.ALERT_TIME_TO_ACKNOWLEDGE, ("critical", "sales")) is None


async def test_labels_come_back_as_they_were_told(history: AlertHistory) -> None:
    labels = {"alertname": "A", "a.b": "1", "$x": "é\n\x00", "": "empty"}
    record = await history.open_or_update(report(labels=labels))
    read = await history.get("default", str(record.alert_id))
    assert read == record
    assert read.labels == labels
    assert not read.labels_cut


async def test_too_many_labels_are_cut_and_said_to_be(history: AlertHistory) -> None:
    labels = {f"l{number}": "v" * 200 for number in range(200)} | {"alertname": "A"}
    record = await history.open_or_update(report(labels=labels))
    assert record.labels_cut
    assert record.labels["alertname"] == "A"


async def test_a_notification_of_nothing_is_nothing(history: AlertHistory, store: Store) -> None:
    assert await history.notify([]) == []
    assert await everything(store) == []


@pytest.fixture
async def gated(tmp_path: Any, metrics: Metrics, clock: MovingClock) -> Any:
    """A history on a store that can be made to fail, and that store."""
    async with recorder(tmp_path) as opened:
        gated = GatedStore(opened.store)  # type: ignore[arg-type]  # it wraps any store
        yield AlertHistory(gated, metrics, clock), gated


async def test_a_store_that_is_away_is_told_and_nothing_counted(
    gated: tuple[AlertHistory, GatedStore], metrics: Metrics
) -> None:
    history, store = gated
    store.error = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await history.open_or_update(report())
    assert metrics.value(alert_metrics.ALERT_NOTIFICATIONS, ("alertmanager", "firing")) is None
    store.error = None
    assert (await history.open_or_update(report())).notifications == 1


async def test_an_answer_that_was_lost_is_found_again_by_the_retry(
    gated: tuple[AlertHistory, GatedStore],
) -> None:
    history, store = gated
    store.lose_answers = True
    store.error = StoreUnavailable("timed out")
    with pytest.raises(StoreUnavailable):
        await history.open_or_update(report())
    store.error, store.lose_answers = None, False
    record = await history.open_or_update(report())
    assert record.state == "open"
    assert len(await everything(store.inner)) == 1


@pytest.mark.parametrize(
    ("says", "message"),
    [(Outcome.FAILED, "refused"), (Outcome.STALE, "keep changing these")],
)
async def test_what_cannot_be_written_is_told(
    gated: tuple[AlertHistory, GatedStore], says: Outcome, message: str
) -> None:
    history, store = gated
    store.says = says
    with pytest.raises(Unavailable, match=message):
        await history.open_or_update(report())


async def test_a_change_that_others_keep_overtaking_is_told(
    gated: tuple[AlertHistory, GatedStore],
) -> None:
    history, store = gated
    record = await history.open_or_update(report())
    store.says = Outcome.STALE
    with pytest.raises(Unavailable, match="keep changing this"):
        await history.resolve("default", str(record.alert_id), who="ada")


async def test_two_people_at_once_are_both_in_the_trail(
    store: Store, metrics: Metrics, clock: MovingClock
) -> None:
    one, other = (AlertHistory(store, metrics, clock) for _ in range(2))
    key = str((await one.open_or_update(report())).alert_id)

    async def comment(history: AlertHistory, who: str) -> None:
        def step(before: Alert, now: datetime) -> Alert:
            return commented(before, now, who=who, note="here")

        await history.change("default", key, step)

    await asyncio.gather(
        *(comment(one, f"a{n}") for n in range(5)), *(comment(other, f"b{n}") for n in range(5))
    )
    record = await one.get("default", key)
    assert {entry["who"] for entry in record.trail[1:]} == {
        f"{x}{n}" for x in "ab" for n in range(5)
    }


def test_the_key_tells_starts_apart() -> None:
    first, second = report(), replace(report(), starts_at=minutes(1))
    assert first.alert_id != second.alert_id
    assert alert_id(FINGERPRINT, minutes(1)) == second.alert_id
    assert isinstance(first, Report)
