"""How the file grows with the schemas, and which changes of them it refuses."""

import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
import structlog
from msgspec import Struct
from structlog.testing import capture_logs

from exporter.errors import Invalid
from exporter.family import Family, Index, Tracked
from exporter.fields import Identifier, Label, Moment, Money
from exporter.records import AI_REQUEST, CREDIT, FAMILIES
from exporter.records.ai_request import AiRequest
from exporter.records.credit import Credit
from exporter.storage import sqlite_schema
from exporter.storage.base import IncompatibleStore, Outcome, Replace
from exporter.storage.query import Filter, Find, Operator, equals
from exporter.storage.sqlite import SqliteStore
from exporter.storage.sqlite_columns import DocumentLayout
from exporter.storage.sqlite_schema import SCHEMA_VERSION, Table, missing

from .documents import NOON, TENANT, ai, credit, keep


class Sentiment(Struct, rename="camel", frozen=True):
    """A new nested struct."""

    mood: str | None = None
    is_sure: bool = False


class GrownRequest(AiRequest, kw_only=True):
    """An AI request of a later version."""

    grade: int = 3
    labels: list[str] = msgspec.field(default_factory=list)
    reviewer: str | None = None
    sentiment: Sentiment | None = None


GROWN = replace(
    AI_REQUEST,
    document=GrownRequest,
    dimensions=(*AI_REQUEST.dimensions, "reviewer", "sentiment.isSure"),
    indexes=(Index(("tenantId", "reviewer")),),
)


OPEN_ONES = "ai_requests by createdAt, model, status without endedAt"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be."""
    return tmp_path / "events.db"


async def opened(path: Path, *families: Family) -> SqliteStore:
    """An open store that knows these families only."""
    store = SqliteStore(path, families, query_timeout_ms=30_000, observe=lambda name, seconds: None)
    await store.open()
    return store


async def kept(path: Path, family: Family, *documents: Any) -> None:
    """Store documents in a store of that family, and close it."""
    store = await opened(path, family)
    await keep(store, family, *documents)
    await store.close()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.kind)
def test_every_field_has_a_column(family: Family) -> None:
    layout = DocumentLayout(family.document)
    values = [column.name for column in layout.columns if column.form.name != "presence"]
    assert sorted(values) == sorted(family.leaves)
    assert len(values) == len(set(values))


async def test_a_new_field_gets_a_column_and_old_documents_its_default(path: Path) -> None:
    await kept(path, AI_REQUEST, ai("old", user_id="ada"))
    store = await opened(path, GROWN)
    old = await store.get(GROWN, TENANT, "old")
    assert old == GrownRequest(
        request_id="old", tenant_id=TENANT, user_id="ada", model="gpt", created_at=NOON
    )
    assert (old.grade, old.labels, old.reviewer, old.sentiment) == (3, [], None, None)
    new = GrownRequest(
        request_id="new",
        tenant_id=TENANT,
        model="gpt",
        created_at=NOON,
        grade=5,
        labels=["a"],
        reviewer="eve",
        sentiment=Sentiment(is_sure=True),
    )
    await keep(store, GROWN, new)
    assert await store.find(Find(GROWN, (equals("sentiment.isSure", True),))) == [new]
    await store.close()


async def test_a_declared_index_is_made_and_used(path: Path) -> None:
    await kept(path, AI_REQUEST, ai("old"))
    await kept(path, GROWN)
    connection = sqlite3.connect(path)
    steps = connection.execute(
        'EXPLAIN QUERY PLAN SELECT 1 FROM ai_requests WHERE "tenantId" = 1 AND reviewer = 2'
    ).fetchall()
    connection.close()
    assert any("by tenantId, reviewer" in step[-1] for step in steps)


async def test_a_file_of_the_version_before_gets_an_index_of_the_rows_without_a_field(
    path: Path,
) -> None:
    before = replace(AI_REQUEST, indexes=())
    await kept(path, before, ai("open"), ai("over", ended_at=NOON, status="completed"))
    with closing(sqlite3.connect(path)) as raw:
        assert missing(raw, [Table.of(AI_REQUEST)]) == [OPEN_ONES]
    store = await opened(path, AI_REQUEST)
    assert await store.missing() == []
    await keep(store, AI_REQUEST, ai("later"), ai("soon over"))
    ended = msgspec.structs.replace(ai("soon over"), ended_at=NOON, status="completed", revision=1)
    assert await store.write([Replace(AI_REQUEST, ended)]) == [Outcome.STORED]
    await store.close()
    with closing(sqlite3.connect(path)) as raw:
        found = raw.execute(
            f'SELECT "requestId" FROM ai_requests INDEXED BY "{OPEN_ONES}" '
            'WHERE "endedAt" IS NULL ORDER BY 1'
        ).fetchall()
        assert found == [("later",), ("open",)]
        with pytest.raises(sqlite3.OperationalError, match="no query solution"):
            raw.execute(f'SELECT 1 FROM ai_requests INDEXED BY "{OPEN_ONES}"')


async def test_an_index_declared_of_other_rows_is_another_one(path: Path) -> None:
    await kept(path, replace(AI_REQUEST, indexes=(Index(("createdAt",), without="endedAt"),)))
    everything = replace(AI_REQUEST, indexes=(Index(("createdAt",)),))
    with closing(sqlite3.connect(path)) as raw:
        assert missing(raw, [Table.of(everything)]) == ["ai_requests by createdAt"]


EARLIER = replace(
    AI_REQUEST,
    indexes=(
        *AI_REQUEST.indexes,
        Index(("tenantId", "userId", "createdAt")),
        Index(("createdAt",), without="endedAt"),
    ),
)
"""AI requests as an earlier version declared them: with two more indexes."""
NO_LONGER = [
    "ai_requests by createdAt without endedAt",
    "ai_requests by tenantId, userId, createdAt",
]
SOMEBODYS = {
    "ai_requests by hand": '"model"',
    "ai_requests by model": '"model", "status"',
    "ai_requests by lower(model)": "lower(model)",
    "by tenantId, model": '"tenantId", "model"',
    "models": '"model"',
}
"""What an operator may have made: the names of indexes, none of which is the service's for what
the index is of."""


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged of the schema."""
    # A logger that was used before may hold on to the configuration of another test.
    monkeypatch.setattr(sqlite_schema, "log", structlog.get_logger())
    with capture_logs() as lines:
        yield lines


def indexes(path: Path) -> set[str]:
    """The names of the indexes that are in the file."""
    with closing(sqlite3.connect(path)) as raw:
        return {
            name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        }


async def test_an_index_that_only_an_earlier_version_declared_goes_once(
    path: Path, lines: list[MutableMapping[str, Any]]
) -> None:
    await kept(path, EARLIER, ai("old", user_id="ada"))
    assert indexes(path) >= set(NO_LONGER)
    assert lines == []
    store = await opened(path, AI_REQUEST)
    assert sorted(line["index"] for line in lines) == NO_LONGER
    assert {(line["event"], line["log_level"], line["collection"]) for line in lines} == {
        ("index_removed", "info", "ai_requests")
    }
    assert await store.missing() == []
    await keep(store, AI_REQUEST, ai("new"))
    assert await store.find(Find(AI_REQUEST)) == [ai("new"), ai("old", user_id="ada")]
    await store.close()
    table = Table.of(AI_REQUEST)
    assert indexes(path) == {table.index_name(index) for _, index in table.indexes()}
    lines.clear()
    await kept(path, AI_REQUEST)
    assert lines == []


async def test_an_index_of_an_operators_own_stays(
    path: Path, lines: list[MutableMapping[str, Any]]
) -> None:
    await kept(path, AI_REQUEST)
    with closing(sqlite3.connect(path)) as raw:
        for name, columns in SOMEBODYS.items():
            raw.execute(f'CREATE INDEX "{name}" ON ai_requests ({columns})')
    await kept(path, AI_REQUEST)
    assert indexes(path) >= SOMEBODYS.keys()
    assert lines == []


async def test_indexes_of_a_table_that_is_not_asked_for_stay(
    path: Path, lines: list[MutableMapping[str, Any]]
) -> None:
    await kept(path, EARLIER)
    await kept(path, CREDIT)
    assert indexes(path) >= set(NO_LONGER)
    assert lines == []


async def test_a_start_that_is_refused_removes_no_index(
    path: Path, lines: list[MutableMapping[str, Any]]
) -> None:
    store = await opened(path, EARLIER, CREDIT)
    await store.close()
    with pytest.raises(IncompatibleStore, match="credit_usage"):
        await opened(path, AI_REQUEST, replace(CREDIT, document=MoneyCredit))
    assert indexes(path) >= set(NO_LONGER)
    assert lines == []


async def test_a_field_that_is_gone_stays_in_the_file_unread(path: Path) -> None:
    store = await opened(path, GROWN)
    document = GrownRequest(
        request_id="r", tenant_id=TENANT, model="gpt", created_at=NOON, reviewer="eve"
    )
    await keep(store, GROWN, document)
    await store.close()
    store = await opened(path, AI_REQUEST)
    assert await store.get(AI_REQUEST, TENANT, "r") == ai("r")
    await keep(store, AI_REQUEST, ai("s"))
    await store.close()


async def test_a_new_family_gets_a_table(path: Path) -> None:
    await kept(path, AI_REQUEST, ai("r"))
    store = await opened(path, AI_REQUEST, CREDIT)
    await keep(store, CREDIT, credit("c"))
    assert await store.get(CREDIT, TENANT, "c") == credit("c")
    assert await store.get(AI_REQUEST, TENANT, "r") == ai("r")
    await store.close()


class MoneyCredit(Credit, kw_only=True):
    """Costs become money: millionths would be read where floats were written."""

    cost_usd: Money | None = None


class PricedRequest(AiRequest, kw_only=True):
    """A count becomes money: the same type to SQLite, another meaning."""

    revision: Money = Money(0)


class BatchedCredit(Tracked, kw_only=True):
    """Another key, in the place of the old one."""

    batch_id: Identifier
    feature_name: Label
    created_at: Moment | None = None


CHANGED: dict[str, tuple[Family, Any, Family, str]] = {
    "a float that becomes money": (
        CREDIT,
        credit("c"),
        replace(CREDIT, document=MoneyCredit),
        "credit_usage.costUsd is stored as real, and declared as money",
    ),
    "a count that becomes money": (
        AI_REQUEST,
        ai("r"),
        replace(AI_REQUEST, document=PricedRequest),
        "ai_requests.revision is stored as integer, and declared as money",
    ),
    "another key": (
        CREDIT,
        credit("c"),
        replace(CREDIT, key="featureName"),
        "credit_usage.(featureName|usageId) is stored as",
    ),
    "a key that nothing has": (
        CREDIT,
        credit("c"),
        replace(
            CREDIT,
            document=BatchedCredit,
            key="batchId",
            dimensions=(),
            measures=(),
            answer=(),
            rollups=(),
        ),
        "credit_usage.batchId finds or dates a record",
    ),
}


@pytest.mark.parametrize("change", CHANGED)
async def test_a_change_that_would_misread_what_is_stored_is_refused(
    path: Path, change: str
) -> None:
    before, document, after, message = CHANGED[change]
    await kept(path, before, document)
    with pytest.raises(IncompatibleStore, match=message):
        await opened(path, after)
    store = await opened(path, before)
    assert await store.get(before, TENANT, getattr(document, before.key_attribute)) == document
    await store.close()


async def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    await kept(path, CREDIT, credit("c"))
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    assert version == SCHEMA_VERSION
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(IncompatibleStore, match="written by a later version"):
        await opened(path, CREDIT)


class MixedCredit(Credit, kw_only=True):
    """Literals of one type, and of two."""

    level: Literal["low", 1] | None = None
    step: Literal[1, 2] | None = None


async def test_literals_keep_their_types(path: Path) -> None:
    family = replace(CREDIT, document=MixedCredit, dimensions=("step",))
    store = await opened(path, family)
    fields = credit("c")
    document = MixedCredit(**msgspec.structs.asdict(fields), level=1, step=2)
    await keep(store, family, document)
    assert await store.find(Find(family, (equals("step", 2),))) == [document]
    await store.close()


async def test_a_map_can_be_asked_for_by_presence_only(path: Path) -> None:
    family = replace(CREDIT, dimensions=("metadata",))
    store = await opened(path, family)
    full = credit("full", metadata={"a": [1]})
    await keep(store, family, full, credit("bare"))
    assert await store.find(Find(family, (Filter("metadata", Operator.NE, None),))) == [full]
    with pytest.raises(Invalid, match="compared with None"):
        await store.find(Find(family, (equals("metadata", "{}"),)))
    await store.close()
