"""Logarithms on every build of SQLite, with or without functions of its own."""

import sqlite3
from collections.abc import Iterator

import pytest

from exporter.records import AI_REQUEST
from exporter.storage.log_buckets import bucket_of
from exporter.storage.query import Aggregation, LogBucket, Measure
from exporter.storage.sqlite_groups import FUNCTIONS, complete
from exporter.storage.sqlite_query import compile_aggregation
from exporter.storage.sqlite_schema import Table, migrate

from .documents import ai

NUMBERS = [0.0, 1e-6, 0.3, 1.0, 2.5, 1e12]


@pytest.fixture
def bare() -> Iterator[sqlite3.Connection]:
    """A connection to an empty database, where the functions that a build may lack do not work."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for name in FUNCTIONS:
        connection.create_function(name, 1, None)  # hides the one of the build, and fails
    yield connection
    connection.close()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_build_lacks_is_lent(bare: sqlite3.Connection, name: str) -> None:
    with pytest.raises(sqlite3.OperationalError):
        bare.execute(f"SELECT {name}(2.5)")
    complete(bare)
    assert bare.execute(f"SELECT {name}(2.5)").fetchone() == (FUNCTIONS[name](2.5),)


def test_what_a_build_has_is_kept() -> None:
    connection = sqlite3.connect(":memory:")
    for name in FUNCTIONS:
        connection.create_function(name, 1, lambda number: "its own")
    complete(connection)
    assert [connection.execute(f"SELECT {name}(1)").fetchone() for name in FUNCTIONS] == [
        ("its own",)
    ] * len(FUNCTIONS)
    connection.close()


def test_buckets_are_the_same_with_what_was_lent(bare: sqlite3.Connection) -> None:
    complete(bare)
    table = Table.of(AI_REQUEST)
    migrate(bare, [table])
    rows = [table.layout.row(ai(str(number), duration_ms=number)) for number in NUMBERS]
    bare.executemany(table.put, rows)
    query = Aggregation(AI_REQUEST, [Measure("n")], by=[LogBucket("durationMs")])
    found = [row["bucket"] for row in compile_aggregation(query, table).run(bare)]
    assert found == sorted(map(bucket_of, NUMBERS))
