"""What every engine calculates, against numbers worked out by hand."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.errors import Invalid
from exporter.fields import Money
from exporter.records import AI_REQUEST, CREDIT, ENGAGEMENT, SALE
from exporter.records.ai_request import Routing, Tokens
from exporter.records.engagement import PageMetadata
from exporter.records.sale import Subscription
from exporter.storage.base import Store
from exporter.storage.log_buckets import GAMMA, SMALLEST, ZERO_BUCKET, bucket_of
from exporter.storage.query import (
    Aggregation,
    By,
    Filter,
    Function,
    LogBucket,
    Measure,
    Operator,
    Order,
    TimeBucket,
    between,
    equals,
)

from .documents import DERIVED, NOON, ai, credit, derived, event, keep, minutes, sale

COUNT = Measure("n")


def measure(function: Function, field: str, **options: Any) -> Measure:
    """A measure with the function's name."""
    return Measure(function.value, function, field, **options)


def all_of(field: str) -> list[Measure]:
    """Every function of a number."""
    return [
        COUNT,
        *(
            measure(function, field, quantile=0.5 if function is Function.PERCENTILE else None)
            for function in Function
        ),
    ]


async def one(store: Store, *arguments: Any, **options: Any) -> dict[str, Any]:
    """The only row."""
    (row,) = await store.aggregate(Aggregation(*arguments, **options))
    return row


async def test_every_function_of_floats(store: Store) -> None:
    for key, cost in {"a": 1.0, "b": 2.5, "c": None, "d": 2.5, "e": 0.0}.items():
        await keep(store, AI_REQUEST, ai(key, cost=cost))
    row = await one(store, AI_REQUEST, all_of("cost"))
    assert row == {
        "n": 5,
        "count": 4,
        "sum": 6.0,
        "avg": 1.5,
        "min": 0.0,
        "max": 2.5,
        "distinct": 3,
        "percentile": 1.0,
    }
    assert isinstance(row["sum"], float)


async def test_every_function_of_whole_numbers(store: Store) -> None:
    for key, number in {"a": 4, "b": 1, "c": 4, "d": 2**53}.items():
        await keep(store, AI_REQUEST, ai(key, tokens=Tokens(number, 0)))
    await keep(store, AI_REQUEST, ai("e"))
    row = await one(store, AI_REQUEST, all_of("tokens.input"))
    assert row == {
        "n": 5,
        "count": 4,
        "sum": 2**53 + 9,
        "avg": pytest.approx((2**53 + 9) / 4, rel=1e-15),
        "min": 1,
        "max": 2**53,
        "distinct": 3,
        "percentile": 4,
    }
    assert isinstance(row["sum"], int)


async def test_every_function_of_money_is_an_exact_decimal(store: Store) -> None:
    for key, amount in {"a": "0.10", "b": "0.20", "c": "0.10", "d": "1000000000000"}.items():
        await keep(store, SALE, sale(key, amount))
    row = await one(store, SALE, all_of("amount"))
    assert row == {
        "n": 4,
        "count": 4,
        "sum": Decimal("1000000000000.40"),
        "avg": Decimal("250000000000.10"),
        "min": Decimal("0.10"),
        "max": Decimal("1000000000000"),
        "distinct": 3,
        "percentile": Decimal("0.10"),
    }
    money = [row[name] for name in ("sum", "avg", "min", "max", "percentile")]
    assert all(isinstance(amount, Decimal) for amount in money)


async def test_over_nothing_there_is_one_row_of_zeros_and_nones(store: Store) -> None:
    for family, field in ((AI_REQUEST, "cost"), (AI_REQUEST, "tokens.input"), (SALE, "amount")):
        row = await one(store, family, all_of(field))
        assert row == {
            "n": 0,
            "count": 0,
            "sum": 0,
            "avg": None,
            "min": None,
            "max": None,
            "distinct": 0,
            "percentile": None,
        }
    assert isinstance(row["sum"], Decimal)


async def test_over_nothing_there_are_no_groups(store: Store) -> None:
    assert await store.aggregate(Aggregation(AI_REQUEST, [COUNT], by=["model"])) == []


async def test_over_absent_values_a_group_has_zeros_and_nones(store: Store) -> None:
    await keep(store, SALE, sale("s"))
    row = await one(store, AI_REQUEST, all_of("cost"))
    await keep(store, AI_REQUEST, ai("r"))
    assert await one(store, AI_REQUEST, all_of("cost"), by=["model"]) == {
        **row,
        "model": "gpt",
        "n": 1,
    }


async def test_many_small_amounts_add_up_exactly(store: Store) -> None:
    await keep(store, SALE, *(sale(str(number), "0.10") for number in range(3_000)))
    total = measure(Function.SUM, "amount")
    assert await one(store, SALE, [total]) == {"sum": Decimal("300.00")}


async def test_sums_beyond_64_bits_are_exact(store: Store) -> None:
    largest = [sale(str(number), "1000000000000") for number in range(25)]
    await keep(store, SALE, sale("odd", "0.000001"), *largest)
    total = [measure(Function.SUM, "amount"), measure(Function.AVG, "amount")]
    assert await one(store, SALE, total) == {
        "sum": Decimal("25000000000000.000001"),
        "avg": Decimal("961538461538.461538"),
    }
    requests = [ai(str(number), tokens=Tokens(2**53, 1)) for number in range(1_025)]
    await keep(store, AI_REQUEST, *requests)
    assert await one(store, AI_REQUEST, [measure(Function.SUM, "tokens.input")]) == {
        "sum": 1_025 * 2**53
    }


@pytest.mark.parametrize(
    ("amounts", "average"),
    [
        (["0.000001", "0.000002"], "0.000002"),
        (["0.000002", "0.000003"], "0.000002"),
        (["0.000001", "0", "0"], "0"),
        (["0.000001", "0.000001", "0"], "0.000001"),
    ],
)
async def test_an_average_of_money_is_rounded_half_to_even(
    store: Store, amounts: list[str], average: str
) -> None:
    await keep(store, SALE, *(sale(str(key), amount) for key, amount in enumerate(amounts)))
    assert await one(store, SALE, [measure(Function.AVG, "amount")]) == {"avg": Decimal(average)}


async def test_absent_values_form_a_group_of_their_own(store: Store) -> None:
    for key, feature in {"a": "x", "b": None, "c": "x", "d": ""}.items():
        await keep(store, AI_REQUEST, ai(key, feature=feature))
    assert await store.aggregate(Aggregation(AI_REQUEST, [COUNT], by=["feature"])) == [
        {"feature": None, "n": 1},
        {"feature": "", "n": 1},
        {"feature": "x", "n": 2},
    ]


async def test_groups_keep_their_types(store: Store) -> None:
    await keep(store, AI_REQUEST, ai("a", routing=Routing(True)), ai("b", routing=Routing()))
    rows = await store.aggregate(Aggregation(AI_REQUEST, [COUNT], by=["routing.wasRouted"]))
    assert [row["routing.wasRouted"] for row in rows] == [False, True]
    assert all(isinstance(row["routing.wasRouted"], bool) for row in rows)
    subscription = Subscription(end_date=minutes(3), auto_renew=True)
    await keep(store, SALE, sale("s", subscription=subscription))
    by = ["subscription.endDate", "subscription.autoRenew"]
    assert await one(store, SALE, [COUNT], by=by) == {
        "subscription.endDate": minutes(3),
        "subscription.autoRenew": True,
        "n": 1,
    }


async def test_the_first_and_last_time_of_a_group(store: Store) -> None:
    await keep(store, ENGAGEMENT, *(event(str(at), timestamp=minutes(at)) for at in (3, 1, 2)))
    measures = [
        Measure("first", Function.MIN, "timestamp"),
        Measure("last", Function.MAX, "timestamp"),
        Measure("median", Function.PERCENTILE, "timestamp", quantile=0.5),
        Measure("page", Function.MAX, "page"),
    ]
    assert await one(store, ENGAGEMENT, measures, by=["sessionId"]) == {
        "sessionId": "s",
        "first": minutes(1),
        "last": minutes(3),
        "median": minutes(2),
        "page": None,
    }


async def test_distinct_users_of_all_and_of_each_group(store: Store) -> None:
    for key, (user, model) in enumerate([("a", "m"), ("b", "m"), ("a", "n"), (None, "n")]):
        await keep(store, AI_REQUEST, ai(str(key), user_id=user, model=model))
    users = Measure("users", Function.DISTINCT, "userId")
    assert await one(store, AI_REQUEST, [users]) == {"users": 2}
    assert await store.aggregate(Aggregation(AI_REQUEST, [users], by=["model"])) == [
        {"model": "m", "users": 2},
        {"model": "n", "users": 1},
    ]


async def test_a_measure_counts_only_where_its_condition_holds(store: Store) -> None:
    for key, (status, cost) in enumerate(
        [("completed", 1.0), ("failed", 2.0), ("completed", 4.0), ("pending", None)]
    ):
        await keep(store, AI_REQUEST, ai(str(key), status=status, cost=cost))
    done = (equals("status", "completed"),)
    measures = [
        COUNT,
        Measure("done", where=done),
        Measure("other", where=(Filter("status", Operator.NE, "completed"),)),
        Measure("ended", where=(Filter("status", Operator.IN, ("completed", "failed")),)),
        Measure("cost", Function.SUM, "cost", where=done),
        Measure("mean", Function.AVG, "cost", where=done),
        Measure("least", Function.MIN, "cost", where=done),
        Measure("kinds", Function.DISTINCT, "cost", where=done),
        Measure("median", Function.PERCENTILE, "cost", where=done, quantile=0.5),
        Measure("median of all", Function.PERCENTILE, "cost", quantile=0.5),
        Measure("never", Function.SUM, "cost", where=(equals("model", "nope"),)),
        Measure("never either", Function.PERCENTILE, "cost", (equals("model", "x"),), 0.9),
    ]
    assert await one(store, AI_REQUEST, measures) == {
        "n": 4,
        "done": 2,
        "other": 2,
        "ended": 3,
        "cost": 5.0,
        "mean": 2.5,
        "least": 1.0,
        "kinds": 2,
        "median": 1.0,
        "median of all": 2.0,
        "never": 0.0,
        "never either": None,
    }


async def test_a_percentile_is_the_value_of_the_nearest_rank(store: Store) -> None:
    durations = [float(number) for number in range(1, 101)]
    await keep(
        store, AI_REQUEST, *(ai(str(number), duration_ms=number) for number in reversed(durations))
    )
    await keep(store, AI_REQUEST, ai("absent"))
    expected = {
        0.0: 1,
        0.001: 1,
        0.07: 7,
        0.29: 29,
        0.5: 50,
        0.501: 51,
        0.95: 95,
        0.999: 100,
        1: 100,
    }
    measures = [
        Measure(str(quantile), Function.PERCENTILE, "durationMs", quantile=quantile)
        for quantile in expected
    ]
    row = await one(store, AI_REQUEST, measures)
    assert row == {str(quantile): value for quantile, value in expected.items()}


async def test_percentiles_are_those_of_each_group(store: Store) -> None:
    for number in range(10):
        model = "ab"[number % 2]
        await keep(store, AI_REQUEST, ai(str(number), model=model, duration_ms=float(number)))
    p80 = Measure("p80", Function.PERCENTILE, "durationMs", quantile=0.8)
    total = Measure("cost", Function.SUM, "cost")
    assert await store.aggregate(Aggregation(AI_REQUEST, [p80, COUNT, total], by=["model"])) == [
        {"model": "a", "p80": 6.0, "n": 5, "cost": 0.0},
        {"model": "b", "p80": 7.0, "n": 5, "cost": 0.0},
    ]


BUCKETS = {
    "hour": {"2026-01-31T23": ["2026-01-31T23:00:00.000", "2026-01-31T23:59:59.999"]},
    "day": {
        "2024-02-29T00": ["2024-02-29T00:00:00.000", "2024-02-29T23:59:59.999"],
        "2024-03-01T00": ["2024-03-01T00:00:00.000"],
    },
    "week": {  # Mondays
        "1969-12-29T00": ["1970-01-01T00:00:00.000", "1969-12-31T23:59:59.999"],
        "2025-12-29T00": ["2025-12-29T00:00:00.000", "2026-01-01T12:00:00.000"],
        "2026-01-05T00": ["2026-01-05T00:00:00.000", "2026-01-11T23:59:59.999"],
    },
    "month": {
        "1969-12-01T00": ["1969-12-01T00:00:00.000", "1969-12-31T23:59:59.999"],
        "1970-01-01T00": ["1970-01-01T00:00:00.000"],
        "2024-02-01T00": ["2024-02-29T23:59:59.999", "2024-02-01T00:00:00.000"],
        "2025-12-01T00": ["2025-12-31T23:59:59.999"],
        "2026-01-01T00": ["2026-01-01T00:00:00.000", "2026-01-31T23:59:59.999"],
    },
}


@pytest.mark.parametrize("interval", BUCKETS)
async def test_times_fall_into_the_bucket_that_they_lie_in(store: Store, interval: Any) -> None:
    moments = [at for ats in BUCKETS[interval].values() for at in ats]
    for moment in moments:
        when = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        await keep(store, CREDIT, credit(moment, created_at=when))
    rows = await store.aggregate(Aggregation(CREDIT, [COUNT], by=[TimeBucket(interval)]))
    assert rows == [
        {"time": datetime.fromisoformat(f"{start}:00").replace(tzinfo=UTC), "n": len(ats)}
        for start, ats in BUCKETS[interval].items()
    ]


async def test_a_bucket_may_be_of_another_time_which_may_be_absent(store: Store) -> None:
    await keep(store, SALE, sale("a", completed_at=minutes(61)), sale("b"))
    bucket = TimeBucket("hour", "completedAt", "completed")
    assert await store.aggregate(Aggregation(SALE, [COUNT], by=[bucket, "type"])) == [
        {"completed": None, "type": "purchase", "n": 1},
        {"completed": NOON + timedelta(hours=1), "type": "purchase", "n": 1},
    ]


NUMBERS = [
    *(mantissa * 10.0**exponent for exponent in range(-8, 13) for mantissa in (1, 1.7, 4.04, 9.9)),
    *(GAMMA ** (number + 0.5) for number in range(-200, 600, 7)),
    *(0.0, 0.1 + 0.2, 1e15, math.nextafter(SMALLEST, 0)),
]


async def test_numbers_fall_into_the_bucket_of_their_logarithm(store: Store) -> None:
    requests = [ai(str(at), duration_ms=number) for at, number in enumerate(NUMBERS)]
    await keep(store, AI_REQUEST, *requests, ai("absent"))
    rows = await store.aggregate(Aggregation(AI_REQUEST, [COUNT], by=[LogBucket("durationMs")]))
    expected = Counter(map(bucket_of, NUMBERS))
    assert rows == [
        {"bucket": None, "n": 1},
        *({"bucket": number, "n": expected[number]} for number in sorted(expected)),
    ]
    assert {type(row["bucket"]) for row in rows[1:]} == {int}


async def test_buckets_of_whole_numbers_stand_beside_other_groups_and_measures(
    store: Store,
) -> None:
    for key, (model, number) in enumerate([("a", 0), ("a", 1), ("b", 1), ("b", 100), ("b", 101)]):
        await keep(store, AI_REQUEST, ai(str(key), model=model, tokens=Tokens(number, key)))
    by: list[By] = ["model", TimeBucket("day"), LogBucket("tokens.input", "size")]
    measures = [
        COUNT,
        measure(Function.PERCENTILE, "tokens.output", quantile=1),
        measure(Function.DISTINCT, "tokens.input"),
    ]
    largest_first = [Order("size", descending=True)]
    rows = await store.aggregate(Aggregation(AI_REQUEST, measures, by=by, order=largest_first))
    assert [tuple(row.values()) for row in rows] == [
        ("b", NOON.replace(hour=0), 116, 2, 4, 2),
        ("a", NOON.replace(hour=0), 0, 1, 1, 1),
        ("b", NOON.replace(hour=0), 0, 1, 2, 1),
        ("a", NOON.replace(hour=0), ZERO_BUCKET, 1, 0, 1),
    ]


async def test_derived_sums_are_added_up(store: Store) -> None:
    parts = [
        derived("a", n=2, tokens_input_sum=2**60, cost_sum=0.5, amount_sum=Money("-0.10")),
        derived("b", n=3, tokens_input_sum=2**60, amount_sum=Money("0.30")),
        derived("c"),
    ]
    await store.put(DERIVED, (), parts)
    totals = [
        Measure(name, Function.SUM, name)
        for name in ("n", "tokens_input_sum", "cost_sum", "amount_sum")
    ]
    assert await one(store, DERIVED, totals) == {
        "n": 5,
        "tokens_input_sum": 2**61,
        "cost_sum": 0.5,
        "amount_sum": Decimal("0.20"),
    }


async def test_rows_are_ordered_by_measures_then_by_the_groups(store: Store) -> None:
    for key, (model, feature, cost) in enumerate(
        [("b", "x", 1.0), ("b", None, 2.0), ("a", "y", 2.0), ("a", "x", 2.0), ("c", "x", None)]
    ):
        await keep(store, AI_REQUEST, ai(str(key), model=model, feature=feature, cost=cost))
    best = Measure("best", Function.MAX, "cost")

    async def rows(*order: Order, limit: int | None = None) -> list[tuple[Any, ...]]:
        query = Aggregation(AI_REQUEST, [best], by=["model", "feature"], order=order, limit=limit)
        return [tuple(row.values()) for row in await store.aggregate(query)]

    by_cost = [
        ("a", "x", 2.0),
        ("a", "y", 2.0),
        ("b", None, 2.0),
        ("b", "x", 1.0),
        ("c", "x", None),
    ]
    assert await rows(Order("best", descending=True)) == by_cost
    assert await rows(Order("best", descending=True), limit=2) == by_cost[:2]
    assert await rows(Order("best"), limit=2) == [("c", "x", None), ("b", "x", 1.0)]
    assert await rows(Order("feature", descending=True), Order("best"), limit=3) == [
        ("a", "y", 2.0),
        ("c", "x", None),
        ("b", "x", 1.0),
    ]
    assert [row[:2] for row in await rows()] == [
        ("a", "x"),
        ("a", "y"),
        ("b", None),
        ("b", "x"),
        ("c", "x"),
    ]


async def test_rows_are_ordered_by_exact_sums(store: Store) -> None:
    for key, (user, number) in enumerate(
        [("a", 2**53), ("a", 2), ("b", 2**53), ("b", 3), ("c", 2**53), ("c", 1)]
    ):
        await keep(store, AI_REQUEST, ai(str(key), user_id=user, tokens=Tokens(number, 0)))
    total = Measure("total", Function.SUM, "tokens.input")
    rows = await store.aggregate(
        Aggregation(AI_REQUEST, [total], by=["userId"], order=[Order("total", descending=True)])
    )
    assert [row["userId"] for row in rows] == ["b", "a", "c"]


async def test_rows_are_ordered_by_averages_of_money(store: Store) -> None:
    sales = {"a": ["1", "2"], "b": ["3"], "c": ["0.5", "0.7", "0.9"]}
    for plan, amounts in sales.items():
        for key, amount in enumerate(amounts):
            await keep(store, SALE, sale(f"{plan}{key}", amount, plan=plan))
    average = Measure("average", Function.AVG, "amount")
    rows = await store.aggregate(
        Aggregation(SALE, [average], by=["plan"], order=[Order("average")])
    )
    assert [tuple(row.values()) for row in rows] == [
        ("c", Decimal("0.7")),
        ("a", Decimal("1.5")),
        ("b", Decimal("3")),
    ]


async def test_only_what_matches_is_calculated_with(store: Store) -> None:
    for number in range(10):
        await keep(
            store,
            SALE,
            sale(str(number), str(number), created_at=minutes(number), tenant_id=f"t{number % 2}"),
        )
    where = (equals("tenantId", "t1"), *between("createdAt", minutes(3), minutes(7)))
    total = measure(Function.SUM, "amount")
    assert await one(store, SALE, [COUNT, total], where) == {"n": 2, "sum": Money(8)}


async def test_only_records_that_have_one_of_the_fields(store: Store) -> None:
    campaigns = {"a": ("x", None), "b": (None, "mail"), "c": ("x", "mail"), "d": (None, None)}
    for key, (source, medium) in campaigns.items():
        metadata = PageMetadata(utm_source=source, utm_medium=medium)
        await keep(store, ENGAGEMENT, event(key, metadata=metadata))
    await keep(store, ENGAGEMENT, event("e"))
    for present, number in (
        ((), 5),
        (("metadata.utmSource",), 2),
        (("metadata.utmSource", "metadata.utmMedium"), 3),
    ):
        assert await one(store, ENGAGEMENT, [COUNT], present=present) == {"n": number}


UNDECLARED: dict[str, Aggregation] = {
    "a group": Aggregation(AI_REQUEST, [COUNT], by=["prompt"]),
    "a measure for a group": Aggregation(AI_REQUEST, [COUNT], by=["cost"]),
    "a measure": Aggregation(AI_REQUEST, [measure(Function.MAX, "prompt")]),
    "a measure's condition": Aggregation(AI_REQUEST, [Measure("n", where=(equals("x", 1),))]),
    "a filter": Aggregation(AI_REQUEST, [COUNT], (equals("revision", 1),)),
    "a bucket": Aggregation(AI_REQUEST, [COUNT], by=[TimeBucket("day", "ratedAt")]),
    "a logarithm": Aggregation(AI_REQUEST, [COUNT], by=[LogBucket("rates")]),
    "a dimension's logarithm": Aggregation(AI_REQUEST, [COUNT], by=[LogBucket("model")]),
    "a field that is there": Aggregation(AI_REQUEST, [COUNT], present=["prompt"]),
    "an order": Aggregation(AI_REQUEST, [COUNT], by=["model"], order=[Order("cost")]),
}


@pytest.mark.parametrize("query", UNDECLARED.values(), ids=UNDECLARED)
async def test_what_is_not_declared_is_invalid(store: Store, query: Aggregation) -> None:
    with pytest.raises(Invalid, match="declare"):
        await store.aggregate(query)


MEANINGLESS: dict[str, Aggregation] = {
    "a sum of texts": Aggregation(AI_REQUEST, [measure(Function.SUM, "model")]),
    "an average of times": Aggregation(AI_REQUEST, [measure(Function.AVG, "createdAt")]),
    "a bucket of texts": Aggregation(AI_REQUEST, [COUNT], by=[TimeBucket("day", "model")]),
    "a logarithm of money": Aggregation(SALE, [COUNT], by=[LogBucket("amount")]),
    "an average of each": Aggregation(CREDIT, [measure(Function.AVG, "creditsUsed")], each=True),
    "a text for a number": Aggregation(AI_REQUEST, [Measure("n", where=(equals("cost", "1"),))]),
}


@pytest.mark.parametrize("query", MEANINGLESS.values(), ids=MEANINGLESS)
async def test_what_has_no_meaning_is_invalid(store: Store, query: Aggregation) -> None:
    with pytest.raises(Invalid):
        await store.aggregate(query)
