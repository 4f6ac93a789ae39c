"""Numbers of AI requests, worked out by hand."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from exporter.access.principal import Scope
from exporter.analytics.period import Period
from exporter.analytics.usage import (
    RouterSavings,
    ai_breakdown,
    ai_stats,
    in_progress,
    router_savings,
    top_models,
)
from exporter.records.ai_request import AI_REQUEST, ENDED, AiRequest, Routing, Status, Tokens
from exporter.rollups.store import RolledStore
from exporter.storage.base import Outcome, Replace
from exporter.storage.query import equals

from ..recording import ADA, BOB, DAY, ELSEWHERE, LAST_MONTH, NOW, TENANT, Recorder, ai_request, utc

HOUR = timedelta(hours=1)


@pytest.fixture
async def four_requests(record: Recorder) -> None:
    """Three of Ada's that ended and one that did not, one of Bob's, one of another tenant."""
    await record(
        ai_request(
            status="completed",
            tokens=Tokens(100, 10),
            cost=0.5,
            duration_ms=100.0,
            feature="chat",
            provider="openai",
            created_at=NOW - 2 * DAY,
        ),
        ai_request(status="completed", tokens=Tokens(200, 20), cost=0.25, duration_ms=300.0),
        ai_request(status="failed", duration_ms=200.0, model="opus"),
        ai_request(status="processing"),
        ai_request(status="cancelled", user_id="bob", user_plan="pro"),
        ai_request(status="completed", tenant_id="globex", cost=99.0),
    )


@pytest.mark.usefixtures("four_requests")
async def test_the_numbers_of_a_user(store: RolledStore) -> None:
    stats = await ai_stats(store, ADA, LAST_MONTH)
    assert stats.total_requests == 4
    assert (stats.input_tokens, stats.output_tokens, stats.total_tokens) == (300, 30, 330)
    assert stats.total_cost == 0.75
    assert stats.avg_duration == 200.0
    percentiles = stats.p50_duration, stats.p95_duration, stats.p99_duration
    within = 0 if stats.exact else 0.05
    assert percentiles == pytest.approx((200.0, 300.0, 300.0), rel=within)
    assert (stats.success_count, stats.failure_count, stats.cancelled_count) == (2, 1, 0)
    assert stats.pending_count == 1
    assert stats.success_rate == pytest.approx(200 / 3)


@pytest.mark.usefixtures("four_requests")
@pytest.mark.parametrize(
    ("scope", "requests"),
    [(ADA, 4), (BOB, 1), (TENANT, 5), (ELSEWHERE, 1), (Scope("acme", "nobody"), 0)],
)
async def test_nobody_counts_what_is_not_theirs(
    store: RolledStore, scope: Scope, requests: int
) -> None:
    assert (await ai_stats(store, scope, LAST_MONTH)).total_requests == requests


async def test_over_nothing_counts_are_zero_and_the_rest_is_null(store: RolledStore) -> None:
    stats = await ai_stats(store, TENANT, LAST_MONTH)
    assert (stats.total_requests, stats.total_tokens, stats.total_cost) == (0, 0, 0)
    assert stats.avg_duration is stats.p50_duration is stats.success_rate is None


async def test_requests_that_have_not_ended_have_no_success_rate(
    record: Recorder, store: RolledStore
) -> None:
    await record(ai_request(status="pending"))
    stats = await ai_stats(store, TENANT, LAST_MONTH)
    assert (stats.pending_count, stats.success_rate) == (1, None)


async def test_the_start_is_in_the_period_and_the_end_is_not(
    record: Recorder, store: RolledStore
) -> None:
    await record(ai_request(created_at=NOW), ai_request(created_at=NOW - HOUR))
    period = Period(NOW - HOUR, NOW)
    assert (await ai_stats(store, TENANT, period)).total_requests == 1
    moment = timedelta(milliseconds=1)
    shifted = Period(period.start + moment, period.end + moment)
    assert (await ai_stats(store, TENANT, shifted)).total_requests == 1
    assert (await ai_stats(store, TENANT, Period(NOW, NOW))).total_requests == 0


@pytest.mark.usefixtures("four_requests")
async def test_filters_narrow_the_numbers(store: RolledStore) -> None:
    stats = await ai_stats(store, TENANT, LAST_MONTH, (equals("model", "opus"),))
    assert (stats.total_requests, stats.failure_count, stats.success_rate) == (1, 1, 0.0)


@pytest.mark.usefixtures("four_requests")
async def test_a_breakdown_has_the_largest_part_first(store: RolledStore) -> None:
    found = await ai_breakdown(store, TENANT, LAST_MONTH)
    assert found.stats == await ai_stats(store, TENANT, LAST_MONTH)
    assert [(part.name, part.count, part.share) for part in found.model_distribution] == [
        ("gpt", 4, 80.0),
        ("opus", 1, 20.0),
    ]
    gpt = found.model_distribution[0]
    assert (gpt.total_tokens, gpt.total_cost, gpt.avg_duration) == (330, 0.75, 200.0)
    assert gpt.success_rate == pytest.approx(200 / 3)
    assert [(part.name, part.count) for part in found.feature_distribution] == [
        (None, 4),
        ("chat", 1),
    ]
    assert [(part.name, part.count) for part in found.provider_distribution] == [
        (None, 4),
        ("openai", 1),
    ]
    assert [(part.name, part.count) for part in found.plan_distribution] == [
        ("free", 4),
        ("pro", 1),
    ]


@pytest.mark.usefixtures("four_requests")
async def test_a_long_series_is_by_the_day_without_gaps(store: RolledStore) -> None:
    period = Period(utc(2026, 3, 12), utc(2026, 3, 16))
    points = (await ai_breakdown(store, TENANT, period)).time_series
    assert [(point.time.day, point.count) for point in points] == [
        (12, 0),
        (13, 1),
        (14, 0),
        (15, 4),
    ]
    assert (points[1].total_tokens, points[1].total_cost) == (110, 0.5)
    assert (points[1].avg_duration, points[1].success_rate) == (100.0, 100.0)
    assert (points[0].avg_duration, points[0].success_rate, points[0].total_cost) == (None, None, 0)


@pytest.mark.usefixtures("four_requests")
async def test_a_short_series_is_by_the_hour(store: RolledStore) -> None:
    points = (await ai_breakdown(store, ADA, Period(NOW - 2 * HOUR, NOW))).time_series
    assert [(point.time.hour, point.count) for point in points] == [(10, 0), (11, 3)]


async def test_a_breakdown_of_nothing_has_empty_parts(store: RolledStore) -> None:
    found = await ai_breakdown(store, TENANT, Period(NOW, NOW))
    assert found.model_distribution == found.time_series == []


@pytest.mark.usefixtures("four_requests")
async def test_shares_of_a_ranking_are_of_all_requests(store: RolledStore) -> None:
    (most,) = await top_models(store, TENANT, LAST_MONTH, (), 1)
    assert (most.name, most.count, most.share) == ("gpt", 4, 80.0)


async def test_in_progress_is_what_began_within_the_hour_and_has_not_ended(
    record: Recorder, store: RolledStore
) -> None:
    moment = timedelta(milliseconds=1)
    await record(
        ai_request(status="pending", created_at=NOW),
        ai_request(status="processing", created_at=NOW - HOUR + moment, user_id=None),
        ai_request(status="pending", created_at=NOW - HOUR),
        ai_request(status="completed", created_at=NOW),
        ai_request(status="pending", created_at=NOW, tenant_id="globex", model="opus"),
    )
    assert await in_progress(store, None, NOW) == {"gpt": 2, "opus": 1}
    assert await in_progress(store, TENANT, NOW) == {"gpt": 2}


@pytest.mark.parametrize("status", sorted(ENDED))
async def test_what_has_ended_is_in_progress_no_more(
    record: Recorder, store: RolledStore, status: Status
) -> None:
    begun = ai_request(status="pending", created_at=NOW)
    await record(begun)
    going = replace(begun, status="processing", revision=1)
    assert await store.write([Replace(AI_REQUEST, going)]) == [Outcome.STORED]
    assert await in_progress(store, None, NOW) == {"gpt": 1}
    ended = replace(going, status=status, revision=2)
    AI_REQUEST.complete(ended, lambda *_: None)
    assert await store.write([Replace(AI_REQUEST, ended)]) == [Outcome.STORED]
    assert await in_progress(store, None, NOW) == {}


async def test_router_savings_are_of_routed_requests_that_say_both_costs(
    record: Recorder, store: RolledStore
) -> None:
    def routed(baseline: float | None, cost: float | None, was_routed: bool = True) -> AiRequest:
        routing = Routing(was_routed=was_routed, baseline_cost=baseline)
        return ai_request(routing=routing, cost=cost)

    await record(
        routed(1.0, 0.25),
        routed(0.5, 1.0),
        routed(9.0, None),
        routed(None, 9.0),
        routed(9.0, 0.0, was_routed=False),
        ai_request(cost=5.0),
    )
    found = await router_savings(store, TENANT, LAST_MONTH)
    assert found == RouterSavings(routed_requests=4, baseline_cost=1.5, cost=1.25, savings=0.25)
    assert (await ai_breakdown(store, TENANT, LAST_MONTH)).router == found


async def test_routing_that_costs_more_says_so(record: Recorder, store: RolledStore) -> None:
    routing = Routing(was_routed=True, baseline_cost=0.25)
    await record(ai_request(routing=routing, cost=1.0))
    assert (await router_savings(store, TENANT, LAST_MONTH)).savings == -0.75
