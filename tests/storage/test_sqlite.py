"""What is SQLite's own: the file and who may have it, a disk that fails, and what is told of it."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from exporter.analytics.usage import WITHOUT_END
from exporter.records import AI_REQUEST, ENGAGEMENT
from exporter.storage import sqlite_transactions
from exporter.storage.base import Insert, Outcome, Replace, StoreUnavailable
from exporter.storage.query import (
    Aggregation,
    Find,
    Function,
    LogBucket,
    Measure,
    Order,
    Where,
    between,
    equals,
    within,
)
from exporter.storage.sqlite import PURGE_STEP, SqliteStore
from exporter.storage.sqlite_query import (
    Statement,
    compile_aggregation,
    compile_find,
    compile_removal,
)
from exporter.storage.sqlite_schema import Table

from .conftest import KEPT
from .disks import full_disk, no_more_bytes
from .documents import DERIVED, NOON, TENANT, ai, derived, event, keep, minutes

Observed = list[tuple[str, float, int]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be, in a folder that is not there yet."""
    return tmp_path / "new" / "data" / "events.db"


@pytest.fixture
def observed() -> Observed:
    """The operations that were observed, their seconds, and the thread that told of them."""
    return []


def make(path: Path, observed: Observed | None = None) -> SqliteStore:
    """A store on that file."""
    told = [] if observed is None else observed
    return SqliteStore(
        path,
        KEPT,
        query_timeout_ms=30_000,
        observe=lambda name, seconds: told.append((name, seconds, threading.get_ident())),
    )


@pytest.fixture
async def store(path: Path, observed: Observed) -> AsyncIterator[SqliteStore]:
    """An open store."""
    store = make(path, observed)
    await store.open()
    yield store
    await store.close()


async def count(store: SqliteStore) -> int:
    """All AI requests."""
    (row,) = await store.aggregate(Aggregation(AI_REQUEST, [Measure("n")]))
    number: int = row["n"]
    return number


async def test_only_the_owner_may_look_into_the_files(store: SqliteStore, path: Path) -> None:
    await keep(store, AI_REQUEST, ai("r"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = {path.name + end for end in ("", "-wal", "-shm", ".lock")}
    assert files == dict.fromkeys(names, 0o600)


async def test_a_closed_store_leaves_one_file_with_everything_in_it(path: Path) -> None:
    store = make(path)
    await store.open()
    await keep(store, AI_REQUEST, ai("r"))
    await store.close()
    assert {file.name for file in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}
    with sqlite3.connect(path) as connection:
        assert connection.execute('SELECT "requestId" FROM ai_requests').fetchall() == [("r",)]
    connection.close()


async def test_a_second_store_on_the_file_is_refused_until_the_first_is_closed(
    store: SqliteStore, path: Path
) -> None:
    second = make(path)
    with pytest.raises(StoreUnavailable, match="in use by another process"):
        await second.open()
    await keep(store, AI_REQUEST, ai("r"))
    await store.close()
    await second.open()
    assert await count(second) == 1
    await second.close()


OWNER = """
import asyncio, sys
from pathlib import Path
from exporter.records import FAMILIES
from exporter.storage.sqlite import SqliteStore

async def own():
    store = SqliteStore(
        Path(sys.argv[1]), FAMILIES, query_timeout_ms=1000, observe=lambda name, seconds: None
    )
    await store.open()
    print("open", flush=True)
    sys.stdin.read()

asyncio.run(own())
"""


async def test_another_process_that_dies_lets_go_of_the_file(path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(path), stdin=PIPE, stdout=PIPE
    )
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"open\n"
    with pytest.raises(StoreUnavailable, match="in use by another process"):
        await make(path).open()
    owner.kill()
    await owner.wait()
    store = make(path)
    await store.open()
    await store.ping()
    await store.close()


async def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        await make(tmp_path / "file" / "events.db").open()


async def test_a_file_that_is_no_database_is_told_of_and_let_go(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else entirely" * 100)  # noqa: ASYNC240  # likewise
    with pytest.raises(StoreUnavailable, match="not a database"):
        await make(path).open()
    path.unlink()  # noqa: ASYNC240  # likewise
    store = make(path)
    await store.open()
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The path of a file on a disk of 2 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted as root")
    yield disk / "events.db"
    subprocess.run(["umount", str(disk)], check=True)


async def check_failing_disk(path: Path, failure: AbstractContextManager[None]) -> None:
    """What was acknowledged before, nothing of what failed, and all that comes after is kept."""
    store = make(path)
    await store.open()
    await keep(store, AI_REQUEST, ai("before"))
    stored = 1
    with failure:
        with pytest.raises(StoreUnavailable) as raised:  # noqa: PT012  # which write it is is open
            for number in range(500):
                batch = [ai(f"{number} {part}", prompt="x" * 5000) for part in range(5)]
                await keep(store, AI_REQUEST, *batch)
                stored += len(batch)
        assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
        assert await count(store) == stored
    await keep(store, AI_REQUEST, ai("after"), ai("0 0 again"))
    await store.ping()
    await store.close()
    again = make(path)
    await again.open()
    assert await count(again) == stored + 2
    await again.close()


async def test_a_failing_disk_makes_the_store_unavailable_until_it_works(path: Path) -> None:
    await check_failing_disk(path, no_more_bytes())


async def test_a_full_disk_makes_the_store_unavailable_until_there_is_space(
    small_disk: Path,
) -> None:
    await check_failing_disk(small_disk, full_disk(small_disk.parent))


async def test_a_ping_and_a_purge_fail_where_nothing_can_be_written(
    store: SqliteStore, path: Path
) -> None:
    await keep(store, ENGAGEMENT, event("e"))
    with no_more_bytes():
        with pytest.raises(StoreUnavailable):
            await store.ping()
        with pytest.raises(StoreUnavailable):
            await store.purge(ENGAGEMENT, minutes(1))
    await store.ping()
    assert await store.purge(ENGAGEMENT, minutes(1)) == 1


async def test_a_lock_of_another_program_makes_the_store_unavailable(
    store: SqliteStore, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.write([Insert(AI_REQUEST, ai("r"))])
    other.execute("ROLLBACK")
    other.close()
    await keep(store, AI_REQUEST, ai("r"))


async def test_of_a_put_that_cannot_be_written_nothing_is_done(store: SqliteStore) -> None:
    before = [derived(str(number), n=1) for number in range(100)]
    await store.put(DERIVED, (), before)
    with no_more_bytes(), pytest.raises(StoreUnavailable):
        await store.put(DERIVED, (), [derived(str(number), n=2) for number in range(20_000)])
    assert await store.find(Find(DERIVED, limit=1_000, order=(Order("id"),))) == sorted(
        before, key=lambda document: document.id
    )
    await store.put(DERIVED, (), [])
    assert await store.find(Find(DERIVED)) == []


async def test_a_reader_sees_whole_puts_while_they_are_made(store: SqliteStore) -> None:
    async def put() -> None:
        for n in range(1, 30):
            await store.put(DERIVED, (), [derived(f"{n} {number}", n=n) for number in range(10)])

    count = [Measure("n"), Measure("puts", Function.DISTINCT, "n")]
    putting = asyncio.create_task(put())
    seen = []
    while not putting.done():
        seen += await store.aggregate(Aggregation(DERIVED, count))
    await putting
    assert {(row["n"], row["puts"]) for row in seen} <= {(0, 0), (10, 1)}
    assert len(seen) > 1


async def test_a_reader_sees_whole_commits_while_they_are_made(store: SqliteStore) -> None:
    async def write() -> None:
        for batch in range(40):
            await keep(store, AI_REQUEST, *(ai(f"{batch} {number}") for number in range(10)))

    writing = asyncio.create_task(write())
    seen = []
    while not writing.done():
        seen += await asyncio.gather(*(count(store) for _ in range(6)))
    await writing
    assert await count(store) == 400
    assert all(number % 10 == 0 for number in seen)
    assert len(seen) > 6


async def test_a_purge_takes_steps_between_which_others_write(
    store: SqliteStore, observed: Observed
) -> None:
    rows = 2 * PURGE_STEP + 1
    old = [event(str(number), tenant_id=f"t{number % 3}") for number in range(rows)]
    await keep(store, ENGAGEMENT, *old)
    observed.clear()
    purge = asyncio.create_task(store.purge(ENGAGEMENT, minutes(1)))
    while not observed:  # until the first step is done
        await keep(store, ENGAGEMENT, event(f"new {len(observed)}", timestamp=minutes(1)))
    await keep(store, AI_REQUEST, ai("r"))
    assert await purge == rows
    assert [name for name, *_ in observed].count("purge") == 3
    assert len(await store.find(Find(ENGAGEMENT))) == 1


async def test_each_operation_is_observed_on_the_thread_of_the_event_loop(
    store: SqliteStore, observed: Observed
) -> None:
    await store.write([Insert(AI_REQUEST, ai("r"))])
    await store.put(DERIVED, (), [])
    await store.get(AI_REQUEST, TENANT, "r")
    await store.find(Find(AI_REQUEST))
    await store.aggregate(Aggregation(AI_REQUEST, [Measure("n")]))
    await store.purge(AI_REQUEST, NOON)
    await store.ping()
    names = ["write", "put", "get", "find", "aggregate", "purge", "ping"]
    assert [name for name, _, _ in observed] == names
    assert all(seconds > 0 for _, seconds, _ in observed)
    assert {thread for _, _, thread in observed} == {threading.get_ident()}


async def test_the_log_of_a_refused_document_tells_nothing_of_what_is_in_it(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger that was used before may hold on to the configuration of another test.
    monkeypatch.setattr(sqlite_transactions, "log", structlog.get_logger())
    secret = "my secret \ud800"
    with capture_logs() as lines:
        outcomes = await store.write(
            [
                Insert(AI_REQUEST, ai("a", prompt=secret)),
                Insert(AI_REQUEST, ai("b", cost="my secret")),
                Insert(AI_REQUEST, ai("c", metadata={"a": object()})),
                Replace(AI_REQUEST, ai("d", prompt=secret)),
            ]
        )
    assert outcomes == [Outcome.FAILED] * 4
    assert "secret" not in repr(lines)
    assert [(line["event"], line["operation"], line["reason"]) for line in lines] == [
        ("operation_refused", "Insert", "UnicodeEncodeError"),
        (
            "operation_refused",
            "Insert",
            "cannot store TEXT value in REAL column ai_requests.cost",
        ),
        ("operation_refused", "Insert", "TypeError"),
        ("operation_refused", "Replace", "UnicodeEncodeError"),
    ]


BY_TIME = "by tenantId, createdAt, userId (tenantId=? AND createdAt>? AND createdAt<?)"
TIME = between("createdAt", minutes(0), minutes(1))
TIMES = within("createdAt", [(minutes(at), minutes(at + 1)) for at in range(0, 40, 2)])
OWN = equals("tenantId", "a")
COUNT = [Measure("n")]
SEARCHES: dict[str, tuple[Aggregation | Find, str]] = {
    "a tenant's range": (Aggregation(AI_REQUEST, COUNT, (OWN, *TIME)), BY_TIME),
    "a range of all tenants": (Aggregation(AI_REQUEST, COUNT, TIME), BY_TIME),
    "a tenant's ranges": (Aggregation(AI_REQUEST, COUNT, (OWN, TIMES)), BY_TIME),
    "a user's ranges": (
        Aggregation(AI_REQUEST, COUNT, (OWN, equals("userId", "u"), TIMES)),
        BY_TIME,
    ),
    "ranges of all tenants": (Aggregation(AI_REQUEST, COUNT, (TIMES,)), BY_TIME),
    "ranges to be ranked": (
        Aggregation(
            AI_REQUEST,
            [Measure("p", Function.PERCENTILE, "cost", quantile=0.5)],
            (OWN, TIMES),
            ["model", LogBucket("durationMs")],
        ),
        BY_TIME,
    ),
    "documents of ranges": (Find(AI_REQUEST, (OWN, TIMES)), BY_TIME),
    "what is in progress, of all tenants": (
        Aggregation(AI_REQUEST, COUNT, (*TIME, *WITHOUT_END), ["model"]),
        "by createdAt, model, status without endedAt (createdAt>? AND createdAt<?)",
    ),
    "what is in progress of a tenant": (
        Aggregation(AI_REQUEST, COUNT, (OWN, *TIME, *WITHOUT_END), ["model"]),
        BY_TIME,
    ),
    "a key": (
        Find(AI_REQUEST, (OWN, equals("requestId", "r"))),
        "by tenantId, requestId (tenantId=? AND requestId=?)",
    ),
    "a tenant's newest": (
        Find(AI_REQUEST, (OWN,), (Order("createdAt", descending=True),)),
        "by tenantId, createdAt, userId (tenantId=?)",
    ),
}


@pytest.mark.parametrize(("query", "step"), SEARCHES.values(), ids=SEARCHES)
async def test_a_frequent_question_walks_an_index(
    store: SqliteStore, path: Path, query: Aggregation | Find, step: str
) -> None:
    table = Table.of(AI_REQUEST)
    compiled: Statement[Any] = (
        compile_find(query, table) if isinstance(query, Find) else compile_aggregation(query, table)
    )
    steps = plan(path, compiled.sql, compiled.values)
    assert f"SEARCH ai_requests USING INDEX ai_requests {step}" in steps.replace("COVERING ", "")
    assert "SCAN ai_requests" not in steps


@pytest.mark.parametrize("own", [(), (OWN,)], ids=["of all tenants", "of a tenant"])
@pytest.mark.parametrize("times", [(TIMES,), TIME], ids=["ranges", "a range"])
async def test_a_put_walks_an_index_to_what_it_removes(
    store: SqliteStore, path: Path, own: Where, times: Where
) -> None:
    removal = compile_removal((*own, *times), Table.of(AI_REQUEST))
    steps = plan(path, *removal)
    assert f"SEARCH ai_requests USING COVERING INDEX ai_requests {BY_TIME}" in steps
    assert "SEARCH ai_requests USING INTEGER PRIMARY KEY" in steps
    assert "SCAN ai_requests" not in steps


async def test_a_purge_and_a_get_walk_an_index(store: SqliteStore, path: Path) -> None:
    table = Table.of(AI_REQUEST)
    for sql in (table.purge, table.get):
        assert "SCAN ai_requests" not in plan(path, sql, (1, 2))


def plan(path: Path, sql: str, values: tuple[Any, ...]) -> str:
    """How SQLite goes about a statement."""
    connection = sqlite3.connect(path)
    steps = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    connection.close()
    return "\n".join(step[-1] for step in steps)


def test_a_value_is_bound_and_never_part_of_the_statement() -> None:
    hostile = "'; DROP TABLE ai_requests; --"
    where = (equals("userId", hostile),)
    query = Aggregation(AI_REQUEST, [Measure("n", where=where)], where, ["model"], limit=3)
    compiled = compile_aggregation(query, Table.of(AI_REQUEST))
    assert hostile not in compiled.sql
    assert compiled.values == (hostile, hostile, 3)
