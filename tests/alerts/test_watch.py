"""What nobody tells: ends under a silence, starts after one, and alerts that were forgotten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from exporter.alerts.alertmanager import Alertmanager
from exporter.alerts.history import AlertHistory
from exporter.alerts.story import silenced
from exporter.alerts.watch import AlertmanagerWatch, let_go
from exporter.errors import Unavailable
from exporter.metrics import catalogue
from exporter.records.alert import ALERT, Alert
from exporter.storage.base import Store
from exporter.storage.query import Find, Order

from ..conftest import MovingClock, Start
from .reports import alert as posted
from .reports import minutes, notification, report
from .stand_in import StandIn, active, stand_in

ABSENCE = timedelta(minutes=3)


@pytest.fixture
async def other() -> AsyncIterator[StandIn]:
    """What answers in Alertmanager's place."""
    async with stand_in() as one:
        yield one


@pytest.fixture
async def watch(
    other: StandIn, history: AlertHistory, clock: MovingClock
) -> AsyncIterator[AlertmanagerWatch]:
    """A watch over it."""
    client = Alertmanager(other.url)
    yield AlertmanagerWatch(history, client, clock, ABSENCE)
    await client.close()


async def records(store: Store) -> list[Alert]:
    """All records, by their start."""
    return await store.find(Find(ALERT, (), (Order("startsAt"),)))


async def test_what_ended_unheard_is_over_since_it_was_first_missed(
    watch: AlertmanagerWatch,
    other: StandIn,
    history: AlertHistory,
    store: Store,
    clock: MovingClock,
) -> None:
    await history.open_or_update(report())
    other.alerts = [active()]
    await watch.run()
    await watch.run()
    [record] = await records(store)
    assert (record.state, record.known_to_alertmanager, record.revision) == ("open", True, 1)
    other.alerts = []
    clock.moment = minutes(10)
    await watch.run()
    clock.moment = minutes(12.5)
    await watch.run()
    assert [one.state for one in await records(store)] == ["open"]
    clock.moment = minutes(13)
    await watch.run()
    [record] = await records(store)
    assert (record.state, record.resolved_by, record.resolved_at) == (
        "resolved",
        "alertmanager",
        minutes(10),
    )
    assert record.time_to_resolve == 600
    assert record.trail[-1]["note"] == "Alertmanager no longer has it."


async def test_what_comes_back_in_time_was_never_over(
    watch: AlertmanagerWatch,
    other: StandIn,
    history: AlertHistory,
    store: Store,
    clock: MovingClock,
) -> None:
    await history.open_or_update(report())
    for there in (True, False, True, False):
        clock.advance(minutes=2)
        other.alerts = [active()] if there else []
        await watch.run()
    [record] = await records(store)
    assert record.state == "open"


async def test_what_was_never_seen_there_may_be_anothers(
    watch: AlertmanagerWatch, history: AlertHistory, store: Store, clock: MovingClock
) -> None:
    await history.notify([report(), report(fingerprint="s", source="store")])
    for _ in range(3):
        clock.advance(minutes=5)
        await watch.run()
    assert [one.state for one in await records(store)] == ["open", "open"]


async def test_a_start_that_is_not_notified_is_recorded_for_who_knew_the_alert(
    watch: AlertmanagerWatch, other: StandIn, history: AlertHistory, store: Store
) -> None:
    await history.notify([report(tenant="acme"), report(tenant="globex")])
    other.alerts = [active()]
    await watch.run()
    await history.notify([report(0, 5, tenant="acme"), report(0, 5, tenant="globex")])
    other.alerts = [active(20), active(20, "unknown")]
    await watch.run()
    await watch.run()
    found = [
        (one.tenant_id, one.starts_at, one.state, one.notifications) for one in await records(store)
    ]
    assert sorted(found) == [
        ("acme", minutes(0), "resolved", 2),
        ("acme", minutes(20), "open", 1),
        ("globex", minutes(0), "resolved", 2),
        ("globex", minutes(20), "open", 1),
    ]


async def test_a_start_that_is_gone_before_the_next_look_is_over_as_well(
    watch: AlertmanagerWatch,
    other: StandIn,
    history: AlertHistory,
    store: Store,
    clock: MovingClock,
) -> None:
    await history.notify([report()])
    other.alerts = [active()]
    await watch.run()
    await history.notify([report(0, 5)])
    other.alerts = [active(20)]
    await watch.run()
    other.alerts = []
    for _ in range(2):
        clock.advance(minutes=5)
        await watch.run()
    assert {(one.starts_at, one.state) for one in await records(store)} == {
        (minutes(0), "resolved"),
        (minutes(20), "resolved"),
    }


@pytest.mark.parametrize(
    "listed",
    [
        active(20, status={"inhibitedBy": ["other"]}),  # a symptom: nobody is to be told
        active(0),  # called over by a person, and still there
        active(-5),  # the start that it was merged with
    ],
)
async def test_what_is_no_new_start_is_not_recorded(
    watch: AlertmanagerWatch,
    other: StandIn,
    history: AlertHistory,
    store: Store,
    listed: dict[str, object],
) -> None:
    await history.open_or_update(report())
    other.alerts = [active()]
    await watch.run()
    await history.resolve("default", report().alert_id, who="ada")
    other.alerts = [listed]
    await watch.run()
    [record] = await records(store)
    assert (record.resolved_by, record.notifications) == ("ada", 1)


async def test_an_alertmanager_that_cannot_be_asked_ends_nothing(
    watch: AlertmanagerWatch,
    other: StandIn,
    history: AlertHistory,
    store: Store,
    clock: MovingClock,
) -> None:
    await history.open_or_update(report())
    other.alerts = [active()]
    await watch.run()
    other.status = 500
    clock.advance(hours=1)
    with pytest.raises(Unavailable, match="answered 500"):
        await watch.run()
    assert [one.state for one in await records(store)] == ["open"]


async def test_what_is_not_repeated_for_long_is_let_go(
    history: AlertHistory, store: Store, clock: MovingClock
) -> None:
    silent = report(fingerprint="silent")
    await history.notify(
        [report(fingerprint="gone"), silent, report(fingerprint="s", source="store")]
    )
    await history.change(
        "default",
        silent.alert_id,
        lambda before, now: silenced(
            before, now, who="ada", silence_id="s1", until=minutes(60 * 24)
        ),
    )
    clock.moment = minutes(60 * 12)
    await history.open_or_update(report(fingerprint="repeated"))
    clock.moment = minutes(60 * 12 + 1)
    await let_go(history, clock, timedelta(hours=12))
    states = {one.fingerprint: one.state for one in await records(store)}
    assert states == {"gone": "resolved", "silent": "open", "s": "open", "repeated": "open"}
    [gone] = [one for one in await records(store) if one.fingerprint == "gone"]
    assert (gone.resolved_at, gone.time_to_resolve) == (minutes(0), None)
    assert gone.trail[-1]["note"] == "Not heard of for 12 h; its end was not told."


async def test_the_service_asks_by_itself(start: Start, other: StandIn) -> None:
    other.alerts = [active()]
    service = await start(
        alertmanager_url=other.url,
        gauges_refresh_seconds=0.05,
        alertmanager_absence_seconds=0.0,
        alerts_stale_hours=0.0,
    )
    await service.service()("POST", "/api/alerts/webhook", notification(posted()))
    admin = service.admin()

    async def wait(what: str) -> None:
        async with asyncio.timeout(10):
            while what not in str(await admin("GET", f"/api/alerts/{report().alert_id}")):
                await asyncio.sleep(0.02)

    await wait("confirmed")
    other.alerts = []
    await wait("no longer has it")
    other.status = 500
    failures = catalogue.BACKGROUND_TASK_FAILURES
    async with asyncio.timeout(10):
        while not service.metrics.value(failures, ("alertmanager",)):
            await asyncio.sleep(0.02)
    assert service.metrics.value(failures, ("alerts",)) == 0
