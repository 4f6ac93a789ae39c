"""What every engine does with writes: durable, in order, each with its own outcome."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.family import Family, Origin
from exporter.fields import Money
from exporter.records import AI_REQUEST, CREDIT, ENGAGEMENT, SALE
from exporter.records.ai_request import RequestError, Tokens
from exporter.records.engagement import PageMetadata
from exporter.records.sale import Refund
from exporter.storage.base import Insert, Outcome, Replace, Store, StoreUnavailable
from exporter.storage.query import Aggregation, Find, Measure

from .conftest import KEPT, Reach
from .documents import (
    DERIVED,
    NOON,
    TENANT,
    ai,
    credit,
    derived,
    documents,
    event,
    keep,
    minutes,
    sale,
)

STORED, DUPLICATE = Outcome.STORED, Outcome.DUPLICATE
STALE, FAILED = Outcome.STALE, Outcome.FAILED


async def count(store: Store, family: Family) -> int:
    """All documents of a family."""
    (row,) = await store.aggregate(Aggregation(family, [Measure("n")]))
    number: int = row["n"]
    return number


async def test_a_stored_document_comes_back_as_it_was(store: Store) -> None:
    document = ai(
        "r",
        user_id="ada",
        prompt="Où est\nla gare? 𝄞\x00",
        tokens=Tokens(3, 4),
        cost=0.1 + 0.2,
        metadata={"a": [1, 2.5, None, {"b.c": True}], "$x": "y"},
        origin=Origin(ip_address="::1", device_type="bot"),
        ended_at=minutes(1),
    )
    await keep(store, AI_REQUEST, document)
    assert await store.get(AI_REQUEST, TENANT, "r") == document


@pytest.mark.parametrize("family", KEPT, ids=lambda family: family.kind)
async def test_any_document_of_any_family_round_trips(store: Store, family: Family) -> None:
    number = iter(range(10**6))

    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        drawn.append(data.draw(documents(family, f"key {next(number)}")))

    drawn: list[Any] = []
    draw()
    await keep(store, family, *drawn)
    for document in drawn:
        read = await store.get(family, TENANT, getattr(document, family.key_attribute))
        assert read == document


@pytest.mark.parametrize(
    "fields",
    [{"metadata": None}, {"metadata": PageMetadata()}, {"metadata": PageMetadata(clicks=0)}],
    ids=["absent", "empty", "zero"],
)
async def test_an_absent_struct_and_one_without_values_are_told_apart(
    store: Store, fields: dict[str, Any]
) -> None:
    await keep(store, ENGAGEMENT, event("e", **fields))
    read = await store.get(ENGAGEMENT, TENANT, "e")
    assert read.metadata == fields["metadata"]


async def test_what_is_finer_than_a_millisecond_is_cut(store: Store) -> None:
    moment = NOON + timedelta(microseconds=123_999)
    await keep(store, ENGAGEMENT, event("e", timestamp=moment))
    read = await store.get(ENGAGEMENT, TENANT, "e")
    assert read.timestamp == NOON + timedelta(milliseconds=123)


async def test_nothing_to_write_is_no_error(store: Store) -> None:
    assert await store.write([]) == []


async def test_a_key_is_stored_once_and_the_first_document_stays(store: Store) -> None:
    await keep(store, AI_REQUEST, ai("r", model="first"))
    assert await store.write([Insert(AI_REQUEST, ai("r", model="second"))]) == [DUPLICATE]
    assert (await store.get(AI_REQUEST, TENANT, "r")).model == "first"
    assert await count(store, AI_REQUEST) == 1


async def test_of_equal_keys_in_one_list_the_first_is_stored(store: Store) -> None:
    await keep(store, AI_REQUEST, ai("old"))
    keys = ["a", "b", "a", "old", "c", "b", "a"]
    outcomes = await store.write(
        [Insert(AI_REQUEST, ai(key, model=str(place))) for place, key in enumerate(keys)]
    )
    assert outcomes == [STORED, STORED, DUPLICATE, DUPLICATE, STORED, DUPLICATE, DUPLICATE]
    assert (await store.get(AI_REQUEST, TENANT, "a")).model == "0"


async def test_a_key_is_unique_within_its_tenant_and_family_only(store: Store) -> None:
    outcomes = await store.write(
        [
            Insert(AI_REQUEST, ai("k")),
            Insert(AI_REQUEST, ai("k", tenant_id="other")),
            Insert(SALE, sale("k")),
        ]
    )
    assert outcomes == [STORED] * 3
    assert (await store.get(AI_REQUEST, "other", "k")).tenant_id == "other"


async def test_outcomes_come_in_the_order_of_a_mixed_list(store: Store) -> None:
    await keep(store, SALE, sale("s"))
    outcomes = await store.write(
        [
            Insert(SALE, sale("s")),
            Insert(AI_REQUEST, ai("r")),
            Replace(SALE, sale("s", revision=1, status="refunded")),
            Insert(CREDIT, credit("c")),
            Replace(SALE, sale("s", revision=1, status="failed")),
            Insert(SALE, sale("t")),
            Insert(AI_REQUEST, ai("r")),
        ]
    )
    assert outcomes == [DUPLICATE, STORED, STORED, STORED, STALE, STORED, DUPLICATE]
    assert (await store.get(SALE, TENANT, "s")).status == "refunded"


async def test_a_replace_needs_the_revision_before_its_own(store: Store) -> None:
    await keep(store, AI_REQUEST, ai("r"))
    changed = ai("r", revision=1, status="completed", error=RequestError(code="x"))
    assert await store.write([Replace(AI_REQUEST, changed)]) == [STORED]
    assert await store.write([Replace(AI_REQUEST, changed)]) == [STALE]
    assert await store.write([Replace(AI_REQUEST, ai("r", revision=3))]) == [STALE]
    assert await store.get(AI_REQUEST, TENANT, "r") == changed


async def test_a_replace_of_what_is_not_there_is_stale(store: Store) -> None:
    await keep(store, AI_REQUEST, ai("r"))
    elsewhere = ai("r", tenant_id="other", revision=1)
    assert await store.write([Replace(AI_REQUEST, elsewhere)]) == [STALE]
    assert await store.write([Replace(AI_REQUEST, ai("s", revision=1))]) == [STALE]
    assert await count(store, AI_REQUEST) == 1


async def test_a_document_can_be_stored_and_replaced_in_one_list(store: Store) -> None:
    outcomes = await store.write(
        [
            Replace(AI_REQUEST, ai("r", revision=1)),
            Insert(AI_REQUEST, ai("r")),
            Replace(AI_REQUEST, ai("r", revision=1, model="a")),
            Replace(AI_REQUEST, ai("r", revision=2, model="b")),
            Insert(AI_REQUEST, ai("r")),
        ]
    )
    assert outcomes == [STALE, STORED, STORED, STORED, DUPLICATE]
    assert (await store.get(AI_REQUEST, TENANT, "r")).model == "b"


async def test_a_replace_moves_every_field_also_to_absent(store: Store) -> None:
    await keep(store, SALE, sale("s", refund=Refund(reason="x"), metadata={"a": 1}))
    bare = sale("s", "2.000001", revision=1, created_at=minutes(5), revenue=Money("7"))
    assert await store.write([Replace(SALE, bare)]) == [STORED]
    assert await store.get(SALE, TENANT, "s") == bare


REFUSED: dict[str, dict[str, Any]] = {
    "an integer of more than 64 bits": {"rating": 2**70},
    "half of a surrogate pair": {"model": "\ud800"},
    "such a half within a map": {"metadata": {"a": "\udfff"}},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
async def test_a_refused_document_does_not_spoil_its_neighbours(
    store: Store, fields: dict[str, Any]
) -> None:
    await keep(store, AI_REQUEST, ai("old"))
    bad = [ai(f"bad {number}", **fields) for number in range(4)]
    operations = [bad[0], ai("a"), bad[1], bad[2], ai("old"), ai("b"), bad[3]]
    outcomes = await store.write([Insert(AI_REQUEST, document) for document in operations])
    assert outcomes == [FAILED, STORED, FAILED, FAILED, DUPLICATE, STORED, FAILED]
    assert await count(store, AI_REQUEST) == 3


async def test_a_refused_replacement_leaves_what_was_stored(store: Store) -> None:
    await keep(store, AI_REQUEST, ai("r"), ai("s"))
    outcomes = await store.write(
        [
            Replace(AI_REQUEST, ai("r", revision=1, rating=2**70)),
            Replace(AI_REQUEST, ai("s", revision=1)),
            Replace(AI_REQUEST, ai("r", revision=1, rating=5)),
        ]
    )
    assert outcomes == [FAILED, STORED, STORED]
    assert (await store.get(AI_REQUEST, TENANT, "r")).rating == 5


async def test_money_finer_than_a_millionth_is_refused_and_not_rounded(store: Store) -> None:
    operations = [Insert(SALE, sale("fine", "0.0000001")), Insert(SALE, sale("s", "0.000001"))]
    assert await store.write(operations) == [FAILED, STORED]
    assert await store.get(SALE, TENANT, "fine") is None


async def test_a_document_of_another_family_is_refused(store: Store) -> None:
    assert await store.write([Insert(AI_REQUEST, sale("s"))]) == [FAILED]


async def test_a_document_without_a_revision_cannot_be_replaced(store: Store) -> None:
    await keep(store, CREDIT, credit("c"))
    assert await store.write([Replace(CREDIT, credit("c"))]) == [FAILED]


@pytest.mark.parametrize("absent", ["tenant_id", "event_id", "timestamp"])
async def test_a_document_that_could_not_be_found_again_is_refused(
    store: Store, absent: str
) -> None:
    document = msgspec.structs.replace(event("e"), **{absent: None})
    assert await store.write([Insert(ENGAGEMENT, document)]) == [FAILED]


@settings(
    max_examples=50,
    deadline=None,
    # Each example has keys of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_any_list_of_operations_has_the_outcomes_of_doing_them_one_by_one(
    store: Store, data: st.DataObject
) -> None:
    example = await count(store, AI_REQUEST)  # grows whenever an example stored something
    revisions: dict[str, int] = {}
    operations: list[Insert | Replace] = []
    expected: list[Outcome] = []
    for _ in range(data.draw(st.integers(0, 12))):
        key = f"{example} {data.draw(st.integers(0, 3))}"
        revision = data.draw(st.integers(0, 3))
        refused = {"rating": 2**64} if data.draw(st.integers(0, 5)) == 5 else {}
        document = ai(key, revision=revision, **refused)
        inserts = data.draw(st.booleans())
        operations.append((Insert if inserts else Replace)(AI_REQUEST, document))
        if refused:
            expected.append(FAILED)
        elif inserts:
            expected.append(DUPLICATE if key in revisions else STORED)
            revisions.setdefault(key, revision)
        elif revisions.get(key) == revision - 1:
            expected.append(STORED)
            revisions[key] = revision
        else:
            expected.append(STALE)
    split = data.draw(st.integers(0, len(operations)))
    outcomes = await store.write(operations[:split]) + await store.write(operations[split:])
    assert outcomes == expected
    for key, revision in revisions.items():
        assert (await store.get(AI_REQUEST, TENANT, key)).revision == revision


async def test_writes_at_the_same_time_are_all_kept(store: Store) -> None:
    outcomes = await asyncio.gather(
        *(store.write([Insert(AI_REQUEST, ai(str(number % 30)))]) for number in range(60))
    )
    assert sorted(outcome.value for (outcome,) in outcomes) == ["duplicate"] * 30 + ["stored"] * 30
    assert await count(store, AI_REQUEST) == 30


async def test_what_was_stored_is_there_after_a_restart(reach: Reach) -> None:
    for number in range(3):
        store = reach()
        await store.open()
        outcomes = await store.write([Insert(SALE, sale("s")), Insert(SALE, sale(str(number)))])
        assert outcomes == [DUPLICATE if number else STORED, STORED]
        assert await count(store, SALE) == number + 2
        await store.close()


async def test_a_closed_store_is_unavailable_and_can_be_closed_again(reach: Reach) -> None:
    store = reach()
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.open()
    await store.ping()
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.write([Insert(SALE, sale("s"))])
    with pytest.raises(StoreUnavailable):
        await store.get(SALE, TENANT, "s")


async def test_a_purge_removes_what_lies_before_the_time(store: Store) -> None:
    await keep(
        store,
        ENGAGEMENT,
        event("before", timestamp=minutes(0) - timedelta(milliseconds=1)),
        event("other tenant's", timestamp=minutes(-60), tenant_id="other"),
        event("at", timestamp=minutes(0)),
        event("after", timestamp=minutes(1)),
    )
    await keep(store, SALE, sale("s", created_at=minutes(-60)))
    removed = await store.purge(ENGAGEMENT, minutes(0))
    left = {document.event_id for document in await store.find(Find(ENGAGEMENT))}
    assert left == {"at", "after"} or (removed, left) == (0, left)  # some engines do it by TTL
    assert await count(store, SALE) == 1


async def test_a_purge_minds_no_names_of_fields(store: Store) -> None:
    """A key that is called `id` is one that SQL could take for a column of something else."""
    await store.put(DERIVED, (), [derived(str(at), time=minutes(at)) for at in range(3)])
    async with asyncio.timeout(10):
        removed = await store.purge(DERIVED, minutes(2))
    assert (removed, await count(store, DERIVED)) in ((2, 1), (0, 3))  # some engines do it by TTL
