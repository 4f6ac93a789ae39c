"""The announcer, alone and in a running service, with receivers that answer and that hang."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from exporter.alerts.announcer import Announcer, announcer, outbox
from exporter.metrics import alerts as alert_metrics
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics
from exporter.settings import SettingError, Settings

from ..conftest import NOW, MovingClock, Service, Start
from ..outside import until
from .announcements import announcement
from .receivers import HANG, Answer, Receiver, receiving


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[tuple[Announcer, Metrics]]:
    """An announcer of these settings."""
    metrics = Metrics()
    told = announcer(Settings(data_dir=folder, **settings), metrics, MovingClock(NOW))
    await told.start()
    try:
        yield told, metrics
    finally:
        await told.close()


async def test_every_channel_is_told_each_in_its_own_time(tmp_path: Path) -> None:
    async with receiving(Answer(HANG)) as slack, receiving() as webhook:
        urls = {"slack_webhook_url": slack.url, "alert_webhook_url": webhook.url}
        async with running(tmp_path, **urls) as (told, metrics):
            assert told.channels == ("slack", "webhook")
            await told.tell(announcement())
            await until(lambda: len(webhook.bodies) == 1)
            await slack.arrived.wait()
            waiting = alert_metrics.ALERT_DELIVERIES_WAITING
            await until(lambda: metrics.value(waiting, ("webhook",)) == 0.0)
            assert metrics.value(waiting, ("slack",)) == 1.0
    assert outbox(tmp_path, "slack").is_file()


async def test_with_alertmanager_nobody_is_told(tmp_path: Path) -> None:
    async with receiving() as receiver:
        settings = {
            "slack_webhook_url": receiver.url,
            "alertmanager_url": "http://127.0.0.1:1",
        }
        async with running(tmp_path, **settings) as (told, _):
            assert told.channels == ()
            await told.tell(announcement())
        async with running(tmp_path, **settings, alert_notifications="on") as (told, _):
            assert told.channels == ("slack",)
    assert receiver.bodies == []


async def test_half_a_channel_stops_the_start(start: Start) -> None:
    with pytest.raises(SettingError, match="ALERT_EMAIL_FROM"):
        await start(smtp_url="smtp://127.0.0.1:1", alert_email_to=("a@example.org",))


async def fail_calls(service: Service) -> None:
    """Have a service report 20 calls, two of which failed."""
    for number in range(20):
        status, _ = await service.service()(
            "POST",
            "/api/performance/track",
            {
                "service": "shop",
                "endpoint": "/cart",
                "method": "GET",
                "statusCode": 500 if number < 2 else 200,
                "responseTime": 10,
            },
        )
        assert status == 201


def said(webhook: Receiver) -> list[str]:
    """What was said of failing calls; the disk of this machine may be full as well."""
    of_calls = {"alertname": "ServiceErrorRateHigh"}
    return [body["status"] for body in webhook.bodies if body["groupLabels"] == of_calls]


def runs(service: Service) -> float | None:
    """When the store was last looked at with success."""
    return service.metrics.value(catalogue.BACKGROUND_TASK_LAST_SUCCESS, ("store_alerts",))


async def look_at(service: Service, minutes: float) -> None:
    """Let that much time pass, and the store be looked at."""
    service.clock.advance(minutes=minutes)
    await until(lambda: runs(service) == service.clock().timestamp())


async def test_what_goes_wrong_is_noticed_told_and_over_without_prometheus(start: Start) -> None:
    async with receiving() as webhook, receiving(*[Answer(HANG)] * 9) as hanging:
        service = await start(
            store_alerts="on",
            store_alerts_seconds=0.05,
            alert_webhook_url=webhook.url,
            slack_webhook_url=hanging.url,
        )
        await fail_calls(service)
        await until(lambda: len(said(webhook)) == 1)
        await hanging.arrived.wait()
        status, page = await service.admin()("GET", "/api/alerts?category=requests")
        assert status == 200
        [alert] = page["alerts"]
        assert (alert["alertname"], alert["state"]) == ("ServiceErrorRateHigh", "open")
        # to the shop, or to all services if it was looked at amid the last call
        assert "10.0 % of 20 calls to" in alert["message"]
        for _ in range(15):
            await look_at(service, minutes=1)
        await until(lambda: len(said(webhook)) == 2)
        _, page = await service.admin()("GET", "/api/alerts?category=requests")
        [alert] = page["alerts"]
        assert (alert["state"], alert["resolvedBy"]) == ("resolved", "store")
    assert said(webhook) == ["firing", "resolved"]


async def test_nothing_is_looked_for_where_that_is_switched_off(start: Start) -> None:
    service = await start(store_alerts="off", store_alerts_seconds=0.05)
    await fail_calls(service)
    await look_at(service, minutes=1)
    _, page = await service.admin()("GET", "/api/alerts")
    assert page["alerts"] == []
    tasks = catalogue.BACKGROUND_TASK_INTERVAL
    assert service.metrics.value(tasks, ("replica_alerts",)) is None


async def test_what_burned_when_it_was_switched_off_is_over_within_two_hours(start: Start) -> None:
    before = await start(store_alerts="on", store_alerts_seconds=0.05)
    await fail_calls(before)
    looks, burning = alert_metrics.ALERT_EVALUATIONS, ("ServiceErrorRateHigh", "burning")
    await until(lambda: (before.metrics.value(looks, burning) or 0.0) >= 1.0)
    await before.client.close()
    service = await start(store_alerts="off", store_alerts_seconds=0.05)
    for _ in range(24):
        await look_at(service, minutes=5)
    _, page = await service.admin()("GET", "/api/alerts?category=requests")
    [alert] = page["alerts"]
    assert (alert["state"], alert["resolvedBy"]) == ("resolved", "store")


async def test_what_one_meterhouse_announces_another_takes(start: Start) -> None:
    other = await start()
    url = str(other.client.make_url("/api/alerts/webhook"))
    service = await start(
        data_dir=other.settings.data_dir / "another",
        store_alerts="on",
        store_alerts_seconds=0.05,
        alert_webhook_url=url,
        alert_webhook_token="open-key",
    )
    await fail_calls(service)
    sent = alert_metrics.ALERT_DELIVERIES
    await until(lambda: (service.metrics.value(sent, ("webhook", "sent")) or 0.0) >= 1.0)
    _, page = await other.admin()("GET", "/api/alerts?category=requests")
    [alert] = page["alerts"]
    assert (alert["alertname"], alert["severity"]) == ("ServiceErrorRateHigh", "high")
