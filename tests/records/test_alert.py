"""The record of an alert: kept for its own time, and posted by nobody as an event."""

from datetime import timedelta

from exporter.alerts.story import heard
from exporter.housekeeping import purge
from exporter.records import FAMILIES, TRACKED
from exporter.records.alert import ALERT
from exporter.settings import Settings
from exporter.storage.base import Insert, Outcome

from ..alerts.reports import minutes, report
from ..conftest import NOW, Service


def test_it_is_stored_and_not_tracked() -> None:
    assert ALERT in FAMILIES
    assert ALERT not in TRACKED


def test_it_is_kept_for_a_year_or_as_its_setting_says() -> None:
    assert ALERT.kept_for(Settings()) == timedelta(days=365)
    assert ALERT.kept_for(Settings(alerts_retention_days=7)) == timedelta(days=7)


async def test_what_is_past_its_time_is_removed(service: Service) -> None:
    records = [heard(None, report(began), minutes(began)) for began in (-60 * 24 * 8, -60 * 24 * 6)]
    assert await service.store.write([Insert(ALERT, one) for one in records]) == [
        Outcome.STORED,
        Outcome.STORED,
    ]
    await purge(service.store, [ALERT], Settings(alerts_retention_days=7), lambda: NOW)()
    old, young = (str(one.alert_id) for one in records)
    assert (await service.admin()("GET", f"/api/alerts/{old}"))[0] == 404
    assert (await service.admin()("GET", f"/api/alerts/{young}"))[0] == 200


async def test_an_odd_id_is_an_unknown_one(service: Service) -> None:
    for odd in ("%00", "x" * 2000, "%F0%9F%94%A5", "a%20b", "..%2f"):
        status, answer = await service.admin()("GET", f"/api/alerts/{odd}")
        assert (status, answer["error"]) == (404, "not_found"), odd
