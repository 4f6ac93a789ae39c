"""What SQLite groups rows by: a field as it is, the start of a time's interval, a number's bucket.

Not every build of SQLite has the logarithm; `complete` lends a connection what it lacks.
"""

import math
import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from ..clock import from_epoch_ms
from ..errors import Invalid
from .log_buckets import LOG_GAMMA, SMALLEST, ZERO_BUCKET
from .query import By, LogBucket, TimeBucket, field_of
from .sqlite_columns import quote
from .sqlite_conditions import Sql
from .sqlite_measures import Output, loads
from .sqlite_schema import Table
from .sqlite_values import COUNTER, INTEGER, MOMENT, REAL, Form

HOUR = 3_600_000
DAY = 24 * HOUR

MOMENTS = 16_384
"""Times that are kept: most that are grouped by begin an interval, and come again."""

FUNCTIONS: dict[str, Callable[[float], float]] = {"ln": math.log, "ceil": math.ceil}
"""What builds without SQLITE_ENABLE_MATH_FUNCTIONS lack."""


def complete(connection: sqlite3.Connection) -> None:
    """Give a connection those of FUNCTIONS that it has not; Python's take several times longer."""
    for name, function in FUNCTIONS.items():
        try:
            connection.execute(f"SELECT {name}(1.0)")
        except sqlite3.OperationalError:
            connection.create_function(name, 1, function, deterministic=True)


def group(by: By, alias: str, table: Table) -> Output:
    """The output of a group, as the column `alias`; raises Invalid for a field of a wrong kind."""
    return GROUPS[type(by)](by, alias, table)


def _field(by: str, alias: str, table: Table) -> Output:
    form = table.layout.forms[by]
    load = _moment if form is MOMENT else loads(form)
    return Output(by, {alias: Sql(quote(by))}, load, (alias,))


def _interval(by: TimeBucket, alias: str, table: Table) -> Output:
    column = _column(by, table, (MOMENT,), "is no time")
    return Output(by.name, {alias: Sql(INTERVALS[by.interval](column))}, _moment, (alias,))


@lru_cache(MOMENTS)
def _moment(stored: int | None) -> datetime | None:
    return None if stored is None else from_epoch_ms(stored)


def _bucket(by: LogBucket, alias: str, table: Table) -> Output:
    column = _column(by, table, (INTEGER, COUNTER, REAL), "is no number")
    text = (
        f"CASE WHEN {column} >= ? THEN CAST(ceil(ln({column}) / ?) AS INTEGER) "
        f"WHEN {column} IS NOT NULL THEN ? END"
    )
    return Output(by.name, {alias: Sql(text, (SMALLEST, LOG_GAMMA, ZERO_BUCKET))}, None, (alias,))


def _column(by: By, table: Table, forms: tuple[Form, ...], otherwise: str) -> str:
    """The quoted column of a group, whose form has to be one of these."""
    field = field_of(by, table.family)
    if table.layout.forms[field] not in forms:
        raise Invalid.field(field, otherwise)
    return quote(field)


GROUPS: dict[type, Callable[[Any, str, Table], Output]] = {
    str: _field,
    TimeBucket: _interval,
    LogBucket: _bucket,
}


def _floor(length: int, shift: int = 0) -> Callable[[str], str]:
    """The last multiple of `length` at or before a time, less `shift`; `%` alone would round the
    years before 1970 up."""
    return lambda time: f"({time} - (({time} + {shift}) % {length} + {length}) % {length})"


def _month(time: str) -> str:
    day = _floor(DAY)(time)
    first = f"strftime('%s', {day} / 1000, 'unixepoch', 'start of month')"
    return f"(CAST({first} AS INTEGER) * 1000)"


INTERVALS: dict[str, Callable[[str], str]] = {
    "hour": _floor(HOUR),
    "day": _floor(DAY),
    "week": _floor(7 * DAY, 3 * DAY),  # 1970 began on a Thursday
    "month": _month,
}
"""The start of each interval, in epoch ms, as an expression of a time."""
