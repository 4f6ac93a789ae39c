"""Health of a running service: checks, metrics, records and incidents together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from exporter.access.principal import DEFAULT_TENANT
from exporter.alerts.history import AlertHistory
from exporter.errors import Unavailable
from exporter.health.check import Finding, Level
from exporter.health.monitor import Health
from exporter.health.telling import Telling
from exporter.health.track import Result
from exporter.metrics import health as shown
from exporter.metrics.values import Metrics
from exporter.records import HEALTH_CHECK, INCIDENT
from exporter.settings import Settings
from exporter.storage.base import StoreUnavailable
from exporter.storage.query import Find, equals

from ..conftest import NOW, MovingClock
from ..outside import until
from ..services.gated_store import GatedStore

FINDINGS = {
    "h": Finding(),
    "d": Finding(Level.DEGRADED, "slow"),
    "u": Finding(Level.UNHEALTHY, "away", NOW + timedelta(days=3)),
}


class Told:
    """What people are told."""

    def __init__(self) -> None:
        self.announced: list[Any] = []

    async def tell(self, announced: Any) -> None:
        self.announced.append(announced)


class Watched:
    """The health of one replica, whose runs the test makes."""

    def __init__(self, settings: Settings, store: Any, clock: MovingClock) -> None:
        self.metrics = Metrics()
        self.clock = clock
        self.people = Told()
        self.history = AlertHistory(store, self.metrics, clock)
        self.health = Health(
            settings,
            store,
            self.metrics,
            clock,
            tell=Telling(self.history, self.people),  # type: ignore[arg-type]  # it tells
        )
        self.checks = {check.name: check for check in self.health.checks}

    def play(self, runs: str, name: str = "database") -> None:
        """Runs of a check, half a minute apart."""
        for letter in runs:
            self.health.heard(self.checks[name], Result(self.clock(), 0.25, FINDINGS[letter]))
            self.clock.advance(seconds=30)

    def gauge(self, gauge: Any, label: str = "database") -> float | None:
        """What a gauge says."""
        return self.metrics.value(gauge, (label,))

    async def tick(self) -> None:
        """What the background jobs do."""
        await self.health.settle()
        await self.health.save()


Watch = Callable[[], Watched]


@pytest.fixture
def watch(settings: Settings, gated: GatedStore, clock: MovingClock) -> Watch:
    """Makes the health of a replica on the same store."""
    chosen = Settings(**{**vars(settings), "health_interval_seconds": 30.0})
    return lambda: Watched(chosen, gated, clock)


async def test_metrics_say_what_checks_say(watch: Watch, clock: MovingClock) -> None:
    one = watch()
    one.play("h")
    assert one.gauge(shown.CHECK_UP) == 1
    assert one.gauge(shown.CHECK_DEGRADED) == 0
    assert one.gauge(shown.CHECK_DURATION) == 0.25
    assert one.gauge(shown.CHECK_LAST_RUN) == NOW.timestamp()
    assert one.gauge(shown.CHECK_TLS_EXPIRY) is None
    one.play("u")
    assert (one.gauge(shown.CHECK_UP), one.gauge(shown.CHECK_DEGRADED)) == (1, 1)
    one.play("u")
    assert (one.gauge(shown.CHECK_UP), one.gauge(shown.CHECK_DEGRADED)) == (0, 0)
    assert one.gauge(shown.CHECK_TLS_EXPIRY) == (NOW + timedelta(days=3)).timestamp()
    one.play("hh")
    assert one.gauge(shown.CHECK_UP) == 1
    assert one.gauge(shown.CHECK_TLS_EXPIRY) is not None, "an end that is known stays known"


async def test_the_whole_is_as_bad_as_what_is_critical(watch: Watch) -> None:
    one = watch()
    levels = [one.health.level]
    for runs, name in (("uu", "collections"), ("d", "disk"), ("uu", "database")):
        one.play(runs, name)
        levels.append(one.health.level)
    assert levels == [Level.HEALTHY, Level.DEGRADED, Level.DEGRADED, Level.UNHEALTHY]


async def test_an_outage_is_an_incident_an_alert_and_told_to_people(
    watch: Watch, gated: GatedStore
) -> None:
    one = watch()
    one.play("huu")
    await one.tick()
    one.play("hh")
    await one.tick()
    incident: Any = await gated.inner.get(INCIDENT, DEFAULT_TENANT, "database-1")
    assert incident.started_at == NOW + timedelta(seconds=30)
    assert incident.resolved_at == NOW + timedelta(seconds=90)
    (began, ended) = one.people.announced
    assert (began.state, ended.state) == ("firing", "resolved")
    assert began.alert_id == ended.alert_id
    assert (began.severity, began.labels) == ("critical", {"check": "database"})
    assert began.message == "away (database-1)"
    record = await one.history.get(DEFAULT_TENANT, began.alert_id)
    assert (record.source, record.state, record.alertname) == (
        "health",
        "resolved",
        "HealthCheckDown",
    )
    assert (record.starts_at, record.ends_at) == (incident.started_at, incident.resolved_at)


async def test_one_that_is_open_again_is_another_start_of_the_alert(watch: Watch) -> None:
    one = watch()
    for runs in ("huu", "hh", "uu", "hh"):
        one.play(runs)
        await one.tick()
    states = [(told.state, told.alert_id) for told in one.people.announced]
    assert [state for state, _ in states] == ["firing", "resolved"] * 2
    assert len({alert for _, alert in states}) == 2
    assert await one.history.unresolved("health") == []


async def test_people_are_told_also_where_the_history_cannot_be_written(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = watch()

    async def refuse(report: Any) -> None:
        raise Unavailable("no")

    monkeypatch.setattr(one.history, "open_or_update", refuse)
    one.play("uu")
    await one.tick()
    assert [told.state for told in one.people.announced] == ["firing"]


async def test_what_is_not_critical_is_no_incident(watch: Watch, gated: GatedStore) -> None:
    one = watch()
    one.play("uuuu", "collections")
    await one.tick()
    assert one.health.incidents.active == []
    assert one.people.announced == []


async def test_a_restart_in_the_middle_of_an_incident_forgets_nothing(
    watch: Watch, gated: GatedStore, clock: MovingClock
) -> None:
    before = watch()
    before.play("huuu")
    await before.tick()
    clock.advance(minutes=10)  # the process was killed
    after = watch()
    await after.health.resume()
    assert after.health.tracks["database"].level is Level.UNHEALTHY
    after.play("u")
    await after.tick()
    assert after.gauge(shown.CHECK_UP) == 0, "it is not taken for up until it is"
    after.play("hh")
    await after.tick()
    incident: Any = await gated.inner.get(INCIDENT, DEFAULT_TENANT, "database-1")
    assert [entry["action"] for entry in incident.timeline] == ["opened", "resolved"]
    assert incident.duration == 12 * 60
    assert [told.state for told in after.people.announced] == ["resolved"]
    stretches = await gated.inner.find(
        Find(HEALTH_CHECK, (equals("service", "database"), equals("status", "unhealthy")))
    )
    assert len(stretches) == 2
    assert sum((one.until - one.timestamp).total_seconds() for one in stretches) == 60 + 30


async def test_without_its_store_a_replica_starts_anew_and_says_what_is_wrong(
    watch: Watch, gated: GatedStore
) -> None:
    gated.error = StoreUnavailable("away")
    one = watch()
    await one.health.resume()
    one.play("uu")
    with pytest.raises(StoreUnavailable):
        await one.health.settle()
    assert one.health.level is Level.UNHEALTHY
    assert one.metrics.value(shown.INCIDENTS_OPEN, ("critical",)) == 1
    assert await one.health.uptime(0.0) is None


async def test_maintenance_is_shown_and_quiet_but_the_check_tells_the_truth(
    watch: Watch, clock: MovingClock
) -> None:
    one = watch()
    await one.health.windows.add(
        title="upgrade",
        services=["database"],
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=1),
        who="root",
        now=NOW,
    )
    one.play("huu")
    await one.tick()
    assert one.gauge(shown.CHECK_UP) == 0
    assert one.gauge(shown.CHECK_MAINTENANCE) == 1
    assert one.gauge(shown.CHECK_MAINTENANCE, "disk") == 0
    assert one.metrics.value(shown.INCIDENTS_OPEN, ("critical",)) == 0


async def test_uptime_is_worked_out_from_what_is_stored_and_kept_for_a_while(
    watch: Watch, gated: GatedStore, clock: MovingClock
) -> None:
    one = watch()
    one.play("h" * 11 + "u" * 5 + "h" * 5)
    one.play("u" * 11, "collections")  # not critical
    await one.health.save()
    known = await one.health.uptime(30.0)
    assert known is not None
    assert known.by_window["24h"].uptime == pytest.approx(75.0)
    assert known.by_window["90d"].uptime == pytest.approx(75.0)
    assert one.gauge(shown.UPTIME, "24h") == pytest.approx(0.75)
    gated.error = StoreUnavailable("away")
    assert await one.health.uptime(30.0) is known
    clock.advance(minutes=5)
    assert await one.health.uptime(30.0) is known, "older, but better than nothing"


async def test_without_checks_nothing_runs(settings: Settings, gated: GatedStore) -> None:
    one = Watched(settings, gated, MovingClock(NOW))
    await one.health.start()
    assert one.health.jobs() == ()
    assert one.health.seen() == []
    await one.health.close()


@pytest.fixture
async def running(watch: Watch) -> AsyncIterator[Watched]:
    """The health of a replica whose checks really run."""
    one = watch()
    await one.health.start()
    yield one
    await one.health.close()


async def test_a_start_runs_every_check_at_once_and_its_end_keeps_what_they_came_to(
    running: Watched, gated: GatedStore, clock: MovingClock
) -> None:
    health = running.health
    await until(lambda: len(health.seen()) == len(health.checks))
    assert {track.shown for track in health.seen()} <= {Level.HEALTHY, Level.DEGRADED}
    assert running.gauge(shown.CHECK_INTERVAL, "collections") == 300
    assert running.gauge(shown.CHECK_CRITICAL, "database") == 1
    assert running.gauge(shown.CHECK_CRITICAL, "event_loop") == 0
    assert running.gauge(shown.INCIDENTS, "minor") == 0
    assert running.gauge(shown.INCIDENT_DURATION, "critical") == 0
    running.clock.advance(seconds=30)
    running.play("h")
    await health.close()
    stored = await gated.inner.find(Find(HEALTH_CHECK, (equals("service", "database"),)))
    assert [(one.runs, one.until) for one in stored] == [(2, NOW + timedelta(seconds=30))]


async def test_an_end_without_the_store_is_an_end_all_the_same(
    running: Watched, gated: GatedStore
) -> None:
    await until(lambda: len(running.health.seen()) == len(running.health.checks))
    gated.error = StoreUnavailable("away")
    running.clock.advance(seconds=30)
    running.play("h")
    await running.health.close()
    assert running.health.tracks["database"].current is None


async def test_many_ask_for_the_uptime_and_it_is_worked_out_once(
    watch: Watch, gated: GatedStore
) -> None:
    one = watch()
    asked = 0
    real = gated.find

    async def count(query: Any) -> Any:
        nonlocal asked
        asked += query.family is HEALTH_CHECK
        return await real(query)

    gated.find = count  # type: ignore[method-assign]  # counted, and done
    await asyncio.gather(*(one.health.uptime(30.0) for _ in range(20)))
    assert asked == 1
