"""Random months: the sum over any split equals the whole, and a user's view is a filter's."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count, pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.access.principal import Scope
from exporter.analytics.credits import credit_stats
from exporter.analytics.engagement import engagement_stats
from exporter.analytics.performance import performance_stats
from exporter.analytics.period import Period
from exporter.analytics.revenue import revenue_by_plan, totals_by_currency
from exporter.analytics.usage import ai_stats
from exporter.records.ai_request import Tokens
from exporter.rollups.store import RolledStore
from exporter.storage.query import Where, equals

from ..recording import (
    NOW,
    Recorder,
    ai_request,
    credit,
    engagement,
    performance,
    sale,
)

MONTH = Period(NOW - timedelta(days=30), NOW)
MINUTES = 30 * 24 * 60
TENANTS = count(1)
USERS = ("a", "b", None)
PLANS = ("free", "pro", None)
Numbers = dict[str, Any]
Ask = Callable[[RolledStore, Scope, Period, Where], Awaitable[Numbers]]

_moments = st.integers(0, MINUTES - 1).map(lambda minutes: MONTH.start + timedelta(minutes=minutes))
# Eighths, whose sums are exact in whatever order they are added up.
_eighths = st.integers(0, 40).map(lambda number: number / 8)
_cents = st.integers(0, 99_999).map(lambda cents: f"{cents // 100}.{cents % 100:02}")
_common = {"user_id": st.sampled_from(USERS), "user_plan": st.sampled_from(PLANS)}
_events = st.lists(
    st.one_of(
        st.builds(
            ai_request,
            created_at=_moments,
            status=st.sampled_from(["pending", "completed", "failed", "cancelled"]),
            tokens=st.builds(Tokens, st.integers(0, 1000), st.integers(0, 1000)),
            cost=_eighths,
            **_common,
        ),
        st.builds(engagement, timestamp=_moments, value=_eighths, **_common),
        st.builds(
            performance,
            timestamp=_moments,
            status_code=st.sampled_from([200, 399, 400, 500]),
            response_size=st.integers(0, 1000),
            **_common,
        ),
        st.builds(credit, created_at=_moments, credits_used=_eighths, **_common),
        st.builds(
            sale,
            _cents,
            st.sampled_from(["purchase", "one_time", "refund", "credit"]),
            created_at=_moments,
            status=st.sampled_from(["completed", "failed"]),
            currency=st.sampled_from(["USD", "EUR"]),
            **_common,
        ),
    ),
    max_size=20,
)
_cuts = st.lists(_moments, max_size=4)


def added_up(answer: msgspec.Struct, *names: str) -> Numbers:
    """The numbers of an answer that can be added up."""
    return {name: getattr(answer, name) for name in names}


async def _requests(store: RolledStore, scope: Scope, period: Period, where: Where) -> Numbers:
    found = await ai_stats(store, scope, period, where)
    counts = ("total_requests", "success_count", "failure_count", "cancelled_count")
    return added_up(found, *counts, "pending_count", "total_tokens", "total_cost")


async def _engagement(store: RolledStore, scope: Scope, period: Period, where: Where) -> Numbers:
    found = await engagement_stats(store, scope, period, where)
    return added_up(found, "total_events", "total_value")


async def _calls(store: RolledStore, scope: Scope, period: Period, where: Where) -> Numbers:
    found = await performance_stats(store, scope, period, where)
    counts = ("total_requests", "success_count", "error_count", "server_error_count")
    return added_up(found, *counts, "total_response_size")


async def _credits(store: RolledStore, scope: Scope, period: Period, where: Where) -> Numbers:
    found = (await credit_stats(store, scope, period, where)).stats
    return added_up(found, "uses", "total_credits", "total_cost")


async def _money(store: RolledStore, scope: Scope, period: Period, where: Where) -> Numbers:
    totals = totals_by_currency(await revenue_by_plan(store, scope, period, where))
    return {
        f"{currency} {name}": getattr(totals[currency], name) if currency in totals else 0
        for currency in ("USD", "EUR")
        for name in ("revenue", "refunds", "net_revenue")
    }


SUBJECTS: dict[str, Ask] = {
    "requests": _requests,
    "engagement": _engagement,
    "calls": _calls,
    "credits": _credits,
    "money": _money,
}


def total(parts: list[Numbers]) -> Numbers:
    """The sum of the parts, number by number."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}


@pytest.mark.parametrize("subject", SUBJECTS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=_events, cuts=_cuts)
async def test_the_sum_over_any_split_equals_the_whole(
    record: Recorder, subject: str, events: list[msgspec.Struct], cuts: list[Any]
) -> None:
    tenant = f"tenant {next(TENANTS)}"
    await record(*(msgspec.structs.replace(event, tenant_id=tenant) for event in events))
    ask, scope, store = SUBJECTS[subject], Scope(tenant, None), record.store
    whole = await ask(store, scope, MONTH, ())
    moments = [MONTH.start, *sorted(cuts), MONTH.end]
    by_time = [await ask(store, scope, Period(*part), ()) for part in pairwise(moments)]
    assert total(by_time) == whole
    by_plan = [await ask(store, scope, MONTH, (equals("userPlan", plan),)) for plan in PLANS]
    assert total(by_plan) == whole
    by_user = [await ask(store, scope, MONTH, (equals("userId", user),)) for user in USERS]
    assert total(by_user) == whole
    for user, filtered in zip(USERS, by_user, strict=True):
        if user is not None:
            assert await ask(store, Scope(tenant, user), MONTH, ()) == filtered
