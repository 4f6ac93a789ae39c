"""Each evaluator: silent, firing, resolving, flapping, and started again in the middle."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exporter.alerts.evaluation import Evaluation
from exporter.alerts.evaluators import (
    REPLICA_EVALUATORS,
    RUNBOOK,
    Evaluator,
    store_evaluators,
)
from exporter.metrics import catalogue
from exporter.settings import Settings
from prometheus.source import render
from prometheus.source.files import SUBJECTS

from ..recording import NOW, ai_request, credit, performance, recorder, sale
from .scene import MINUTE, Scene

STORE_EVALUATORS = store_evaluators(Settings())
ALL = {one.name: one for one in (*STORE_EVALUATORS, *REPLICA_EVALUATORS)}


@dataclass(frozen=True)
class Case:
    """What a minute looks like for one evaluator, when something is wrong and when not.

    begins, ends: minutes until its alert begins and ends at the latest.
    flaps: how many alerts an hour makes that is wrong in every other minute.
    """

    name: str
    minute: Callable[[Scene, bool], Awaitable[None]]
    begins: int
    ends: int
    flaps: int = 1
    before: Callable[[Scene], Awaitable[None]] | None = None

    @property
    def evaluator(self) -> Evaluator:
        """The evaluator."""
        return ALL[self.name]

    def evaluation(self, scene: Scene) -> Evaluation:
        """It, as it is after a start."""
        one = self.evaluator
        if one in REPLICA_EVALUATORS:
            return scene.of_the_replica(one)
        return scene.of_the_store(one)


async def _calls(scene: Scene, wrong: bool) -> None:
    statuses = [500, 404, *[200] * 8] if wrong else [200] * 10
    await scene.record(*(performance(status_code=one, timestamp=scene.clock()) for one in statuses))


async def _slow(scene: Scene, wrong: bool) -> None:
    times = [*[3_000.0 if wrong else 100.0] * 2, *[100.0] * 8]
    await scene.record(*(performance(response_time=one, timestamp=scene.clock()) for one in times))


async def _requests(scene: Scene, wrong: bool) -> None:
    statuses = ["failed" if wrong else "completed", *["completed"] * 3, "pending"]
    await scene.record(*(ai_request(status=one, created_at=scene.clock()) for one in statuses))


async def _payments(scene: Scene, wrong: bool) -> None:
    statuses = ["failed", "completed"] if wrong else ["completed"] * 2
    await scene.record(
        *(sale(status=one, created_at=scene.clock()) for one in statuses),
        sale(kind="refund", status="failed", created_at=scene.clock()),
    )


async def _events(scene: Scene, wrong: bool) -> None:
    if not wrong:
        await scene.record(credit(created_at=scene.clock()))


async def _usual(scene: Scene) -> None:
    """Events in every minute of the same hours, yesterday and a week ago, and just now."""
    for days in (1, 7):
        await scene.record(*_each_minute(NOW - timedelta(days=days)))
    await scene.record(credit(created_at=NOW))


def _each_minute(begin: datetime) -> Iterable[Any]:
    return (credit(created_at=begin + n * MINUTE) for n in range(-60, 300))


async def _spool(scene: Scene, wrong: bool) -> None:
    scene.metrics.set(catalogue.SPOOL_LIMIT, (), 1_000.0)
    scene.metrics.set(catalogue.SPOOL_BYTES, (), 900.0 if wrong else 100.0)


async def _disk(scene: Scene, wrong: bool) -> None:
    scene.metrics.set(catalogue.SYSTEM_DISK_USAGE, ("exporter",), 95.0 if wrong else 50.0)


CASES = (
    Case("ServiceErrorRateHigh", _calls, begins=2, ends=12),
    Case("ServiceResponsesSlow", _slow, begins=2, ends=12),
    Case("AiFailureRateHigh", _requests, begins=5, ends=22),
    Case("PaymentsFailing", _payments, begins=5, ends=60),
    Case("NoEvents", _events, begins=31, ends=8, flaps=0, before=_usual),
    Case("SpoolNearlyFull", _spool, begins=1, ends=7),
    Case("DiskFull", _disk, begins=1, ends=7),
)


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    """Each evaluator in turn."""
    found: Case = request.param
    return found


@pytest.fixture
async def scene(tmp_path: Path, case: Case) -> AsyncIterator[Scene]:
    """A scene in which everything was well so far."""
    async with recorder(tmp_path) as record:
        scene = Scene(record.store, tmp_path)
        if case.before is not None:
            await case.before(scene)
        yield scene


async def pass_minutes(
    scene: Scene, case: Case, evaluation: Evaluation, wrong: Iterable[bool]
) -> None:
    """Live through some minutes, with a look at the end of each."""
    for one in wrong:
        scene.clock.advance(minutes=1)
        await case.minute(scene, one)
        await evaluation.run()


def test_every_evaluator_has_its_case() -> None:
    assert [case.name for case in CASES] == list(ALL)


async def test_it_is_silent_while_all_is_well(scene: Scene, case: Case) -> None:
    await pass_minutes(scene, case, case.evaluation(scene), [False] * 40)
    assert await scene.alerts() == []
    assert scene.ear.heard == []
    assert scene.looks(case.evaluator, "calm") == 40.0


async def test_it_begins_one_alert_and_keeps_it_while_it_lasts(scene: Scene, case: Case) -> None:
    await pass_minutes(scene, case, case.evaluation(scene), [True] * 60)
    [alert] = await scene.alerts()
    assert alert.starts_at <= NOW + case.begins * MINUTE
    assert (alert.state, alert.source) == ("open", "store")
    assert (alert.alertname, alert.severity) == (case.name, case.evaluator.severity)
    assert (alert.category, alert.title) == (case.evaluator.category, case.evaluator.title)
    assert alert.annotations["runbook_url"] == case.evaluator.runbook
    assert alert.last_seen_at is not None
    assert alert.last_seen_at >= scene.clock() - 5 * MINUTE
    assert [entry["action"] for entry in alert.trail[:2]] == ["opened", "commented"]
    assert alert.trail[1]["note"] == "Told slack, email."
    [told] = scene.ear.heard
    assert (told.state, told.name, told.alert_id) == ("firing", case.name, alert.alert_id)
    assert told.started_at == alert.starts_at
    assert told.message.endswith(case.evaluator.advice)
    assert scene.looks(case.evaluator, "burning") >= 60.0 - case.begins


async def test_it_ends_when_it_was_calm_for_a_while(scene: Scene, case: Case) -> None:
    evaluation = case.evaluation(scene)
    await pass_minutes(scene, case, evaluation, [True] * case.begins)
    well_again = scene.clock()
    await pass_minutes(scene, case, evaluation, [False] * case.ends)
    [alert] = await scene.alerts()
    assert (alert.state, alert.resolved_by) == ("resolved", "store")
    assert alert.ends_at is not None
    assert alert.ends_at >= well_again + case.evaluator.calm_for
    assert alert.time_to_resolve == (alert.ends_at - alert.starts_at).total_seconds()
    assert scene.ear.states() == ["firing", "resolved"]
    assert scene.ear.heard[1].ended_at == alert.ends_at
    assert scene.ear.heard[1].alert_id == alert.alert_id


async def test_flapping_is_one_alert_at_most(scene: Scene, case: Case) -> None:
    await pass_minutes(scene, case, case.evaluation(scene), [True, False] * 30)
    assert len(await scene.alerts()) == case.flaps
    assert scene.ear.states() == ["firing"] * case.flaps


async def test_a_restart_in_the_middle_neither_forgets_nor_repeats(
    scene: Scene, case: Case
) -> None:
    await pass_minutes(scene, case, case.evaluation(scene), [True] * case.begins)
    for _ in range(3):
        await pass_minutes(scene, case, case.evaluation(scene), [True])
    assert scene.ear.states() == ["firing"]
    await pass_minutes(scene, case, case.evaluation(scene), [False] * case.ends)
    [alert] = await scene.alerts()
    assert alert.state == "resolved"
    assert scene.ear.states() == ["firing", "resolved"]


async def test_it_begins_again_when_it_was_over(scene: Scene, case: Case) -> None:
    evaluation = case.evaluation(scene)
    for minutes in ([True] * case.begins, [False] * case.ends, [True] * 60):
        await pass_minutes(scene, case, evaluation, minutes)
    first, second = await scene.alerts()
    assert (first.state, second.state) == ("resolved", "open")
    assert first.fingerprint == second.fingerprint
    assert scene.ear.states() == ["firing", "resolved", "firing"]


def test_every_evaluator_has_a_section_of_the_runbook_and_the_category_of_its_rule() -> None:
    rules = {alert.name: subject.category for subject in SUBJECTS for alert in subject.alerts}
    for one in ALL.values():
        assert one.category == rules[one.name], one.name
        assert one.runbook == f"{render.RUNBOOK}#{one.name.lower()}"
    assert RUNBOOK == render.RUNBOOK


def test_every_evaluator_is_calm_below_its_limit() -> None:
    for one in ALL.values():
        assert 0 < one.calm < one.limit, one.name
        assert one.calm_for >= 5 * MINUTE


def test_every_evaluator_is_on_its_page_with_its_limits() -> None:
    page = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.M))
    for one in ALL.values():
        if one.name != "NoEvents":  # whose limit is a setting
            begins, calm = (f"{value:,.0f} {one.unit}" for value in (one.limit, one.calm))
            assert rows[one.name].startswith(f"{begins} | {calm} | "), one.name
    assert rows["NoEvents"].startswith("`NO_EVENTS_MINUTES` | half of that | ")


def test_how_long_no_events_are_normal_is_a_setting() -> None:
    [one] = [
        one for one in store_evaluators(Settings(no_events_minutes=90)) if one.name == "NoEvents"
    ]
    assert (one.limit, one.calm) == (90.0, 45.0)
