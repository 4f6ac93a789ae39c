"""The statements that put in rows: of the columns that a document fills, and not kept for ever."""

from itertools import combinations, islice
from typing import Any

from exporter.records import AI_REQUEST
from exporter.records.ai_request import AiRequest, RequestError, Routing
from exporter.storage.base import Insert, Outcome, Store
from exporter.storage.query import Find
from exporter.storage.sqlite_schema import MOST_INSERTS, Table

from .documents import ai

FIELDS: dict[str, Any] = {
    "provider": "someone",
    "feature": "chat",
    "language": "en",
    "session_id": "s",
    "cost": 1.5,
    "duration_ms": 0.0,
    "error": RequestError(),
    "routing": Routing(was_routed=False, confidence=0.0),
    "metadata": {},
}


def filled_differently(number: int) -> list[AiRequest]:
    """Requests of which no two have the same fields."""
    several = (names for size in range(len(FIELDS)) for names in combinations(FIELDS, size))
    return [
        ai(f"r-{at}", **{name: FIELDS[name] for name in names})
        for at, names in enumerate(islice(several, number))
    ]


def test_a_statement_names_the_columns_that_are_filled_and_no_others() -> None:
    table = Table.of(AI_REQUEST)
    filled, values = table.layout.filled(ai("r", cost=0.0, routing=Routing()))
    columns = dict(zip(table.layout.names(filled), values, strict=True))
    assert None not in values
    assert columns["cost"] == 0.0
    assert columns["routing"] == 1
    assert columns["routing.wasRouted"] is False
    assert not {"feature", "error", "origin", "tokens.input"} & columns.keys()
    assert table.insert(filled).count("?") == len(values)


def test_documents_that_are_filled_in_the_same_way_share_a_statement() -> None:
    table = Table.of(AI_REQUEST)
    (one, _), (other, _) = (table.layout.filled(ai(key, cost=1.0)) for key in "ab")
    assert table.insert(one) is table.insert(other)


def test_a_table_keeps_so_many_statements_and_no_more() -> None:
    table = Table.of(AI_REQUEST)
    shapes = [table.layout.filled(one)[0] for one in filled_differently(MOST_INSERTS + 1)]
    assert len(set(shapes)) == MOST_INSERTS + 1
    for shape in shapes:
        table.insert(shape)
    assert table.insert(shapes[0]) is table.insert(shapes[0])
    assert table.insert(shapes[-1]) is not table.insert(shapes[-1])


async def test_documents_of_more_shapes_than_statements_come_back_as_they_were(
    store: Store,
) -> None:
    documents = filled_differently(3 * MOST_INSERTS)
    outcomes = await store.write([Insert(AI_REQUEST, one) for one in documents])
    assert outcomes == [Outcome.STORED] * len(documents)
    found = await store.find(Find(AI_REQUEST, limit=len(documents)))
    assert {one.request_id: one for one in found} == {one.request_id: one for one in documents}
