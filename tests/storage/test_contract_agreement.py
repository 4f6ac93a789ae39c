"""Random documents and random queries: every engine answers as the reference model does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.family import Family
from exporter.fields import Money
from exporter.records import AI_REQUEST, SALE
from exporter.records.ai_request import Routing, Tokens
from exporter.records.sale import Subscription
from exporter.storage.base import Store
from exporter.storage.query import (
    OF_EACH,
    Aggregation,
    By,
    Filter,
    Find,
    Function,
    LogBucket,
    Measure,
    Operator,
    Order,
    TimeBucket,
    Where,
)

from . import reference
from .documents import DERIVED, ai, derived, keep, sale

# Few different values, so that groups, ties and duplicates are common. Floats are eighths: their
# sums are exact, and so the same in whatever order an engine adds them up.
EIGHTHS = st.integers(0, 40).map(lambda number: number / 8)
WHOLE = st.sampled_from([0, 1, 2, 3, 1000, 2**31, 2**40 + 1])
MONEY = st.sampled_from(["0", "0.000001", "0.1", "0.2", "19.99", "1000000"]).map(Money)
WORDS = st.sampled_from(["", "a", "B", "b", "é", "𝄞"])
USERS = st.sampled_from(["ada", "ben", "cy"])
TIMES = st.one_of(
    st.sampled_from(
        [
            datetime(2025, 12, 28, 23, 59, 59, 999_000, UTC),
            datetime(2025, 12, 29, tzinfo=UTC),
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2024, 2, 29, 12, tzinfo=UTC),
            datetime(1970, 1, 1, tzinfo=UTC),
        ]
    ),
    st.integers(0, 60 * 24 * 70).map(
        lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, or quite often none."""
    return st.none() | strategy | strategy


REQUESTS = st.fixed_dictionaries(
    {"created_at": TIMES, "model": WORDS, "status": st.sampled_from(["completed", "failed"])},
    optional={
        "user_id": maybe(USERS),
        "feature": maybe(WORDS),
        "cost": maybe(EIGHTHS),
        "duration_ms": maybe(EIGHTHS),
        "rating": maybe(st.integers(1, 5)),
        "tokens": maybe(st.builds(Tokens, WHOLE, WHOLE)),
        "routing": maybe(st.builds(Routing, st.booleans(), baseline_cost=maybe(EIGHTHS))),
    },
)
SALES = st.fixed_dictionaries(
    {"created_at": TIMES, "amount": MONEY, "revenue": MONEY},
    optional={
        "user_id": maybe(USERS),
        "plan": maybe(WORDS),
        "completed_at": maybe(TIMES),
        "subscription": maybe(
            st.builds(Subscription, maybe(TIMES), auto_renew=maybe(st.booleans()))
        ),
    },
)

Values = dict[str, st.SearchStrategy[Any]]
REQUEST_VALUES: Values = {
    "createdAt": TIMES,
    "requestId": st.sampled_from(["0", "1", "7"]),
    "userId": USERS,
    "model": WORDS,
    "feature": WORDS,
    "status": st.sampled_from(["completed", "failed", "pending"]),
    "routing.wasRouted": st.booleans(),
    "cost": EIGHTHS | st.integers(0, 5),
    "rating": st.integers(1, 5) | EIGHTHS,
    "tokens.input": WHOLE,
    "routing.baselineCost": EIGHTHS,
}
SALE_VALUES: Values = {
    "createdAt": TIMES,
    "userId": USERS,
    "plan": WORDS,
    "completedAt": TIMES,
    "subscription.startDate": TIMES,
    "subscription.autoRenew": st.booleans(),
    "amount": st.sampled_from([0, 0.1, 19.99, 0.0000005, 1000000]),
    "revenue": st.sampled_from([0.000001, 20]),
}
NUMBERS = {
    "ai_request": ["cost", "durationMs", "rating", "tokens.input", "routing.baselineCost"],
    "sale": ["amount", "revenue"],
}
GROUPS: dict[str, list[By]] = {
    "ai_request": [
        *("model", "feature", "status", "userId", "routing.wasRouted", "tenantId"),
        *map(LogBucket, NUMBERS["ai_request"]),
    ],
    "sale": ["plan", "userId", "subscription.startDate", "subscription.autoRenew", "type"],
}
TIME_FIELDS = {"ai_request": [None, "createdAt"], "sale": [None, "completedAt"]}
QUANTILES = st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0])


@st.composite
def filters(draw: st.DrawFn, values: Values) -> Filter:
    """Any filter on one of the fields."""
    field = draw(st.sampled_from(sorted(values)))
    op = draw(st.sampled_from(Operator))
    if op is Operator.IN:
        return Filter(field, op, tuple(draw(st.lists(maybe(values[field]), max_size=3))))
    if op is Operator.WITHIN:
        pairs = st.tuples(maybe(values[field]), maybe(values[field]))
        return Filter(field, op, tuple(draw(st.lists(pairs, max_size=4))))
    return Filter(field, op, draw(maybe(values[field])))


def wheres(values: Values) -> st.SearchStrategy[tuple[Filter, ...]]:
    """Mostly none or one filter, so that most queries match something."""
    return st.lists(filters(values), max_size=2).map(tuple)


@st.composite
def measures(draw: st.DrawFn, family: Family, values: Values, name: str) -> Measure:
    """Any measure that has a meaning."""
    where = draw(wheres(values))
    function = draw(st.sampled_from(Function))
    if function is Function.COUNT:
        return Measure(name, function, draw(maybe(st.sampled_from(sorted(values)))), where)
    anything = function in (Function.MIN, Function.MAX, Function.DISTINCT)
    fields = sorted(values) if anything else NUMBERS[family.kind]
    quantile = draw(QUANTILES) if function is Function.PERCENTILE else None
    return Measure(name, function, draw(st.sampled_from(fields)), where, quantile)


@st.composite
def aggregations(draw: st.DrawFn, family: Family, values: Values) -> Aggregation:
    """Any aggregation of a family."""
    buckets = st.builds(
        TimeBucket,
        st.sampled_from(["hour", "day", "week", "month"]),
        st.sampled_from(TIME_FIELDS[family.kind]),
    )
    by: list[Any] = draw(
        st.lists(
            st.sampled_from(GROUPS[family.kind]) | buckets,
            max_size=3,
            unique_by=lambda part: part if isinstance(part, str) else part.name,
        )
    )
    chosen = [
        draw(measures(family, values, f"m{number}"))
        for number in range(draw(st.integers(0 if by else 1, 4)))
    ]
    names = [part if isinstance(part, str) else part.name for part in by]
    names += [measure.name for measure in chosen]
    orders = st.builds(Order, st.sampled_from(names), st.booleans())
    return Aggregation(
        family,
        chosen,
        draw(wheres(values)),
        by,
        draw(st.lists(orders, max_size=2, unique_by=lambda order: order.name)),
        draw(maybe(st.integers(1, 5))),
        draw(st.lists(st.sampled_from(sorted(values)), max_size=2, unique=True)),
    )


@st.composite
def finds(draw: st.DrawFn, family: Family, values: Values) -> Find:
    """Any Find of a family."""
    orders = st.builds(Order, st.sampled_from(sorted(values)), st.booleans())
    return Find(
        family,
        draw(wheres(values)),
        draw(st.lists(orders, max_size=2, unique_by=lambda order: order.name)),
        draw(st.integers(1, 8)),
        draw(st.integers(0, 4)),
    )


CASES = {
    "ai_request": (AI_REQUEST, ai, REQUESTS, REQUEST_VALUES),
    "sale": (SALE, sale, SALES, SALE_VALUES),
}


def shown(rows: list[dict[str, Any]]) -> list[dict[str, tuple[str, Any]]]:
    """Rows with the kinds of their values, since True == 1 == Decimal(1)."""
    return [{name: (_kind(value), value) for name, value in row.items()} for row in rows]


def _kind(value: Any) -> str:
    if value == 0 and not isinstance(value, bool):
        return "zero"  # the reference does not know of what kind a sum over nothing is
    if isinstance(value, Decimal):
        return "money"
    return type(value).__name__


@pytest.mark.parametrize("case", CASES)
@settings(
    max_examples=80,
    deadline=None,
    # Each example has a tenant of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_answers_agree_with_the_reference(
    store: Store, case: str, data: st.DataObject
) -> None:
    family, make, fields, values = CASES[case]
    (row,) = await store.aggregate(
        Aggregation(family, [Measure("tenants", Function.DISTINCT, "tenantId")])
    )
    tenant = f"tenant {row['tenants']}"
    documents = [
        make(str(number), tenant_id=tenant, **data.draw(fields))
        for number in range(data.draw(st.integers(1, 12)))
    ]
    await keep(store, family, *documents)
    own = Filter("tenantId", Operator.EQ, tenant)
    for _ in range(3):
        drawn = data.draw(aggregations(family, values))
        query = replace(drawn, where=(own, *drawn.where))
        rows = await store.aggregate(query)
        assert shown(rows) == shown(reference.aggregate(documents, query))
        assert await store.aggregate(replace(query, flat=True)) == [
            tuple(row.values()) for row in rows
        ]
        alone = replace(
            query,
            measures=[
                Measure("all"),
                *(one for one in query.measures if one.function in OF_EACH),
            ],
            order=(),
            limit=None,
            each=True,
        )
        found = shown(await store.aggregate(alone))
        meant = shown(reference.aggregate(documents, alone))
        assert len(found) == len(meant)
        assert all(found.count(row) == meant.count(row) for row in meant)  # in whatever order
    wanted = data.draw(finds(family, values))
    find = Find(family, (own, *wanted.where), wanted.order, wanted.limit, wanted.offset)
    assert await store.find(find) == reference.find(documents, find)


HOURS = st.integers(0, 5).map(lambda hour: datetime(2026, 1, 1, hour, tzinfo=UTC))
TENANTS = st.sampled_from(["acme", "other"])
DERIVED_VALUES: Values = {"time": HOURS, "model": WORDS, "n": WHOLE, "tenantId": TENANTS}
PUT = st.lists(
    st.builds(
        derived,
        st.sampled_from("abcdef"),
        tenant_id=TENANTS,
        time=HOURS,
        model=maybe(WORDS),
        n=WHOLE,
        tokens_input_sum=maybe(WHOLE),
        amount_sum=maybe(MONEY),
        users_sketch=maybe(st.binary(max_size=3)),
    ),
    max_size=6,
    unique_by=lambda document: (document.tenant_id, document.id),
)


@settings(
    max_examples=60,
    deadline=None,
    # Each example begins with a put of nothing.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(puts=st.lists(st.tuples(wheres(DERIVED_VALUES), PUT), max_size=5))
async def test_puts_leave_what_the_reference_does(
    store: Store, puts: list[tuple[Where, list[Any]]]
) -> None:
    await store.put(DERIVED, (), [])
    expected: list[Any] = []
    for where, documents in puts:
        await store.put(DERIVED, where, documents)
        expected = reference.put(expected, where, documents)
        everything = Find(DERIVED, order=(Order("tenantId"),))
        assert await store.find(everything) == reference.find(expected, everything)
