"""Tables, columns and indexes, derived from what families declare; the file grows with them.

A field that is new gets a column. A field whose storage form changed stops the start: its values
would be misread (an integer as millionths, say), and only an operator can say what they mean. An
index that is declared no longer goes: it would cost on every insert for ever.
"""
# ruff: noqa: S608  # every name is quoted and from a declared schema, every value is bound

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import structlog

from ..family import Family, Index, attribute_of
from .base import IncompatibleStore
from .sqlite_columns import Column, DocumentLayout, Filled, quote

SCHEMA_VERSION = 1
TENANT = "tenantId"
REVISION = "revision"
MOST_INSERTS = 64
"""Statements that a table keeps at hand to put in a row; another one is made when it is asked for,
and takes some ten times as long as the row."""

WITHOUT = " without "
"""In the name of an index: comes before the field that its rows lack."""

# What each column holds, by the name of its form: SQLite's own types cannot tell a time or an
# amount of money from a count.
_FIELDS = """
CREATE TABLE IF NOT EXISTS meterhouse_fields (
    collection TEXT NOT NULL, field TEXT NOT NULL, form TEXT NOT NULL,
    PRIMARY KEY (collection, field)
) STRICT, WITHOUT ROWID
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Table:
    """A family's table, and the statements that do not depend on a query."""

    family: Family
    layout: DocumentLayout

    @classmethod
    def of(cls, family: Family) -> "Table":
        """The table of a family."""
        return cls(family, DocumentLayout(family.document))

    @cached_property
    def name(self) -> str:
        """The quoted name."""
        return quote(self.family.collection)

    @cached_property
    def identity(self) -> tuple[str, str]:
        """The attributes of a document that its unique key is made of."""
        return attribute_of(self.family.document, TENANT), self.family.key_attribute

    def insert(self, filled: Filled) -> str:
        """Puts in one row, of which it has the values that are filled, unless its key is there."""
        statement = self._inserts.get(filled)
        if statement is None:
            unique = f"{quote(TENANT)}, {quote(self.family.key)}"
            values = self._values(self.layout.names(filled))
            statement = f"INSERT INTO {values} ON CONFLICT ({unique}) DO NOTHING"
            if len(self._inserts) < MOST_INSERTS:
                self._inserts[filled] = statement
        return statement

    @cached_property
    def put(self) -> str:
        """Puts in one row, in the place of the one with its key."""
        values = self._values([column.name for column in self.layout.columns])
        return f"INSERT OR REPLACE INTO {values}"

    @cached_property
    def _inserts(self) -> dict[Filled, str]:
        return {}

    def _values(self, columns: Sequence[str]) -> str:
        places = ", ".join("?" * len(columns))
        return f"{self.name} ({', '.join(map(quote, columns))}) VALUES ({places})"

    @cached_property
    def replace(self) -> str:
        """Puts a row in the place of its last revision; after its values come the tenant, the key
        and that revision."""
        values = ", ".join(f"{quote(column.name)} = ?" for column in self.layout.columns)
        return (
            f"UPDATE {self.name} SET {values} "
            f"WHERE {quote(TENANT)} = ? AND {quote(self.family.key)} = ? AND {quote(REVISION)} = ?"
        )

    @cached_property
    def get(self) -> str:
        """The row of a tenant and a key, as the layout reads it."""
        return (
            f"SELECT {self.layout.selection()} FROM {self.name} "
            f"WHERE {quote(TENANT)} = ? AND {quote(self.family.key)} = ?"
        )

    @cached_property
    def tenants(self) -> str:
        """A query for all tenants, each one step down the index on (tenant, time).

        It lets that index serve questions that span the tenants too.
        """
        tenant, read = quote(TENANT), f"FROM {self.name}"
        return (
            f'WITH RECURSIVE "@tenants" ("@tenant") AS (SELECT min({tenant}) {read} UNION ALL '
            f'SELECT (SELECT min({tenant}) {read} WHERE {tenant} > "@tenant") '
            'FROM "@tenants" WHERE "@tenant" IS NOT NULL) SELECT "@tenant" FROM "@tenants"'
        )

    @cached_property
    def purge(self) -> str:
        """Removes so many rows at most that lie before a time."""
        return (
            f"DELETE FROM {self.name} WHERE rowid IN (SELECT rowid FROM {self.name} "
            f"WHERE {quote(TENANT)} IN ({self.tenants}) AND {quote(self.family.time_field)} < ? "
            "LIMIT ?)"
        )

    def required(self, column: Column) -> bool:
        """Whether every row has this value: it finds or dates it."""
        return column.name in (TENANT, self.family.key, self.family.time_field)

    def definition(self, column: Column) -> str:
        """The column as CREATE TABLE and ALTER TABLE have it."""
        return f"{quote(column.name)} {column.form.sql}{' NOT NULL' * self.required(column)}"

    def indexes(self) -> Iterator[tuple[str, Index]]:
        """The unique key, the times, and what the family declares; each costs on every insert."""
        family = self.family
        yield "UNIQUE INDEX", Index((TENANT, family.key))
        yield "INDEX", Index((TENANT, family.time_field, *family.found_with))
        for index in family.indexes:
            yield "INDEX", index

    def index_statements(self) -> Iterator[str]:
        """What makes the indexes that are missing."""
        for kind, index in self.indexes():
            part = "" if index.without is None else f" WHERE {quote(index.without)} IS NULL"
            yield (
                f"CREATE {kind} IF NOT EXISTS {quote(self.index_name(index))} ON {self.name} "
                f"({', '.join(map(quote, index.fields))}){part}"
            )

    def index_name(self, index: Index) -> str:
        """What an index is called: all that it is made of, so that one declared otherwise is
        another."""
        part = "" if index.without is None else f"{WITHOUT}{index.without}"
        return f"{self.family.collection} by {', '.join(index.fields)}{part}"

    def is_named(self, name: str, fields: Sequence[str]) -> bool:
        """Whether an index of these fields has a name that this service gives one; an index with
        any other name is somebody's own."""
        given = self.index_name(Index(tuple(fields)))
        return name == given or name.startswith(given + WITHOUT)


def migrate(connection: sqlite3.Connection, tables: Sequence[Table]) -> None:
    """Bring the file to this version, in the caller's transaction.

    Raises IncompatibleStore for a file of a later version, or with a column of another form.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise IncompatibleStore(
            f"The file has schema version {version}, and this service knows {SCHEMA_VERSION} at "
            "most: it was written by a later version of the service."
        )
    connection.execute(_FIELDS)
    for table in tables:
        _grow(connection, table)
        for statement in table.index_statements():
            connection.execute(statement)
    for table in tables:
        _remove_undeclared(connection, table)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _grow(connection: sqlite3.Connection, table: Table) -> None:
    collection = table.family.collection
    stored = dict(
        connection.execute(
            "SELECT field, form FROM meterhouse_fields WHERE collection = ?", (collection,)
        )
    )
    wanted = {
        column.name: column.form.name + " not null" * table.required(column)
        for column in table.layout.columns
    }
    for field, form in wanted.items():
        if stored and stored.get(field, form) != form:
            raise IncompatibleStore(
                f"{collection}.{field} is stored as {stored[field]}, and declared as {form}."
            )
    missing = [column for column in table.layout.columns if column.name not in stored]
    if not stored:
        columns = ", ".join(table.definition(column) for column in missing)
        connection.execute(f"CREATE TABLE {table.name} ({columns}) STRICT")
    else:
        for column in missing:
            if table.required(column):
                raise IncompatibleStore(
                    f"{collection}.{column.name} finds or dates a record, and none has it so far."
                )
            connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {table.definition(column)}")
    connection.executemany(
        "INSERT INTO meterhouse_fields VALUES (?, ?, ?)",
        [(collection, column.name, wanted[column.name]) for column in missing],
    )


def _remove_undeclared(connection: sqlite3.Connection, table: Table) -> None:
    """Remove the indexes that an earlier version declared; one that is somebody's own stays."""
    declared = {table.index_name(index) for _, index in table.indexes()}
    there = connection.execute(f"PRAGMA index_list({table.name})").fetchall()
    for _, name, *_ in there:
        columns = connection.execute(f"PRAGMA index_info({quote(name)})").fetchall()
        fields = [field or "" for _, _, field in columns]  # an expression has no name
        if name not in declared and table.is_named(name, fields):
            connection.execute(f"DROP INDEX {quote(name)}")
            log.info("index_removed", collection=table.family.collection, index=name)


def missing(connection: sqlite3.Connection, tables: Sequence[Table]) -> list[str]:
    """The names of the tables and indexes that are declared and not there."""
    names = connection.execute("SELECT name FROM sqlite_master")
    there = {name for (name,) in names}
    wanted = [
        name
        for table in tables
        for name in (
            table.family.collection,
            *(table.index_name(index) for _, index in table.indexes()),
        )
    ]
    return [name for name in wanted if name not in there]
