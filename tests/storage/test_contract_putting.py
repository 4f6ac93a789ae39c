"""What every engine does with puts: what is derived becomes what it is said to be, and no more."""

import asyncio
from typing import Any

import pytest

from exporter.errors import Invalid
from exporter.fields import Money
from exporter.storage.base import Store, StoreUnavailable
from exporter.storage.query import Find, Where, equals, within

from .conftest import Reach
from .documents import DERIVED, TENANT, ai, derived, minutes

FIRST_HOUR = within("time", [(minutes(0), minutes(60))])


async def kept(store: Store, *where: Any) -> dict[str, int]:
    """How many each derived document of the tenant counts, by its key."""
    found = await store.find(Find(DERIVED, (equals("tenantId", TENANT), *where)))
    return {document.id: document.n for document in found}


async def test_a_derived_document_comes_back_as_it_was(store: Store) -> None:
    document = derived(
        "a",
        model="gpt",
        n=3,
        tokens_input_sum=2**62,
        cost_sum=0.1 + 0.2,
        amount_sum=Money("-1.500001"),
        users_sketch=bytes(range(256)),
    )
    await store.put(DERIVED, (), [document, derived("b")])
    assert await store.get(DERIVED, TENANT, "a") == document
    assert await store.find(Find(DERIVED)) == [document, derived("b")]
    assert type(document.users_sketch) is bytes


async def test_a_put_replaces_adds_and_removes(store: Store) -> None:
    await store.put(DERIVED, (), [derived(key, n=1) for key in "abc"])
    await store.put(DERIVED, (), [derived("b", n=2), derived("d", n=2)])
    assert await kept(store) == {"b": 2, "d": 2}


async def test_a_replaced_document_keeps_nothing_of_the_one_before(store: Store) -> None:
    await store.put(DERIVED, (), [derived("a", model="gpt", cost_sum=1.0)])
    await store.put(DERIVED, (), [derived("a", tokens_input_sum=1)])
    assert await store.get(DERIVED, TENANT, "a") == derived("a", tokens_input_sum=1)


WHERES: dict[str, tuple[Where, dict[str, int]]] = {
    "everything": ((), {}),
    "an hour": ((FIRST_HOUR,), {"later": 1, "last": 1}),
    "some hours": (
        (within("time", [(minutes(0), minutes(60)), (minutes(120), minutes(180))]),),
        {"later": 1},
    ),
    "no hour": ((within("time", []),), {"first": 1, "gpt": 1, "later": 1, "last": 1}),
    "an hour of a model": (
        (FIRST_HOUR, equals("model", "gpt")),
        {"first": 1, "later": 1, "last": 1},
    ),
    "another tenant": (
        (equals("tenantId", "other"),),
        {"first": 1, "gpt": 1, "later": 1, "last": 1},
    ),
}


@pytest.mark.parametrize("again", [False, True], ids=["removal", "replacement"])
@pytest.mark.parametrize(("where", "left"), WHERES.values(), ids=WHERES)
async def test_what_the_condition_does_not_hold_for_stays(
    store: Store, where: Where, left: dict[str, int], again: bool
) -> None:
    before = [
        derived("first", n=1),
        derived("gpt", n=1, model="gpt"),
        derived("later", n=1, time=minutes(60)),
        derived("last", n=1, time=minutes(120)),
    ]
    await store.put(DERIVED, (), before)
    new = [derived("gpt", n=7, model="gpt")] if again else []
    await store.put(DERIVED, where, new)
    assert await kept(store) == {**left, **{document.id: 7 for document in new}}


async def test_a_condition_without_a_tenant_is_for_all_of_them(store: Store) -> None:
    tenants = [f"t{number}" for number in range(5)]
    hours = [(minutes(0), minutes(60)), (minutes(120), minutes(180))]
    await store.put(
        DERIVED,
        (),
        [derived(f"{at}", tenant_id=name, time=minutes(at)) for name in tenants for at in (0, 60)],
    )
    new = [derived("0", tenant_id="t3", n=5)]
    await store.put(DERIVED, (within("time", hours),), new)
    found = await store.find(Find(DERIVED, (within("time", [*hours, (minutes(60), minutes(61))]),)))
    assert [(one.tenant_id, one.id, one.n) for one in found] == [
        ("t3", "0", 5),
        *((name, "60", 0) for name in tenants),
    ]


async def test_a_document_outside_the_condition_replaces_the_one_of_its_key(store: Store) -> None:
    await store.put(DERIVED, (), [derived("a", n=1, time=minutes(600)), derived("b", n=1)])
    await store.put(DERIVED, (FIRST_HOUR,), [derived("a", n=2, time=minutes(300))])
    assert await kept(store) == {"a": 2}


async def test_documents_of_one_key_and_several_tenants_are_several(store: Store) -> None:
    await store.put(DERIVED, (), [derived("a"), derived("a", tenant_id="other")])
    assert len(await store.find(Find(DERIVED))) == 2


REFUSED: dict[str, list[Any]] = {
    "two of one key": [derived("a", n=1), derived("a", n=2)],
    "a document of another family": [ai("a")],
    "an integer of more than 64 bits": [derived("b", tokens_input_sum=2**63)],
    "half of a surrogate pair": [derived("b", model="\ud800")],
    "money finer than a millionth": [derived("b", amount_sum=Money("0.0000001"))],
    "no time": [derived("b", time=None)],
    "no tenant": [derived("b", tenant_id=None)],
}


@pytest.mark.parametrize("documents", REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_stored_changes_nothing(store: Store, documents: list[Any]) -> None:
    await store.put(DERIVED, (), [derived("old", n=1)])
    with pytest.raises(ValueError, match=r"^hour_of_model: "):
        await store.put(DERIVED, (), [derived("good"), *documents])
    assert await kept(store) == {"old": 1}


@pytest.mark.parametrize("where", [equals("nonsense", 1), equals("n", "1")], ids=["field", "value"])
async def test_a_condition_that_means_nothing_is_invalid(store: Store, where: Any) -> None:
    with pytest.raises(Invalid):
        await store.put(DERIVED, (where,), [derived("a")])
    assert await kept(store) == {}


async def test_more_than_fit_into_one_command_are_all_put(store: Store) -> None:
    async def put(n: int) -> None:
        await store.put(DERIVED, (), [derived(f"{key:05}", n=n) for key in range(10_050)])

    await put(1)
    await put(2)
    found = await store.find(Find(DERIVED, limit=20_000))
    assert len(found) == 10_050
    assert {document.n for document in found} == {2}


async def test_a_reader_never_misses_a_document_that_was_there_and_is_there_again(
    store: Store,
) -> None:
    keys = [str(key) for key in range(300)]
    await store.put(DERIVED, (), [derived(key) for key in keys])
    writing = asyncio.create_task(put_ten_times(store, keys))
    reads = 0
    while not writing.done():
        found = await store.find(Find(DERIVED, (FIRST_HOUR,), limit=1_000))
        assert sorted(document.id for document in found) == sorted(keys)
        reads += 1
    await writing
    assert reads > 0


async def put_ten_times(store: Store, keys: list[str]) -> None:
    """Put documents of those keys, each time others."""
    for n in range(10):
        await store.put(DERIVED, (FIRST_HOUR,), [derived(key, n=n) for key in keys])


async def test_puts_of_the_same_documents_at_the_same_time_lose_none(store: Store) -> None:
    documents = [derived(str(key), n=1) for key in range(50)]
    await store.put(DERIVED, (), [derived("old")])
    ended = await asyncio.gather(
        *(store.put(DERIVED, (FIRST_HOUR,), documents) for _ in range(5)), return_exceptions=True
    )
    assert None in ended
    assert {type(failure) for failure in ended} <= {type(None), StoreUnavailable}  # may be in turn
    assert await kept(store) == {document.id: 1 for document in documents}


async def test_a_closed_store_puts_nothing(reach: Reach) -> None:
    store = reach()
    with pytest.raises(StoreUnavailable):
        await store.put(DERIVED, (), [derived("a")])
