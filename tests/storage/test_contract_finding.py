"""What every engine finds: filters, orders, pages, and what is left out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from exporter.errors import Invalid
from exporter.fields import Money
from exporter.records import AI_REQUEST, CREDIT, ENGAGEMENT, SALE
from exporter.records.ai_request import Routing, Tokens
from exporter.records.sale import Subscription
from exporter.storage.base import Store
from exporter.storage.query import (
    Aggregation,
    Filter,
    Find,
    Measure,
    Operator,
    Order,
    Where,
    between,
    equals,
    within,
)

from .documents import DERIVED, NOON, TENANT, ai, credit, derived, event, keep, minutes, sale


@pytest.fixture
async def requests(store: Store) -> AsyncIterator[Store]:
    """Five AI requests, a minute apart, with what the tests ask for."""
    await keep(
        store,
        AI_REQUEST,
        ai("a", user_id="ada", cost=1.0, rating=1, tokens=Tokens(10, 0), created_at=minutes(0)),
        ai("b", user_id="ben", cost=2.5, rating=5, created_at=minutes(1)),
        ai("c", feature="chat", cost=2.5, created_at=minutes(2), routing=Routing(True)),
        ai("d", feature="CHAT", cost=0.0, created_at=minutes(3), routing=Routing()),
        ai("e", feature="", created_at=minutes(4), tokens=Tokens()),
    )
    return store


async def keys(store: Store, *where: Filter, **options: Any) -> str:
    """The keys of the AI requests that are found, one letter each."""
    found = await store.find(Find(AI_REQUEST, where, **options))
    return "".join(document.request_id for document in found)


FILTERS: dict[str, tuple[Where, str]] = {
    "nothing to ask": ((), "abcde"),
    "equal": ((equals("userId", "ada"),), "a"),
    "equal minds the case": ((equals("feature", "chat"),), "c"),
    "equal to the empty text": ((equals("feature", ""),), "e"),
    "absent": ((equals("userId", None),), "cde"),
    "present": ((Filter("userId", Operator.NE, None),), "ab"),
    "not equal, or absent": ((Filter("userId", Operator.NE, "ada"),), "bcde"),
    "one of": ((Filter("userId", Operator.IN, ("ada", "ben", "eve")),), "ab"),
    "one of none": ((Filter("userId", Operator.IN, ()),), ""),
    "one of, or absent": ((Filter("userId", Operator.IN, ("ada", None)),), "acde"),
    "one of absent alone": ((Filter("userId", Operator.IN, (None,)),), "cde"),
    "greater": ((Filter("cost", Operator.GT, 1.0),), "bc"),
    "greater or equal": ((Filter("cost", Operator.GTE, 1),), "abc"),
    "less": ((Filter("cost", Operator.LT, 1.0),), "d"),
    "less or equal": ((Filter("cost", Operator.LTE, 1.0),), "ad"),
    "an order with nothing": ((Filter("cost", Operator.LTE, None),), ""),
    "a whole number against a fraction": ((Filter("rating", Operator.GT, 1.5),), "b"),
    "a nested number": ((equals("tokens.input", 10),), "a"),
    "a nested zero is not absent": ((Filter("tokens.input", Operator.LT, 1),), "e"),
    "true": ((equals("routing.wasRouted", True),), "c"),
    "false is not absent": ((equals("routing.wasRouted", False),), "d"),
    "a text order": ((Filter("feature", Operator.GTE, "a"),), "c"),
    "a half-open time": (between("createdAt", minutes(1), minutes(3)), "bc"),
    "in one of the ranges": (
        (within("createdAt", [(minutes(3), minutes(9)), (minutes(0), minutes(1))]),),
        "ade",
    ),
    "in the only range": ((within("createdAt", [(minutes(1), minutes(3))]),), "bc"),
    "in ranges that overlap, meet, repeat": (
        (
            within("createdAt", [(minutes(at), minutes(at + 2)) for at in (2, 1, 2)]),
            within("createdAt", [(minutes(0), minutes(2)), (minutes(2), minutes(3))]),
        ),
        "bc",
    ),
    "in two of several ranges": (
        (
            within("createdAt", [(minutes(0), minutes(2)), (minutes(3), minutes(5))]),
            Filter("cost", Operator.WITHIN, ((0, 1), (2, 3))),
        ),
        "bd",
    ),
    "in none": ((within("createdAt", []),), ""),
    "in an empty range, or a reversed one": (
        (within("createdAt", [(minutes(1), minutes(1)), (minutes(4), minutes(0))]),),
        "",
    ),
    "absent is in no range": ((Filter("cost", Operator.WITHIN, ((-9, 0), (0, 9))),), "abcd"),
    "a range from nothing": ((Filter("cost", Operator.WITHIN, ((None, 9), (2, None))),), ""),
    "in ranges of texts": ((Filter("feature", Operator.WITHIN, (("", "A"), ("a", "z"))),), "ce"),
    "of a user in ranges": (
        (
            equals("tenantId", TENANT),
            equals("userId", "ada"),
            within("createdAt", [(minutes(0), minutes(1)), (minutes(2), minutes(9))]),
        ),
        "a",
    ),
    "two that must hold": ((equals("cost", 2.5), equals("userId", None)), "c"),
    "two on one field": ((Filter("cost", Operator.GT, 0), Filter("cost", Operator.LT, 2)), "a"),
    "a tenant": ((equals("tenantId", TENANT), equals("requestId", "b")), "b"),
    "another tenant": ((equals("tenantId", "other"),), ""),
}


@pytest.mark.parametrize(("where", "expected"), FILTERS.values(), ids=FILTERS)
async def test_a_filter_finds(requests: Store, where: Where, expected: str) -> None:
    assert await keys(requests, *where) == expected


async def test_a_time_in_a_filter_is_cut_to_the_millisecond_as_stored_ones_are(
    requests: Store,
) -> None:
    almost = minutes(2) + timedelta(microseconds=999)
    assert await keys(requests, equals("createdAt", almost)) == "c"


async def test_a_range_of_time_spans_the_tenants_where_none_is_asked_for(store: Store) -> None:
    await keep(
        store,
        ENGAGEMENT,
        *(
            event(str(number), tenant_id=f"t{number % 7}", timestamp=minutes(number))
            for number in range(50)
        ),
    )
    found = await store.find(Find(ENGAGEMENT, between("timestamp", minutes(10), minutes(40))))
    assert {document.event_id for document in found} == {str(number) for number in range(10, 40)}


async def test_ranges_of_time_span_the_tenants_where_none_is_asked_for(store: Store) -> None:
    await keep(
        store,
        ENGAGEMENT,
        *(
            event(str(number), tenant_id=f"t{number % 7}", timestamp=minutes(number))
            for number in range(50)
        ),
    )
    ranges = [(minutes(30), minutes(31)), (minutes(5), minutes(9)), (minutes(8), minutes(11))]
    query = Find(ENGAGEMENT, (within("timestamp", ranges),), (Order("timestamp"),))
    found = await store.find(query)
    assert [document.event_id for document in found] == ["5", "6", "7", "8", "9", "10", "30"]


async def test_there_may_be_thousands_of_ranges(store: Store) -> None:
    await keep(store, CREDIT, *(credit(str(at), created_at=minutes(at)) for at in range(100)))
    ranges = [(minutes(at), minutes(at + 1)) for at in range(0, 5_000, 2)]
    even = within("createdAt", ranges)
    assert len(await store.find(Find(CREDIT, (even,)))) == 50
    rows = await store.aggregate(
        Aggregation(CREDIT, [Measure("n"), Measure("even", where=(even,))])
    )
    assert rows == [{"n": 100, "even": 50}]


async def test_money_is_compared_exactly(store: Store) -> None:
    await keep(store, SALE, sale("a", "0.1"), sale("b", "0.100001"), sale("c", "999999999.99"))

    async def sales(op: Operator, value: Any) -> str:
        found = await store.find(Find(SALE, (Filter("amount", op, value),)))
        return "".join(document.transaction_id for document in found)

    assert await sales(Operator.EQ, 0.1) == "a"
    assert await sales(Operator.GT, 0.1) == "bc"
    assert await sales(Operator.GT, 0.1000005) == "bc"
    assert await sales(Operator.EQ, 0.1000005) == ""
    assert await sales(Operator.GTE, 1) == "c"
    assert await sales(Operator.IN, (0.100001, 999999999.99)) == "bc"
    assert await sales(Operator.WITHIN, ((0.100001, 0.2), (0.05, 0.1000005))) == "ab"


ORDERS: dict[str, tuple[tuple[Order, ...], str]] = {
    "none is by key": ((), "abcde"),
    "descending": ((Order("createdAt", descending=True),), "edcba"),
    "ties by key": ((Order("cost", descending=True),), "bcade"),
    "absent first": ((Order("cost"),), "edabc"),
    "absent last when descending": ((Order("rating", descending=True),), "bacde"),
    "two": ((Order("cost", descending=True), Order("createdAt", descending=True)), "cbade"),
}


@pytest.mark.parametrize(("order", "expected"), ORDERS.values(), ids=ORDERS)
async def test_documents_come_in_order(
    requests: Store, order: tuple[Order, ...], expected: str
) -> None:
    assert await keys(requests, order=order) == expected


async def test_pages_follow_one_another(requests: Store) -> None:
    order = (Order("cost", descending=True),)
    pages = [await keys(requests, order=order, limit=2, offset=at) for at in (0, 2, 4, 6)]
    assert pages == ["bc", "ad", "e", ""]


async def test_fields_that_are_left_out_are_none(store: Store) -> None:
    document = ai("r", prompt="secret", response="too", tokens=Tokens(1, 2), user_id="ada")
    await keep(store, AI_REQUEST, document)
    left_out = frozenset({"prompt", "response", "tokens", "origin", "status", "model"})
    (found,) = await store.find(Find(AI_REQUEST, leave_out=left_out))
    assert found == ai(
        "r",
        user_id="ada",
        prompt=None,
        response=None,
        tokens=None,
        origin=None,
        status=None,
        model=None,
    )


async def test_a_field_that_is_left_out_may_be_filtered_and_ordered_by(requests: Store) -> None:
    found = await requests.find(
        Find(
            AI_REQUEST,
            (Filter("cost", Operator.GT, 1),),
            (Order("cost"),),
            leave_out=frozenset({"cost"}),
        )
    )
    assert [(document.request_id, document.cost) for document in found] == [
        ("b", None),
        ("c", None),
    ]


UNDECLARED: dict[str, Find] = {
    "an unknown filter": Find(AI_REQUEST, (equals("nonsense", 1),)),
    "a stored field that is not for queries": Find(AI_REQUEST, (equals("prompt", "x"),)),
    "an unknown order": Find(AI_REQUEST, order=(Order("prompt"),)),
    "SQL for an order": Find(AI_REQUEST, order=(Order('cost"; DROP TABLE ai_requests; --'),)),
    "an unknown field to leave out": Find(AI_REQUEST, leave_out=frozenset({"promt"})),
}


@pytest.mark.parametrize("query", UNDECLARED.values(), ids=UNDECLARED)
async def test_what_is_not_declared_is_invalid(store: Store, query: Find) -> None:
    with pytest.raises(Invalid, match="declare"):
        await store.find(query)


MISMATCHED: dict[str, Filter] = {
    "a number for a text": equals("userId", 5),
    "a text for a number": equals("cost", "5"),
    "a flag for a number": Filter("cost", Operator.GT, True),
    "no number": Filter("cost", Operator.LT, float("nan")),
    "more than 64 bits": equals("rating", 2**64),
    "a number for a flag": equals("routing.wasRouted", 1),
    "a text for a time": equals("createdAt", "2026-01-01"),
    "a time without a zone": equals("createdAt", NOON.replace(tzinfo=None)),
    "half of a surrogate pair": equals("model", "\ud800"),
    "one of no tuple": Filter("model", Operator.IN, "gpt"),
    "a tuple for an order": Filter("cost", Operator.GT, (1, 2)),
    "one of mixed types": Filter("model", Operator.IN, ("gpt", 4)),
    "ranges of nothing": Filter("cost", Operator.WITHIN, None),
    "values for ranges": Filter("cost", Operator.WITHIN, (1, 2)),
    "a range of three": Filter("cost", Operator.WITHIN, ((1, 2, 3),)),  # type: ignore[arg-type]
    "a range of mixed types": Filter("cost", Operator.WITHIN, ((1, "2"),)),
}


@pytest.mark.parametrize("part", MISMATCHED.values(), ids=MISMATCHED)
async def test_a_value_that_its_field_cannot_have_is_invalid(store: Store, part: Filter) -> None:
    with pytest.raises(Invalid) as raised:
        await store.find(Find(AI_REQUEST, (part,)))
    assert [problem.path for problem in raised.value.details] == [part.field]


async def test_bytes_can_be_there_or_not(store: Store) -> None:
    await keep(store, DERIVED, derived("a"), derived("b", users_sketch=b""))

    async def found(op: Operator, value: Any) -> list[str]:
        where = (Filter("users_sketch", op, value),)
        return [document.id for document in await store.find(Find(DERIVED, where))]

    assert await found(Operator.EQ, None) == ["a"]
    assert await found(Operator.NE, None) == ["b"]
    with pytest.raises(Invalid, match="Expected `bytes`"):
        await found(Operator.EQ, "text")


@pytest.mark.parametrize("value", ["1", True, float("inf"), float("nan"), 10**30])
async def test_a_value_that_is_no_amount_is_invalid(store: Store, value: Any) -> None:
    with pytest.raises(Invalid):
        await store.find(Find(SALE, (Filter("amount", Operator.GT, value),)))


async def test_an_unknown_key_is_nothing(store: Store) -> None:
    await keep(store, AI_REQUEST, ai("r"))
    assert await store.get(AI_REQUEST, TENANT, "s") is None
    assert await store.get(AI_REQUEST, "other", "r") is None
    assert await store.get(SALE, TENANT, "r") is None
    assert await store.get(AI_REQUEST, TENANT, "\ud800") is None


async def test_money_and_nested_times_come_back_with_their_types(store: Store) -> None:
    subscription = Subscription(start_date=NOON, interval="yearly", auto_renew=False)
    await keep(store, SALE, sale("s", "999999999999.000001", subscription=subscription))
    (found,) = await store.find(Find(SALE, (equals("subscription.interval", "yearly"),)))
    assert found.amount == Decimal("999999999999.000001")
    assert isinstance(found.amount, Money)
    assert found.subscription == subscription
    assert found.subscription.auto_renew is False
