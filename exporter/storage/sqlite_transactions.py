"""What the writer does on its connection: group commits, puts, the steps of a purge, pings.

A document that SQLite refuses costs that one: the commit goes on behind it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import attrgetter
from typing import Any

import structlog

from .base import Insert, Operation, Outcome, Replace, StoreUnavailable
from .distinct import check_distinct
from .sqlite_conditions import Sql
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
    outcomes = []
    cursor = connection.cursor()
    with unavailable("write"), transaction(connection):
        for operation in operations:
            table = tables[operation.family.collection]
            try:
                outcome = _DONE[type(operation)](cursor, table, operation.document)
            except REFUSED as error:
                _log_refused(operation, error)
                outcome = Outcome.FAILED
            outcomes.append(outcome)
    return outcomes


def rows_of(table: Table, documents: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a put; ValueError for two of one key, or for what is no document of the table."""
    try:
        rows = list(map(table.layout.row, documents))
    except REFUSED as error:
        raise ValueError(f"{table.family.kind}: {described(error)}") from error
    check_distinct(table.family, documents)
    return rows


def put(
    connection: sqlite3.Connection, table: Table, removal: Sql, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Remove what `removal` says and put in the rows, both or neither.

    Raises StoreUnavailable, and ValueError for a row that SQLite refuses.
    """
    with unavailable("write"), transaction(connection):
        connection.execute(*removal)
        try:
            connection.executemany(table.put, rows)
        except REFUSED as error:
            raise ValueError(f"{table.family.kind}: {described(error)}") from error


def purge(connection: sqlite3.Connection, table: Table, before: int, limit: int) -> int:
    """Remove at most `limit` rows whose time lies before `before` (epoch ms); how many it were."""
    with unavailable("purge"), transaction(connection):
        return connection.execute(table.purge, (before, limit)).rowcount


def touch(connection: sqlite3.Connection) -> None:
    """Return when a page was written durably: the first one, as it is."""
    with unavailable("write"), transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version}")


def _insert(cursor: sqlite3.Cursor, table: Table, document: Any) -> Outcome:
    filled, values = table.layout.filled(document)
    stored = cursor.execute(table.insert(filled), values).rowcount
    return Outcome.STORED if stored else Outcome.DUPLICATE


def _replace(cursor: sqlite3.Cursor, table: Table, document: Any) -> Outcome:
    row = table.layout.row(document)
    identity = attrgetter(*table.identity)(document)
    changed = cursor.execute(table.replace, (*row, *identity, document.revision - 1)).rowcount
    return Outcome.STORED if changed else Outcome.STALE


def described(error: Exception) -> str:
    """Why a document was refused, for a log.

    SQLite's constraint messages name a column; the text of other errors may quote the value.
    """
    return str(error) if isinstance(error, sqlite3.IntegrityError) else type(error).__name__


def _log_refused(operation: Operation, error: Exception) -> None:
    log.error(
        "operation_refused",
        operation=type(operation).__name__,
        family=operation.family.kind,
        reason=described(error),
    )


_DONE: dict[type, Callable[[sqlite3.Cursor, Table, Any], Outcome]] = {
    Insert: _insert,
    Replace: _replace,
}
