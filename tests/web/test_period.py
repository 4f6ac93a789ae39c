"""Which period a reading call is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from exporter.analytics.period import Period
from exporter.errors import Invalid
from exporter.family import Family
from exporter.records.ai_request import AI_REQUEST
from exporter.records.engagement import ENGAGEMENT
from exporter.records.performance import PERFORMANCE
from exporter.records.sale import SALE
from exporter.storage.query import equals
from exporter.web.period import PeriodQuery
from exporter.web.reading_ai import AiQuery, HistoryQuery
from exporter.web.reading_engagement import EngagementQuery, JourneyQuery
from exporter.web.reading_performance import PerformanceQuery
from exporter.web.reading_sales import SalesQuery

from ..conftest import NOW

MOMENT = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def asked(**parameters: str) -> Period:
    """The period that these parameters mean at NOW."""
    return msgspec.convert(parameters, PeriodQuery).period_at(NOW)


def day(month: int, number: int, *time: int) -> datetime:
    """A moment of 2026."""
    return datetime(2026, month, number, *time, tzinfo=UTC)  # type: ignore[misc, arg-type]  # hour, minute …


def test_the_default_is_the_last_thirty_days_with_this_moment() -> None:
    period = asked()
    assert period.start <= NOW - 30 * DAY + MOMENT
    assert period.end == NOW + MOMENT
    assert period.length == 30 * DAY


@pytest.mark.parametrize(("name", "hours"), [("1h", 1), ("24h", 24), ("7d", 168), ("90d", 2160)])
def test_a_named_period_ends_now(name: str, hours: int) -> None:
    assert asked(period=name) == Period(NOW + MOMENT - timedelta(hours=hours), NOW + MOMENT)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-01", "2026-03-01", Period(day(3, 1), day(3, 2))),
        ("2026-02-27", "2026-02-28", Period(day(2, 27), day(3, 1))),
        ("2026-03-01T06:30:00Z", "2026-03-01T07:00:00Z", Period(day(3, 1, 6, 30), day(3, 1, 7))),
        ("2026-03-01T01:00:00+02:00", "2026-03-01", Period(day(2, 28, 23), day(3, 2))),
        (
            "2026-03-01T00:00:00.1239Z",
            "2026-03-01T00:00:00.123Z",
            Period(day(3, 1) + 123 * MOMENT, day(3, 1) + 123 * MOMENT),
        ),
    ],
)
def test_dates_are_days_and_times_are_moments(start: str, end: str, expected: Period) -> None:
    assert asked(startDate=start, endDate=end) == expected


def test_a_missing_date_is_now_or_thirty_days_before() -> None:
    assert asked(startDate="2026-03-01") == Period(day(3, 1), NOW + MOMENT)
    assert asked(endDate="2026-03-01") == Period(day(3, 2) - 30 * DAY, day(3, 2))


@pytest.mark.parametrize(
    ("parameters", "paths"),
    [
        ({"period": "7d", "startDate": "2026-03-01"}, ["period"]),
        ({"period": "7d", "endDate": "2026-03-01"}, ["period"]),
        ({"startDate": "2026-03-02", "endDate": "2026-03-01T00:00:00Z"}, ["endDate"]),
        ({"startDate": "2026-03-16"}, ["startDate"]),
        ({"startDate": "2026-03-01T00:00:00"}, ["startDate"]),
        ({"startDate": "2026-02-29"}, ["startDate"]),
        ({"startDate": "yesterday", "endDate": "2026-3-1"}, ["endDate", "startDate"]),
        ({"startDate": ""}, ["startDate"]),
        ({"startDate": "1969-12-31"}, ["startDate"]),
        ({"endDate": "2100-01-01"}, ["endDate"]),
        ({"endDate": "9999-12-31"}, ["endDate"]),
        ({"startDate": "0001-01-01T00:00:00+09:00"}, ["startDate"]),
        ({"endDate": "2026-03-01T00:00:00 01:00"}, ["endDate"]),
    ],
)
def test_a_period_that_means_nothing_is_refused_by_name(
    parameters: dict[str, str], paths: list[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        asked(**parameters)
    assert [problem.path for problem in caught.value.details] == paths


@pytest.mark.parametrize(
    ("query", "family", "others"),
    [
        (AiQuery, AI_REQUEST, set()),
        (HistoryQuery, AI_REQUEST, {"page", "limit"}),
        (EngagementQuery, ENGAGEMENT, set()),
        (JourneyQuery, ENGAGEMENT, {"limit"}),
        (SalesQuery, SALE, set()),
        (PerformanceQuery, PERFORMANCE, set()),
    ],
)
def test_every_filter_bears_the_name_of_a_dimension(
    query: type[PeriodQuery], family: Family, others: set[str]
) -> None:
    shared = set(PeriodQuery.__struct_encode_fields__)
    filters = set(query.__struct_encode_fields__) - shared - others
    assert filters <= set(family.dimensions)
    assert others.isdisjoint(family.dimensions)


def test_filters_are_what_was_asked_for() -> None:
    query = AiQuery(model="gpt", status="failed", period="7d", user_id="ada")
    assert query.where(AI_REQUEST) == (equals("model", "gpt"), equals("status", "failed"))
    values: dict[str, Any] = {"status_code": 404, "endpoint": "/users/42?tab=1"}
    assert PerformanceQuery(**values).where(PERFORMANCE) == (
        equals("endpoint", "/users/:id"),
        equals("statusCode", 404),
    )
