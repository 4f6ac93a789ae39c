"""Numbers of calls, worked out by hand."""

from unittest.mock import ANY

import msgspec
import pytest

from exporter.analytics.performance import performance_breakdown, performance_stats
from exporter.analytics.period import Period
from exporter.records.performance import Cpu, Space, SystemState
from exporter.rollups.store import RolledStore
from exporter.storage.query import equals

from ..recording import ADA, BOB, DAY, LAST_MONTH, NOW, TENANT, Recorder, performance


@pytest.fixture
async def six_calls(record: Recorder) -> None:
    """Four of Ada's, one of Bob's, one of another tenant."""
    busy = SystemState(cpu=Cpu(usage=50.0), memory=Space(percentage=40.0), disk=Space(percentage=9))
    await record(
        performance(response_time=10.0, request_size=100, response_size=1000, system=busy),
        performance(response_time=20.0, request_size=300, status_code=399),
        performance(response_time=30.0, endpoint="/pay", method="POST", status_code=400),
        performance(response_time=100.0, endpoint="/pay", method="POST", status_code=500),
        performance(response_time=40.0, service="mail", endpoint="/send", user_id="bob"),
        performance(response_time=9000.0, tenant_id="globex"),
    )


@pytest.mark.usefixtures("six_calls")
async def test_the_numbers_of_a_user(store: RolledStore) -> None:
    assert msgspec.structs.asdict(await performance_stats(store, ADA, LAST_MONTH)) == {
        "total_requests": 4,
        "avg_response_time": 40.0,
        "min_response_time": 10.0,
        "max_response_time": 100.0,
        "p50_response_time": pytest.approx(20.0, rel=0.05),
        "p95_response_time": pytest.approx(100.0, rel=0.05),
        "p99_response_time": pytest.approx(100.0, rel=0.05),
        "success_count": 2,
        "error_count": 2,
        "server_error_count": 1,
        "error_rate": 50.0,
        "server_error_rate": 25.0,
        "total_request_size": 400,
        "total_response_size": 1000,
        "avg_request_size": 200.0,
        "avg_response_size": 1000.0,
        "avg_cpu_usage": 50.0,
        "avg_memory_usage": 40.0,
        "avg_disk_usage": 9.0,
        "exact": ANY,
    }


async def test_over_nothing_rates_and_times_are_null(store: RolledStore) -> None:
    stats = await performance_stats(store, TENANT, LAST_MONTH)
    assert (stats.total_requests, stats.success_count, stats.total_request_size) == (0, 0, 0)
    assert stats.error_rate is stats.server_error_rate is stats.min_response_time is None


@pytest.mark.usefixtures("six_calls")
async def test_a_breakdown_is_by_service_and_endpoint(store: RolledStore) -> None:
    found = await performance_breakdown(store, TENANT, LAST_MONTH)
    assert found.stats.total_requests == 5
    shop, mail = found.service_distribution
    assert (shop.name, shop.count, shop.share, shop.error_count) == ("shop", 4, 80.0, 2)
    assert (shop.avg_response_time, shop.p95_response_time, shop.error_rate) == (40.0, 100.0, 50.0)
    assert (mail.name, mail.error_rate) == ("mail", 0.0)
    assert [(call.endpoint, call.avg_response_time) for call in found.slowest_endpoints] == [
        ("/pay", 65.0),
        ("/send", 40.0),
        ("/cart", 15.0),
    ]
    (pay,) = found.error_rates
    assert (pay.endpoint, pay.method, pay.error_count, pay.error_rate) == ("/pay", "POST", 2, 100.0)
    assert sum(point.count for point in found.time_series) == 5
    last = found.time_series[-1]
    assert (last.time.day, last.avg_response_time, last.error_rate) == (15, 40.0, 40.0)
    assert found.time_series[0].error_rate is None


@pytest.mark.usefixtures("six_calls")
async def test_scope_filters_and_period_narrow_the_calls(store: RolledStore) -> None:
    assert (await performance_stats(store, BOB, LAST_MONTH)).total_requests == 1
    failing = (equals("statusCode", 500),)
    assert (await performance_stats(store, TENANT, LAST_MONTH, failing)).total_requests == 1
    earlier = Period(NOW - 2 * DAY, NOW - DAY)
    assert (await performance_stats(store, TENANT, earlier)).total_requests == 0
