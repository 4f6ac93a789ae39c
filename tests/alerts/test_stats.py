"""Alerts in numbers, on each engine."""

from datetime import timedelta

import pytest

from exporter.access.principal import Scope
from exporter.alerts.history import AlertHistory
from exporter.alerts.report import Report
from exporter.alerts.stats import FLAPPING_WITHIN, AlertStats, most_within, stats
from exporter.alerts.story import acknowledged
from exporter.analytics.period import Period
from exporter.storage.base import Store

from ..conftest import NOW, MovingClock
from .reports import minutes, report

ALL = Period(NOW - timedelta(days=1), NOW + timedelta(days=30))
DISK = {"alertname": "DiskFullSoon", "severity": "info", "category": "resources"}


async def numbers(store: Store, period: Period = ALL) -> AlertStats:
    """The numbers of the default tenant."""
    return await stats(store, Scope("default", None), period, ())


async def take(history: AlertHistory, one: Report, at: float, clock: MovingClock) -> None:
    """Have somebody acknowledge it so many minutes after noon."""
    clock.moment = minutes(at)
    await history.change(
        "default",
        one.alert_id,
        lambda before, now: acknowledged(before, now, who="ada", note=None),
    )


async def test_nothing_is_counted_as_nothing(store: Store) -> None:
    empty = await numbers(store)
    assert (empty.total, empty.open, empty.acknowledged, empty.resolved) == (0, 0, 0, 0)
    assert (empty.mean_time_to_acknowledge, empty.mean_time_to_resolve) == (None, None)
    assert (empty.by_severity, empty.noisiest, empty.flapping) == ([], [], [])


async def test_counts_and_mean_times(
    history: AlertHistory, store: Store, clock: MovingClock
) -> None:
    told = [report(0, fingerprint=name) for name in "abcd"]
    await history.notify([*told, report(0, fingerprint="e", labels=DISK), report(0, tenant="acme")])
    await take(history, told[0], 4, clock)
    await take(history, told[1], 10, clock)
    await take(history, told[3], 1, clock)
    await history.open_or_update(report(0, 30, fingerprint="b"))
    await history.open_or_update(report(0, 10, fingerprint="c"))
    found = await numbers(store)
    assert (found.total, found.open, found.acknowledged, found.resolved) == (5, 1, 2, 2)
    assert found.mean_time_to_acknowledge == pytest.approx((4 + 10 + 1) * 60 / 3)
    assert found.mean_time_to_resolve == pytest.approx((30 + 10) * 60 / 2)
    assert [(one.name, one.count, one.share) for one in found.by_severity] == [
        ("critical", 4, 80.0),
        ("low", 1, 20.0),
    ]
    assert [(one.name, one.count) for one in found.by_category] == [("sales", 4), ("resources", 1)]
    assert [(one.name, one.count) for one in found.by_source] == [("alertmanager", 5)]


async def test_an_end_that_was_guessed_is_no_time_to_resolve(
    history: AlertHistory, store: Store
) -> None:
    await history.notify([report(0), report(600)])
    found = await numbers(store)
    assert (found.resolved, found.mean_time_to_resolve) == (1, None)


async def test_the_noisiest_come_first(history: AlertHistory, store: Store) -> None:
    await history.notify([report(began, labels=DISK, fingerprint="d") for began in (0, 300, 600)])
    await history.notify([report(0), report(0), report(0), report(0)])
    found = await numbers(store)
    assert [(one.alertname, one.starts, one.notifications) for one in found.noisiest] == [
        ("DiskFullSoon", 3, 3),
        ("PaymentsFailing", 1, 4),
    ]
    assert found.flapping == []  # five hours apart


async def test_what_comes_and_goes_within_an_hour_flaps(
    history: AlertHistory, store: Store
) -> None:
    await history.notify([report(began, fingerprint="worse") for began in (0, 20, 40, 60, 500)])
    await history.notify([report(began, fingerprint="bad", labels=DISK) for began in (0, 1, 2)])
    await history.notify([report(began, fingerprint="slow") for began in (0, 31, 62, 93)])
    found = await numbers(store)
    assert [
        (one.fingerprint, one.alertname, one.starts, one.most_in_an_hour, one.last_start)
        for one in found.flapping
    ] == [
        ("worse", "PaymentsFailing", 5, 4, minutes(500)),
        ("bad", "DiskFullSoon", 3, 3, minutes(2)),
    ]


async def test_the_period_is_that_of_the_first_word(
    history: AlertHistory, store: Store, clock: MovingClock
) -> None:
    await history.open_or_update(report(0))
    clock.advance(hours=1)
    await history.open_or_update(report(0, 59))
    assert (await numbers(store, Period(NOW, NOW + timedelta(minutes=1)))).resolved == 1
    assert (await numbers(store, Period(minutes(1), minutes(120)))).total == 0


@pytest.mark.parametrize(
    ("began", "most"),
    [([], 0), ([0], 1), ([0, 60], 2), ([0, 61], 1), ([0, 30, 59, 90, 90, 300], 4)],
)
def test_the_most_within_an_hour(began: list[int], most: int) -> None:
    assert most_within([minutes(one) for one in began], FLAPPING_WITHIN) == most
