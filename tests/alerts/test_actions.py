"""What people do about an alert, with an Alertmanager beside it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from exporter.alerts.actions import Actions, Person
from exporter.alerts.alertmanager import Alertmanager
from exporter.alerts.history import AlertHistory
from exporter.alerts.report import Report
from exporter.alerts.story import MOST_ENTRIES
from exporter.errors import Conflict, NotFound

from ..conftest import MovingClock
from .reports import LABELS, minutes, report
from .stand_in import StandIn, stand_in

ADA = Person("ada")
HOUR = timedelta(hours=1)


@pytest.fixture
async def other() -> AsyncIterator[StandIn]:
    """What answers in Alertmanager's place."""
    async with stand_in() as one:
        yield one


@pytest.fixture
async def actions(
    history: AlertHistory, other: StandIn, clock: MovingClock
) -> AsyncIterator[Actions]:
    """The actions of a service that knows it."""
    client = Alertmanager(other.url)
    yield Actions(history, client, clock)
    await client.close()


async def opened(history: AlertHistory, one: Report | None = None) -> str:
    """The key of an open alert."""
    return str((await history.open_or_update(one or report())).alert_id)


async def test_an_acknowledgement_with_a_silence(
    actions: Actions, history: AlertHistory, other: StandIn, clock: MovingClock
) -> None:
    key = await opened(history)
    clock.moment = minutes(5)
    done = await actions.acknowledge("default", key, ADA, "mine", HOUR)
    assert done.problem is None
    assert (done.alert.silence_id, done.alert.silenced_until) == ("s1", minutes(65))
    assert await history.get("default", key) == done.alert
    [body] = other.posted
    assert (body["createdBy"], body["comment"], "id" in body) == ("ada", "mine", False)
    assert {one["name"]: one["value"] for one in body["matchers"]} == LABELS
    assert [one["action"] for one in done.alert.trail] == ["opened", "acknowledged", "silenced"]


async def test_a_silence_that_holds_is_replaced_and_one_that_ended_is_not(
    actions: Actions, history: AlertHistory, other: StandIn, clock: MovingClock
) -> None:
    key = await opened(history)
    for minute in (0, 30, 200):
        clock.moment = minutes(minute)
        await actions.acknowledge("default", key, Person("desk", "ada"), None, HOUR)
    assert [body.get("id") for body in other.posted] == [None, "s1", None]
    assert {body["createdBy"] for body in other.posted} == {"ada"}
    assert other.posted[0]["comment"] == "Acknowledged in Meterhouse: Payments fail"


@pytest.mark.parametrize(
    ("one", "status", "problem"),
    [
        (report(), 503, "Alertmanager answered 503."),
        (report(source="store"), 200, "Alertmanager does not know this alert."),
        (
            report(labels={**LABELS, "long": "x" * 20_000}),
            200,
            "The alert has too many labels for an exact silence.",
        ),
    ],
)
async def test_without_a_silence_the_acknowledgement_is_kept(
    *,
    actions: Actions,
    history: AlertHistory,
    other: StandIn,
    one: Report,
    status: int,
    problem: str,
) -> None:
    key = await opened(history, one)
    other.status = status
    done = await actions.acknowledge("default", key, ADA, None, HOUR)
    assert done.problem == problem
    assert (done.alert.state, done.alert.silence_id) == ("acknowledged", None)
    assert await history.get("default", key) == done.alert


async def test_a_full_trail_makes_no_silence(
    actions: Actions, history: AlertHistory, other: StandIn
) -> None:
    key = await opened(history)
    await actions.acknowledge("default", key, ADA, None)
    for number in range(MOST_ENTRIES - 2):
        await actions.comment("default", key, ADA, str(number))
    with pytest.raises(Conflict, match="full"):
        await actions.acknowledge("default", key, ADA, None, HOUR)
    assert other.posted == []


async def test_nothing_is_done_to_what_is_not_there(
    actions: Actions, history: AlertHistory, other: StandIn
) -> None:
    key = await opened(history, report(tenant="acme"))
    with pytest.raises(NotFound):
        await actions.acknowledge("default", key, ADA, None, HOUR)
    with pytest.raises(NotFound):
        await actions.resolve("default", key, ADA, None)
    with pytest.raises(NotFound):
        await actions.comment("default", key, ADA, "x")
    assert other.posted == []
    assert (await history.get("acme", key)).revision == 0
