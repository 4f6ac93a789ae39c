"""Alerts that a replica looks for at itself: with the store away, and after restarts."""

from contextlib import suppress

import pytest

from exporter.access.principal import DEFAULT_TENANT
from exporter.alerts import replica_register, story
from exporter.alerts.register import FORSAKEN_AFTER
from exporter.alerts.replica_register import FILE
from exporter.storage.base import StoreUnavailable

from ..outside import Logged
from ..services.gated_store import GatedStore
from .scene import Ill, Scene

AWAY = StoreUnavailable("the store is away")


async def look(scene: Scene, ill: Ill, value: float, times: int = 1) -> None:
    """Look after each of some minutes, started again each time; the store may be away."""
    ill.value = value
    evaluation = scene.of_the_replica(ill.evaluator)
    for _ in range(times):
        with suppress(StoreUnavailable):
            await evaluation.run()
        scene.clock.advance(minutes=1)


async def test_its_alert_is_told_while_the_store_is_away_and_recorded_afterwards(
    scene: Scene,
    gate: GatedStore,
    ill: Ill,
) -> None:
    began = scene.clock()
    gate.error = AWAY
    for _ in range(3):
        await look(scene, ill, 39.0)
    assert scene.ear.states() == ["firing"]
    gate.error = None
    assert await scene.alerts() == []
    await look(scene, ill, 39.0)
    [alert] = await scene.alerts()
    assert (alert.state, alert.starts_at) == ("open", began)
    assert alert.labels["instance"] == "a:5005"
    assert alert.trail[1]["note"] == "Told slack, email."
    assert scene.ear.heard[0].alert_id == alert.alert_id
    assert scene.ear.states() == ["firing"]


async def test_one_that_began_and_ended_while_the_store_was_away_is_recorded_whole(
    scene: Scene,
    gate: GatedStore,
    ill: Ill,
) -> None:
    began = scene.clock()
    gate.error = AWAY
    await look(scene, ill, 39.0)
    await look(scene, ill, 36.0, times=6)
    ended = scene.clock()
    assert scene.ear.states() == ["firing", "resolved"]
    gate.error = None
    await look(scene, ill, 36.0)
    [alert] = await scene.alerts()
    assert (alert.state, alert.starts_at) == ("resolved", began)
    assert alert.ends_at is not None
    assert began < alert.ends_at < ended


async def test_it_is_confirmed_in_the_history_every_few_minutes(
    scene: Scene,
    ill: Ill,
) -> None:
    await look(scene, ill, 39.0, times=12)
    [alert] = await scene.alerts()
    assert alert.notifications == 3


async def test_a_file_that_cannot_be_read_is_said_and_begun_anew(
    scene: Scene,
    ill: Ill,
    logged: Logged,
) -> None:
    (scene.folder / FILE).write_text("{nonsense")
    await look(scene, ill, 39.0)
    assert "replica_alerts_unreadable" in logged.events()
    await look(scene, ill, 39.0)
    assert scene.ear.states() == ["firing"]


async def test_without_a_file_to_write_it_goes_by_its_memory(
    scene: Scene,
    ill: Ill,
    logged: Logged,
) -> None:
    (scene.folder / FILE).with_suffix(".new").mkdir()
    await look(scene, ill, 39.0, times=3)
    assert "replica_alerts_not_saved" in logged.events()
    assert scene.ear.states() == ["firing"]
    assert len(await scene.alerts()) == 1


async def test_the_file_is_for_its_owner_alone(scene: Scene, ill: Ill) -> None:
    await look(scene, ill, 39.0)
    assert (scene.folder / FILE).stat().st_mode & 0o777 == 0o600


async def test_one_that_was_written_off_meanwhile_begins_anew_if_it_still_burns(
    scene: Scene,
    ill: Ill,
) -> None:
    await look(scene, ill, 39.0)
    scene.clock.advance(seconds=FORSAKEN_AFTER.total_seconds())  # this replica is away
    other = scene.of_the_store(Ill().named("Another"))
    for _ in range(11):
        await other.run()
        scene.clock.advance(minutes=1)
    assert [alert.state for alert in await scene.alerts()] == ["resolved"]
    await look(scene, ill, 39.0, times=2)
    assert [alert.state for alert in await scene.alerts()] == ["resolved", "open"]
    assert scene.ear.states() == ["firing", "resolved", "firing"]


async def test_what_waits_for_the_store_is_bounded(
    scene: Scene,
    gate: GatedStore,
    ill: Ill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replica_register, "UNRECORDED", 2)
    gate.error = AWAY
    for _ in range(4):
        await look(scene, ill, 39.0)
        await look(scene, ill, 36.0, times=6)
    gate.error = None
    await look(scene, ill, 36.0)
    assert len(await scene.alerts()) == 2


async def test_a_trail_without_room_holds_nothing_up(
    scene: Scene,
    ill: Ill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(story, "MOST_ENTRIES", 1)
    await look(scene, ill, 39.0, times=2)
    await look(scene, ill, 36.0, times=6)
    [alert] = await scene.alerts()
    assert alert.state == "resolved"


async def test_a_person_may_resolve_its_record_and_its_end_is_still_told(
    scene: Scene,
    ill: Ill,
) -> None:
    await look(scene, ill, 39.0)
    [alert] = await scene.alerts()
    await scene.history.resolve(DEFAULT_TENANT, str(alert.alert_id), who="ada")
    await look(scene, ill, 39.0, times=2)
    await look(scene, ill, 36.0, times=6)
    [alert] = await scene.alerts()
    assert (alert.resolved_by, alert.ends_at is not None) == ("ada", True)
    assert scene.ear.states() == ["firing", "resolved"]


async def test_the_folder_is_made_where_it_is_missing(scene: Scene, ill: Ill) -> None:
    scene.folder = scene.folder / "data"
    await look(scene, ill, 39.0)
    assert [path.name for path in scene.folder.iterdir()] == [FILE]
