"""Endpoints in order, and those that call for attention."""

import pytest

from exporter.analytics.endpoints import (
    alerts,
    busiest_endpoints,
    error_rates,
    slowest_endpoints,
)
from exporter.analytics.period import Period
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import BOB, LAST_MONTH, NOW, TENANT, Recorder, performance


@pytest.fixture
async def five_calls(record: Recorder) -> None:
    """Two of /cart, fast and well; two of /pay, slow and failing; one of Bob's."""
    await record(
        performance(response_time=10.0),
        performance(response_time=20.0, status_code=399),
        performance(response_time=30.0, endpoint="/pay", method="POST", status_code=400),
        performance(response_time=100.0, endpoint="/pay", method="POST", status_code=500),
        performance(response_time=40.0, service="mail", endpoint="/send", user_id="bob"),
        performance(response_time=9000.0, status_code=500, tenant_id="globex"),
    )


@pytest.mark.usefixtures("five_calls")
async def test_endpoints_can_be_ordered_and_limited(store: RolledStore) -> None:
    (slowest,) = await slowest_endpoints(store, TENANT, LAST_MONTH, (), 1)
    assert (slowest.endpoint, slowest.max_response_time) == ("/pay", 100.0)
    (failing,) = await error_rates(store, TENANT, LAST_MONTH, (), 10)
    assert (failing.endpoint, failing.error_count, failing.error_rate) == ("/pay", 2, 100.0)
    busiest = await busiest_endpoints(store, TENANT, LAST_MONTH, (), 2)
    assert [(call.endpoint, call.count) for call in busiest] == [("/cart", 2), ("/pay", 2)]


@pytest.mark.usefixtures("five_calls")
async def test_what_is_past_a_threshold_is_an_alert_and_the_furthest_comes_first(
    store: RolledStore,
) -> None:
    found = await alerts(store, TENANT, LAST_MONTH, error_rate=60.0, response_time=30.0)
    assert [(one.type, one.endpoint, one.value, one.severity, one.count) for one in found] == [
        ("response_time", "/pay", 65.0, "critical", 2),
        ("error_rate", "/pay", 100.0, "warning", 2),
        ("response_time", "/send", 40.0, "warning", 1),
    ]
    assert {one.threshold for one in found} == {60.0, 30.0}


@pytest.mark.usefixtures("five_calls")
async def test_what_is_at_its_threshold_is_no_alert(store: RolledStore) -> None:
    assert await alerts(store, TENANT, LAST_MONTH, error_rate=100.0, response_time=65.0) == []


@pytest.mark.usefixtures("five_calls")
async def test_a_threshold_of_zero_is_passed_by_anything(store: RolledStore) -> None:
    found = await alerts(store, BOB, LAST_MONTH, error_rate=0.0, response_time=0.0)
    assert [(one.type, one.severity) for one in found] == [("response_time", "critical")]


@pytest.mark.usefixtures("five_calls")
async def test_alerts_are_of_the_period_and_the_filters(store: RolledStore) -> None:
    mail = (equals("service", "mail"),)
    assert await alerts(store, TENANT, LAST_MONTH, mail, error_rate=5.0, response_time=2000.0) == []
    nothing = Period(NOW, NOW)
    assert await alerts(store, TENANT, nothing, error_rate=0.0, response_time=0.0) == []
