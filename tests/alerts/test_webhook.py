"""What Alertmanager posts, on each engine: recorded once, for whom it concerns."""

import asyncio
from typing import Any

import pytest

from exporter.metrics import alerts as alert_metrics
from exporter.storage.base import StoreUnavailable

from ..conftest import Service, Start
from ..outside import Logged
from ..services.gated_store import GatedStore
from ..storage.conftest import Reach
from .reports import LABELS, ZERO, alert, minutes, notification, report

WEBHOOK = "/api/alerts/webhook"
KEY = report().alert_id


async def records(service: Service, **claims: Any) -> list[dict[str, Any]]:
    """The alerts that an admin sees."""
    status, page = await service.admin(**claims)("GET", "/api/alerts")
    assert status == 200
    found: list[dict[str, Any]] = page["alerts"]
    return found


async def test_ten_deliveries_at_once_out_of_order_are_one_record(everywhere: Service) -> None:
    caller = everywhere.service()
    bodies = [notification(alert())] * 6 + [notification(alert(ended=10))] * 4
    answers = await asyncio.gather(*(caller("POST", WEBHOOK, body) for body in bodies[::-1]))
    assert answers == [(200, {"alerts": 1, "truncated": 0})] * 10
    [record] = await records(everywhere)
    assert (record["notifications"], record["state"]) == (10, "resolved")
    assert record["startsAt"] == "2026-03-15T12:00:00.000Z"
    assert record["resolvedAt"] == "2026-03-15T12:10:00.000Z"
    assert record["timeToResolve"] == 600


async def test_a_late_firing_one_reopens_nothing(everywhere: Service) -> None:
    caller = everywhere.service()
    for body in (notification(alert(ended=10)), notification(alert())):
        await caller("POST", WEBHOOK, body)
    [record] = await records(everywhere)
    assert (record["state"], record["resolvedAt"]) == ("resolved", "2026-03-15T12:10:00.000Z")


async def test_known_names_are_filled_from_labels_and_annotations(everywhere: Service) -> None:
    await everywhere.service()("POST", WEBHOOK, notification(alert(began=-2)))
    [record] = await records(everywhere)
    known = {
        "alertType": "error",
        "severity": "critical",
        "category": "sales",
        "title": "Payments fail",
        "message": "12 % of payments failed.",
        "acknowledgedBy": None,
        "resolvedAt": None,
        "createdAt": "2026-03-15T12:00:00.000Z",
        "startsAt": "2026-03-15T11:58:00.000Z",
        "labels": LABELS,
    }
    assert record.items() >= known.items()


async def test_one_notification_of_many_alerts_is_a_record_of_each(service: Service) -> None:
    many = [alert(fingerprint=f"f{number}") for number in range(50)]
    status, answer = await service.admin()("POST", WEBHOOK, notification(*many))
    assert (status, answer["alerts"]) == (200, 50)
    assert len({one["fingerprint"] for one in await records(service)}) == 20  # the first page


async def test_what_alertmanager_left_out_is_counted_and_logged(
    service: Service, logged: Logged
) -> None:
    body = notification(alert(), truncatedAlerts=3)
    _, answer = await service.service()("POST", WEBHOOK, body)
    assert answer == {"alerts": 1, "truncated": 3}
    truncated = ("alertmanager", "truncated")
    assert service.metrics.value(alert_metrics.ALERT_NOTIFICATIONS, truncated) == 3
    [told] = [one for one in logged.entries if one["event"] == "alerts_truncated"]
    assert (told["alerts"], told["receiver"]) == (3, "history")


@pytest.mark.parametrize(
    ("end", "resolved"),
    [
        (ZERO, "2026-03-15T12:00:00.000Z"),
        (None, "2026-03-15T12:00:00.000Z"),
        ("2026-03-15T12:00:00.123456789+00:30", "2026-03-15T11:30:00.123Z"),
    ],
)
async def test_an_end_is_as_it_is_told_or_now(
    service: Service, end: str | None, resolved: str
) -> None:
    ended = {**alert(began=-60, ended=0), "endsAt": end}
    await service.service()("POST", WEBHOOK, notification(ended))
    [record] = await records(service)
    assert record["resolvedAt"] == resolved


async def test_a_format_that_grew_is_still_read(service: Service) -> None:
    body = notification({**alert(), "newer": {"field": 1}}, newer=[1])
    assert (await service.service()("POST", WEBHOOK, body))[0] == 200


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (notification(version="3"), "version"),
        ({"version": "4"}, "alerts"),
        (notification({**alert(), "status": "suppressed"}), "alerts[0].status"),
        (notification(alert(), {**alert(), "fingerprint": "a/b"}), "alerts[1].fingerprint"),
        (notification({**alert(), "labels": {"a": 1}}), "alerts[0].labels[...]"),
        (notification({**alert(), "startsAt": ZERO}), "alerts[0].startsAt"),
        (notification({**alert(), "startsAt": "2026-03-15T12:00:00"}), "alerts[0].startsAt"),
        (notification(alert(), truncatedAlerts=-1), "truncatedAlerts"),
    ],
)
async def test_what_is_no_notification_is_refused_by_its_field(
    service: Service, body: dict[str, Any], path: str
) -> None:
    status, answer = await service.service()("POST", WEBHOOK, body)
    assert (status, answer["error"]) == (400, "validation_error")
    assert answer["details"][0]["path"] == path
    assert await records(service) == []


async def test_who_may_report_alerts(service: Service) -> None:
    body = notification(alert())
    key = {"Authorization": "Bearer open-key"}
    assert (await service.nobody()("POST", WEBHOOK, body))[0] == 401
    assert (await service.nobody(Authorization="Bearer wrong")("POST", WEBHOOK, body))[0] == 401
    assert (await service.user()("POST", WEBHOOK, body))[0] == 403
    assert (await service.admin()("POST", WEBHOOK, body))[0] == 200
    assert (await service.service()("POST", WEBHOOK, body))[0] == 200
    assert (await service.nobody(**key)("POST", WEBHOOK, body))[0] == 200
    assert (await service.nobody(**key)("GET", "/api/alerts"))[0] == 401


@pytest.mark.parametrize(
    ("who", "label", "tenant"),
    [
        ("open", {}, "default"),
        ("open", {"tenant": "globex"}, "globex"),
        ("open", {"tenant": ""}, "default"),
        ("open", {"tenant": "a\nb"}, "default"),
        ("open", {"tenant": "x" * 129}, "default"),
        ("bound", {"tenant": "globex"}, "acme"),
        ("bound", {}, "acme"),
        ("admin", {"tenant": "globex"}, "initech"),
    ],
)
async def test_whose_an_alert_is(
    service: Service, who: str, label: dict[str, str], tenant: str
) -> None:
    caller = service.admin(tenant="initech") if who == "admin" else service.service(f"{who}-key")
    assert (await caller("POST", WEBHOOK, notification(alert(labels={**LABELS, **label}))))[
        0
    ] == 200
    seen = {
        one: len(await records(service, tenant=one))
        for one in ("default", "acme", "globex", "initech")
    }
    assert seen == {**dict.fromkeys(seen, 0), tenant: 1}


async def test_two_tenants_have_a_record_each_of_the_same_alert(everywhere: Service) -> None:
    body = notification(alert())
    for caller in (everywhere.service(), everywhere.service("bound-key")):
        await caller("POST", WEBHOOK, body)
    await everywhere.service("bound-key")("POST", WEBHOOK, notification(alert(ended=5)))
    assert [one["state"] for one in await records(everywhere)] == ["open"]
    assert [one["state"] for one in await records(everywhere, tenant="acme")] == ["resolved"]


async def test_while_the_store_is_away_alertmanager_is_asked_to_try_again(
    start: Start, reach: Reach
) -> None:
    store = GatedStore(reach())  # type: ignore[arg-type]  # it wraps any store
    service = await start(store=store)
    store.error = StoreUnavailable("away")
    response = await service.service().raw("POST", WEBHOOK, json=notification(alert()))
    assert (response.status, "Retry-After" in response.headers) == (503, True)
    store.error = None
    await service.service()("POST", WEBHOOK, notification(alert()))
    [record] = await records(service)
    assert record["notifications"] == 1


async def test_a_restart_remembers(start: Start, reach: Reach) -> None:
    first = await start(store=reach())
    await first.service()("POST", WEBHOOK, notification(alert()))
    await first.client.close()
    second = await start(store=reach())
    await second.service()("POST", WEBHOOK, notification(alert(ended=3)))
    [record] = await records(second)
    assert (record["notifications"], record["state"]) == (2, "resolved")


async def test_the_gauges_show_what_was_open_right_after_a_restart(
    start: Start, reach: Reach
) -> None:
    first = await start(store=reach())
    await first.service()("POST", WEBHOOK, notification(alert(began=-30)))
    await first.client.close()
    second = await start(store=reach())
    labels = ("critical", "sales")
    async with asyncio.timeout(10):
        while second.metrics.value(alert_metrics.ALERTS_OPEN, labels) is None:
            await asyncio.sleep(0.01)
    assert second.metrics.value(alert_metrics.ALERTS_OPEN, labels) == 1
    began = second.metrics.value(alert_metrics.ALERT_OLDEST_UNACKNOWLEDGED, labels)
    assert began == minutes(-30).timestamp()
