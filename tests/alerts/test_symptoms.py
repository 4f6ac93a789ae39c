"""What evaluators see, in the store on each engine and at the replica."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from exporter.alerts import symptoms
from exporter.alerts.symptoms import Symptom, View
from exporter.analytics.slices import MOST
from exporter.metrics import catalogue
from exporter.metrics.values import Metrics
from exporter.rollups.store import RolledStore
from exporter.storage.base import Store
from exporter.storage.log_buckets import ACCURACY

from ..recording import DAY, NOW, Recorder, ai_request, credit, engagement, performance, sale
from .scene import MINUTE

Record = Callable[..., Awaitable[None]]
HALF_HOUR = timedelta(minutes=30)
NOTHING = Symptom(0.0, "there is nothing to judge")


@pytest.fixture
def view(store: Store, metrics: Metrics) -> View:
    """A view on the store of each engine in turn."""
    return View(store=store, metrics=metrics, now=NOW)


@pytest.fixture
def record(store: Store) -> Record:
    """Puts records into it."""
    return Recorder(cast(RolledStore, store))  # which it only writes to


def calls(count: int, errors: int = 0, **values: Any) -> list[Any]:
    """Calls of the last minute, some of which failed."""
    values = {"timestamp": NOW - MINUTE, **values}
    statuses = [500 if n < errors else 200 for n in range(count)]
    return [performance(status_code=status, **values) for status in statuses]


async def test_calls_of_all_tenants_in_the_last_five_minutes_are_judged(
    view: View, record: Record
) -> None:
    await record(
        *calls(15, errors=1),
        *calls(5, errors=1, tenant_id="globex"),
        *calls(10, errors=10, timestamp=NOW - 5 * MINUTE - timedelta(milliseconds=1)),
    )
    assert await symptoms.failing_calls(view) == Symptom(
        10.0, "10.0 % of 20 calls to shop in 5 minutes failed"
    )


async def test_a_status_of_400_and_above_is_an_error(view: View, record: Record) -> None:
    await record(*calls(19), performance(status_code=400, timestamp=NOW))
    found = await symptoms.failing_calls(view)
    assert found is not None
    assert found.value == 5.0


async def test_below_twenty_calls_there_is_not_enough(view: View, record: Record) -> None:
    await record(*calls(19, errors=19))
    assert await symptoms.failing_calls(view) == Symptom(
        100.0, "100.0 % of 19 calls to shop in 5 minutes failed", enough=False
    )


async def test_a_service_that_fails_does_not_hide_behind_the_others(
    view: View, record: Record
) -> None:
    await record(*calls(200, service="busy\nbee"), *calls(20, errors=5, service="small"))
    assert await symptoms.failing_calls(view) == Symptom(
        25.0, "25.0 % of 20 calls to small in 5 minutes failed"
    )


async def test_services_that_are_hardly_called_are_judged_together(
    view: View, record: Record
) -> None:
    for name in "abcd":
        await record(*calls(6, errors=2, service=name))
    assert await symptoms.failing_calls(view) == Symptom(
        100 * 8 / 24, "33.3 % of 24 calls to all services in 5 minutes failed"
    )


async def test_all_services_together_are_all_of_them_however_many(
    view: View, record: Record
) -> None:
    await record(
        *(one for n in range(MOST + 20) for one in calls(1, errors=1, service=f"s{n:03}")),
    )
    count = MOST + 20
    assert await symptoms.failing_calls(view) == Symptom(
        100.0, f"100.0 % of {count} calls to all services in 5 minutes failed"
    )
    found = await symptoms.slow_calls(view)
    assert found is not None
    assert found.enough
    assert f"1 in 20 of {count} calls to all services" in found.detail


async def test_a_callers_word_is_shown_on_one_line(view: View, record: Record) -> None:
    await record(*calls(20, errors=20, service="a\r\nb"))
    found = await symptoms.failing_calls(view)
    assert found is not None
    assert "calls to a b in" in found.detail


async def test_slow_calls_are_judged_by_their_95th_percentile(view: View, record: Record) -> None:
    await record(*calls(18, response_time=50.0), *calls(2, response_time=2_500.4))
    found = await symptoms.slow_calls(view)
    assert found is not None
    assert found.value == pytest.approx(2_500.4, rel=ACCURACY)
    assert found.detail == (
        f"1 in 20 of 20 calls to shop in 5 minutes took longer than {found.value:.0f} ms"
    )


async def test_a_slow_service_does_not_hide_behind_the_others(view: View, record: Record) -> None:
    await record(*calls(400, service="busy", response_time=20.0))
    await record(*calls(20, service="small", response_time=3_000.0))
    await record(*calls(6, service="tiny", response_time=9_000.0))
    found = await symptoms.slow_calls(view)
    assert found is not None
    assert found.enough
    assert found.value == pytest.approx(3_000.0, rel=ACCURACY)
    assert "of 20 calls to small in 5 minutes" in found.detail


async def test_requests_are_judged_when_they_have_ended(view: View, record: Record) -> None:
    def some(count: int, status: str, **values: Any) -> list[Any]:
        values = {"created_at": NOW - MINUTE, **values}
        return [ai_request(status=status, **values) for _ in range(count)]

    await record(
        *some(15, "completed"),
        *some(4, "failed"),
        *some(1, "cancelled"),
        *some(50, "pending"),
        *some(50, "failed", created_at=NOW - 16 * MINUTE),
        *some(100, "completed", model="opus"),
    )
    assert await symptoms.failing_requests(view) == Symptom(
        20.0, "20.0 % of 20 requests to gpt in 15 minutes failed"
    )


async def test_payments_are_judged_without_refunds_and_what_is_pending(
    view: View, record: Record
) -> None:
    def some(count: int, status: str, kind: str = "purchase") -> list[Any]:
        return [sale(kind=kind, status=status, created_at=NOW - MINUTE) for _ in range(count)]

    await record(
        *some(5, "completed"),
        *some(1, "refunded"),
        *some(4, "failed", "subscription"),
        *some(20, "failed", "refund"),
        *some(20, "pending"),
    )
    assert await symptoms.failing_payments(view) == Symptom(
        40.0, "40.0 % of 10 payments in an hour failed"
    )


@pytest.mark.parametrize(
    "look",
    [
        symptoms.failing_calls,
        symptoms.slow_calls,
        symptoms.failing_requests,
        symptoms.failing_payments,
    ],
)
async def test_where_nothing_happens_nothing_is_wrong(look: Any, view: View) -> None:
    assert await look(view) == NOTHING


def some_events(before: datetime, count: int = 10) -> list[Any]:
    """Events in the half hour before a time."""
    return [engagement(timestamp=before - (n + 1) * MINUTE) for n in range(count)]


@pytest.mark.parametrize(
    ("events", "enough"),
    [
        ((10, 1, 0), True),
        ((10, 0, 0), True),  # a young installation
        ((10, 0, 1), False),  # as quiet a week ago
        ((9, 1, 0), False),
        ((0, 10, 0), False),
        ((0, 0, 0), False),
    ],
)
async def test_silence_is_something_where_it_was_not_silent_before(
    view: View, record: Record, events: tuple[int, int, int], enough: bool
) -> None:
    yesterday, a_week_ago, around_then = events
    week = NOW - 7 * DAY
    await record(
        *some_events(NOW - DAY, yesterday),
        *some_events(week, a_week_ago),
        *some_events(week + timedelta(hours=3), around_then),
    )
    assert await symptoms.silence(view, HALF_HOUR) == Symptom(
        60.0, "there has been no event for more than 60 minutes", enough
    )


async def test_silence_is_counted_from_the_last_event_of_any_family(
    view: View, record: Record
) -> None:
    await record(
        *some_events(NOW - DAY),
        credit(created_at=NOW - 40 * MINUTE),
        sale(created_at=NOW - 35 * MINUTE),
    )
    assert await symptoms.silence(view, HALF_HOUR) == Symptom(
        35.0, "there has been no event for 35 minutes"
    )
    assert await symptoms.silence(view, timedelta(minutes=36)) == Symptom(
        35.0, "there has been no event for 35 minutes", enough=False
    )


async def test_silence_is_not_judged_while_events_wait_in_the_spool(
    view: View, metrics: Metrics
) -> None:
    metrics.set(catalogue.SPOOL_EVENTS, (), 3.0)
    assert await symptoms.silence(view, HALF_HOUR) is None


async def test_the_spool_and_the_disk_are_as_the_metrics_show_them(
    view: View, metrics: Metrics
) -> None:
    assert await symptoms.full_spool(view) == Symptom(0.0, "0 % of the spool is used")
    assert await symptoms.full_disk(view) is None
    metrics.set(catalogue.SPOOL_BYTES, (), 850.0)
    metrics.set(catalogue.SPOOL_LIMIT, (), 1_000.0)
    metrics.set(catalogue.SYSTEM_DISK_USAGE, ("exporter",), 91.0)
    metrics.set(catalogue.SYSTEM_DISK_USAGE, ("shop",), 99.0)
    assert await symptoms.full_spool(view) == Symptom(85.0, "85 % of the spool is used")
    assert await symptoms.full_disk(view) == Symptom(91.0, "91 % of the disk is used")
