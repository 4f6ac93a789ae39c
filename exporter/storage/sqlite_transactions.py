"""What the writer does on its connection: group commits, the steps of a purge, pings.

In a commit, runs of inserts of one family go through `executemany`. A document that SQLite refuses
costs that one: the run goes on behind it. Families do not share rows, so only the order within one
matters.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from operator import attrgetter
from typing import Any

import structlog

from .base import Insert, Operation, Outcome, Replace, StoreUnavailable
from .sqlite_schema import Table

log = structlog.get_logger(__name__)

REFUSED = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ArithmeticError,
    AttributeError,
    TypeError,
    ValueError,
)
"""What one document can be at fault for: a value that does not fit its column, or no column."""

Numbered = tuple[int, Operation]
"""An operation with its position in the list."""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done within, durably, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself where the disk failed.
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


@contextmanager
def unavailable(doing: str) -> Iterator[None]:
    """Turns what SQLite cannot do just now (a full disk, a lock) into StoreUnavailable."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"SQLite could not {doing}: {error}") from error


def commit(
    connection: sqlite3.Connection,
    tables: Mapping[str, Table],
    operations: Sequence[Operation],
) -> list[Outcome]:
    """Do all operations, durably, and give the outcome of each.

    Raises StoreUnavailable when nothing was done.
    """
    outcomes = [Outcome.FAILED] * len(operations)
    by_collection: dict[str, list[Numbered]] = {}
    for position, operation in enumerate(operations):
        by_collection.setdefault(operation.family.collection, []).append((position, operation))
    with unavailable("write"), transaction(connection):
        for collection, numbered in by_collection.items():
            for kind, run in groupby(numbered, key=lambda item: type(item[1])):
                _RUNS[kind](connection, tables[collection], list(run), outcomes)
    return outcomes


def purge(connection: sqlite3.Connection, table: Table, before: int, limit: int) -> int:
    """Remove at most `limit` rows whose time lies before `before` (epoch ms); how many it were."""
    with unavailable("purge"), transaction(connection):
        return connection.execute(table.purge, (before, limit)).rowcount


def touch(connection: sqlite3.Connection) -> None:
    """Return when a page was written durably: the first one, as it is."""
    with unavailable("write"), transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version}")


def _insert(
    connection: sqlite3.Connection, table: Table, run: list[Numbered], outcomes: list[Outcome]
) -> None:
    before = connection.total_changes
    accepted: list[Numbered] = []
    rest = iter(run)

    def rows() -> Iterator[tuple[Any, ...]]:
        for item in rest:
            accepted.append(item)
            yield table.layout.row(item[1].document)

    while True:
        try:
            connection.executemany(table.insert, rows())
            break
        except REFUSED as error:  # go on behind the one that was taken last
            _, refused = accepted.pop()
            _log_refused(refused, error)
    stored = connection.total_changes - before
    if stored == len(accepted):
        for position, _ in accepted:
            outcomes[position] = Outcome.STORED
        return
    tenant, key = map(attrgetter, table.identity)
    newest = set(connection.execute(table.newest_keys, (stored,)))
    for position, operation in accepted:
        identity = tenant(operation.document), key(operation.document)
        outcomes[position] = Outcome.STORED if identity in newest else Outcome.DUPLICATE
        newest.discard(identity)  # a second one with this key was not the one that was stored


def _replace(
    connection: sqlite3.Connection, table: Table, run: list[Numbered], outcomes: list[Outcome]
) -> None:
    tenant, key = map(attrgetter, table.identity)
    for position, operation in run:
        document = operation.document
        try:
            row = table.layout.row(document)
            identity = tenant(document), key(document), document.revision - 1
            changed = connection.execute(table.replace, (*row, *identity)).rowcount
        except REFUSED as error:
            _log_refused(operation, error)
        else:
            outcomes[position] = Outcome.STORED if changed else Outcome.STALE


def _log_refused(operation: Operation, error: Exception) -> None:
    # SQLite's constraint messages name a column; the text of other errors may quote the value.
    told = str(error) if isinstance(error, sqlite3.IntegrityError) else type(error).__name__
    log.error(
        "operation_refused",
        operation=type(operation).__name__,
        family=operation.family.kind,
        reason=told,
    )


_RUNS: dict[type, Callable[[sqlite3.Connection, Table, list[Numbered], list[Outcome]], None]] = {
    Insert: _insert,
    Replace: _replace,
}
