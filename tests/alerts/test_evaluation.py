"""Evaluations: what is written down and told when, by whom of several, and what can go wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from exporter.access.principal import DEFAULT_TENANT
from exporter.alerts import story
from exporter.alerts.register import FORSAKEN_AFTER
from exporter.alerts.report import Report
from exporter.rollups.lease import Lease
from exporter.storage.base import Store, StoreUnavailable

from ..services.gated_store import GatedStore
from .scene import MINUTE, Ear, Ill, Scene

AWAY = StoreUnavailable("the store is away")


async def test_on_either_engine_it_begins_lasts_and_ends(
    store: Store, ill: Ill, tmp_path: Path
) -> None:
    scene = Scene(store, tmp_path)
    evaluation = scene.of_the_store(ill.evaluator)
    for value in (39.0, 40.0, 37.5, *[36.0] * 6, 36.0):
        ill.value = value
        await evaluation.run()
        scene.clock.advance(minutes=1)
    [alert] = await scene.alerts()
    assert (alert.state, alert.resolved_by) == ("resolved", "store")
    assert (alert.severity, alert.alert_type) == ("high", "error")
    assert alert.time_to_resolve == 480.0
    assert scene.ear.states() == ["firing", "resolved"]


async def test_its_words_follow_the_value_every_few_minutes(scene: Scene, ill: Ill) -> None:
    evaluation = scene.of_the_store(ill.evaluator)
    for value in (39.0, 40.0, 40.0, 40.0, 40.0, 41.0):
        ill.value = value
        await evaluation.run()
        scene.clock.advance(minutes=1)
    [alert] = await scene.alerts()
    assert alert.message == "It has 41 degrees; 38 degrees is the limit. Look for a doctor."
    assert alert.notifications == 2
    assert len(scene.ear.heard) == 1


async def test_of_several_replicas_one_does_it_and_another_takes_over(
    scene: Scene, ill: Ill
) -> None:
    ill.value = 39.0
    first, second = (
        scene.of_the_store(
            ill.evaluator,
            turn=Lease(scene.store, "test", scene.clock, length=timedelta(minutes=3)),
        )
        for _ in range(2)
    )
    for _ in range(5):
        await first.run()
        await second.run()
        scene.clock.advance(minutes=1)
    assert scene.looks(ill.evaluator, "burning") == 5.0
    for _ in range(5):
        await second.run()
        scene.clock.advance(minutes=1)
    assert scene.looks(ill.evaluator, "burning") == 8.0
    await first.run()
    assert scene.looks(ill.evaluator, "burning") == 8.0
    assert len(await scene.alerts()) == 1
    assert scene.ear.states() == ["firing"]


async def test_one_that_fails_keeps_no_other_from_looking(scene: Scene, ill: Ill) -> None:
    ill.value = 39.0
    broken = Ill(error=ValueError("a bug"))
    evaluation = scene.of_the_store(broken.named("Broken"), ill.evaluator)
    with pytest.raises(ValueError, match="a bug") as failure:
        await evaluation.run()
    assert failure.value.__notes__ == ["evaluator Broken"]
    assert [alert.alertname for alert in await scene.alerts()] == ["Fever"]
    assert scene.looks(broken.named("Broken"), "failed") == 1.0
    assert scene.looks(ill.evaluator, "burning") == 1.0


async def test_what_cannot_be_judged_changes_nothing(scene: Scene, ill: Ill) -> None:
    evaluation = scene.of_the_store(ill.evaluator)
    for value in (None, 39.0, 36.0, None, None):
        ill.value = value
        await evaluation.run()
        scene.clock.advance(minutes=10)
    [alert] = await scene.alerts()
    assert alert.state == "open"
    assert scene.looks(ill.evaluator, "unjudged") == 3.0


class Deaf(Ear):
    """Hears nothing the first time, as if the process had been killed there."""

    async def tell(self, announced: object) -> None:
        """Fail once."""
        if not self.heard:
            self.heard.append(announced)  # type: ignore[arg-type]  # any announcement
            raise KeyboardInterrupt


async def test_who_is_killed_before_it_was_told_tells_it_after_the_restart(
    scene: Scene, ill: Ill
) -> None:
    ill.value = 39.0
    heard, scene.ear = scene.ear, Deaf()
    with pytest.raises(KeyboardInterrupt):
        await scene.of_the_store(ill.evaluator).run()
    scene.ear = heard
    evaluation = scene.of_the_store(ill.evaluator)
    for _ in range(3):
        scene.clock.advance(minutes=1)
        await evaluation.run()
    [alert] = await scene.alerts()
    assert [one.alert_id for one in scene.ear.heard] == [alert.alert_id]


async def test_what_was_told_but_could_not_be_noted_is_not_told_again(
    scene: Scene, gate: GatedStore, ill: Ill
) -> None:
    ill.value = 39.0
    evaluation = scene.of_the_store(ill.evaluator)
    tell = scene.ear.tell

    async def tell_and_lose_the_store(announced: object) -> None:
        await tell(announced)  # type: ignore[arg-type]  # any announcement
        gate.error = AWAY

    scene.ear.tell = tell_and_lose_the_store  # type: ignore[method-assign]  # the store goes then
    with pytest.raises(StoreUnavailable):
        await evaluation.run()
    gate.error = None
    for _ in range(3):
        scene.clock.advance(minutes=1)
        await evaluation.run()
    [alert] = await scene.alerts()
    assert scene.ear.states() == ["firing"]
    assert alert.trail[1]["note"] == "Told slack, email."


async def test_what_a_person_resolved_is_not_begun_again_before_it_was_over(
    scene: Scene, ill: Ill
) -> None:
    ill.value = 39.0
    await scene.of_the_store(ill.evaluator).run()
    [alert] = await scene.alerts()
    await scene.history.resolve(DEFAULT_TENANT, str(alert.alert_id), who="ada", note="I know.")
    for _ in range(70):
        scene.clock.advance(minutes=1)
        await scene.of_the_store(ill.evaluator).run()
    ill.value = 36.0
    evaluation = scene.of_the_store(ill.evaluator)
    for _ in range(6):
        await evaluation.run()
        scene.clock.advance(minutes=1)
    [alert] = await scene.alerts()
    assert (alert.state, alert.resolved_by) == ("resolved", "ada")
    assert alert.ends_at == scene.clock() - MINUTE
    assert scene.ear.states() == ["firing", "resolved"]
    ill.value = 39.0
    await evaluation.run()
    assert len(await scene.alerts()) == 2


async def test_what_a_person_resolved_long_ago_does_not_hide_a_new_start(
    scene: Scene, ill: Ill
) -> None:
    ill.value = 39.0
    await scene.of_the_store(ill.evaluator).run()
    [alert] = await scene.alerts()
    await scene.history.resolve(DEFAULT_TENANT, str(alert.alert_id), who="ada")
    scene.clock.advance(days=2)  # in which nobody looked
    await scene.of_the_store(ill.evaluator).run()
    assert [one.state for one in await scene.alerts()] == ["resolved", "open"]


async def test_without_anybody_to_tell_it_is_written_down_alone(scene: Scene, ill: Ill) -> None:
    ill.value = 39.0
    scene.ear = Ear(channels=())
    await scene.of_the_store(ill.evaluator).run()
    [alert] = await scene.alerts()
    assert [entry["action"] for entry in alert.trail] == ["opened"]
    assert scene.ear.heard == []
    scene.ear = Ear(channels=("slack",))  # configured since
    await scene.of_the_store(ill.evaluator).run()
    assert scene.ear.states() == ["firing"]


async def test_who_was_not_told_of_the_beginning_is_not_told_of_the_end(
    scene: Scene, ill: Ill
) -> None:
    scene.ear = Ear(channels=())
    evaluation = scene.of_the_store(ill.evaluator)
    for value in (39.0, *[36.0] * 6):
        ill.value = value
        await evaluation.run()
        scene.clock.advance(minutes=1)
    [alert] = await scene.alerts()
    assert alert.state == "resolved"
    assert scene.ear.heard == []


async def test_a_trail_without_room_holds_nothing_up(
    scene: Scene, ill: Ill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "MOST_ENTRIES", 1)
    ill.value = 39.0
    evaluation = scene.of_the_store(ill.evaluator)
    await evaluation.run()
    await evaluation.run()
    [alert] = await scene.alerts()
    assert len(alert.trail) == 1
    assert scene.ear.states() == ["firing"]


async def test_alerts_that_nobody_looks_for_any_more_are_written_off(
    scene: Scene, ill: Ill
) -> None:
    sick = Ill(value=39.0)
    await scene.of_the_store(sick.named("Removed")).run()
    began = scene.clock()
    evaluation = scene.of_the_store(ill.evaluator)
    scene.clock.advance(minutes=59)
    for _ in range(10):
        await evaluation.run()
        scene.clock.advance(minutes=1)
    [alert] = await scene.alerts()
    assert alert.state == "open"
    assert scene.clock() > began + FORSAKEN_AFTER
    await evaluation.run()
    await evaluation.run()
    [alert] = await scene.alerts()
    assert (alert.state, alert.resolved_by, alert.resolved_at) == ("resolved", "store", began)
    assert alert.time_to_resolve is None
    assert "Nobody has looked for it" in alert.trail[-1]["note"]
    assert scene.ear.states() == ["firing", "resolved"]


async def test_alerts_of_others_are_left_alone(scene: Scene, ill: Ill) -> None:
    theirs = Report(
        source="alertmanager",
        fingerprint="f00d",
        starts_at=scene.clock(),
        labels={"alertname": "Fever"},
    )
    await scene.history.open_or_update(theirs)
    scene.clock.advance(days=2)
    evaluation = scene.of_the_store(ill.evaluator)
    for _ in range(15):
        await evaluation.run()
        scene.clock.advance(minutes=1)
    [alert] = await scene.alerts()
    assert (alert.state, alert.source) == ("open", "alertmanager")
    assert scene.ear.heard == []
