"""The documents that rollups are kept as, derived from what families declare.

A family has one collection for each level: hours, days and months. A document holds the numbers
of one rollup for one bucket of time, tenant and combination of the rollup's fields; what another
rollup of the family keeps is absent in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from hashlib import blake2b
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ..clock import epoch_ms
from ..family import Family, Index, Mirror, Rollup
from ..fields import Moment, Money
from ..storage.kinds import FieldKind, kind_of
from ..storage.query import Filter, Operator, Where

Level = Literal["hour", "day", "month"]
LEVELS: tuple[Level, ...] = ("month", "day", "hour")
"""The longest first."""
FINER: Mapping[Level, Level] = {"day": "hour", "month": "day"}
"""The level that each is made of, the shortest first; hours are made of the records."""

RETENTION = "rollup_retention_days"
ROLLUP, TIME, COUNT, KEY = "rollup", "time", "count", "key"
TENANT, USER = "tenantId", "userId"

Count = Annotated[int, Meta(ge=0, le=2**40)]
"""A number of records."""

_SUMMED: Mapping[FieldKind, type] = {
    FieldKind.INTEGER: int,
    FieldKind.REAL: float,
    FieldKind.MONEY: Money,
}


def unmirrored(before: Any, after: Any, out: Mirror) -> None:
    """Nothing: what is derived from records was shown when they were recorded."""


def column(field: str) -> str:
    """A family's field in its rollup documents, which have no documents within."""
    return field.replace(".", "_")


def total(field: str) -> str:
    """The field with the sum of a measure."""
    return f"{column(field)}_sum"


def present(field: str) -> str:
    """The field with the number of records that say a measure."""
    return f"{column(field)}_present"


def least(field: str) -> str:
    """The field with the least value of a measure."""
    return f"{column(field)}_min"


def greatest(field: str) -> str:
    """The field with the greatest value of a measure."""
    return f"{column(field)}_max"


def spread(field: str) -> str:
    """The field with the distribution of a measure."""
    return f"{column(field)}_spread"


def members(field: str) -> str:
    """The field with the set of a field's values."""
    return f"{column(field)}_members"


@dataclass(frozen=True)
class Kept:
    """How the rollups of one family are kept."""

    family: Family

    @cached_property
    def schema(self) -> Any:
        """The document of every level: a struct with the fields of all rollups."""
        fields: list[Any] = [(TENANT, str), (KEY, str), (ROLLUP, str), (TIME, Moment)]
        fields += [(column(name), self.family.leaves[name] | None, None) for name in self._by]
        fields.append((COUNT, Count, 0))
        fields += [(name, kind | None, None) for name, kind in self._numbers().items()]
        fields += [(name, bytes | None, None) for name in self._packed()]
        return msgspec.defstruct(f"{self.family.kind}_rollup", fields, kw_only=True)

    @cached_property
    def levels(self) -> dict[Level, Family]:
        """The derived family of each level."""
        return {level: self._level(level) for level in LEVELS}

    @property
    def _by(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.family.rollups for name in one.by))

    def _numbers(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for rollup in self.family.rollups:
            for field in rollup.sums:
                found[total(field)] = _SUMMED[kind_of(self.family.leaves[field])]
                found[present(field)] = Count
            for field in rollup.extremes:
                declared = self.family.leaves[field]
                found[least(field)] = found[greatest(field)] = declared
        return found

    def _packed(self) -> Iterator[str]:
        names = [spread(field) for one in self.family.rollups for field in one.spreads]
        names += [members(field) for one in self.family.rollups for field in one.members]
        return iter(dict.fromkeys(names))

    def _level(self, level: Level) -> Family:
        by = tuple(map(column, self._by))
        indexes = [Index((TENANT, ROLLUP, TIME))]
        if USER in by:
            indexes.append(Index((TENANT, USER, ROLLUP, TIME)))
        return Family(
            kind=f"{self.family.kind}_{level}",
            collection=f"{self.family.collection}_{level}",
            body=self.schema,
            document=self.schema,
            key=KEY,
            time_field=TIME,
            retention=RETENTION,
            mirror=unmirrored,
            dimensions=(ROLLUP, *by, *self._packed()),
            measures=(COUNT, *self._numbers()),
            indexes=tuple(indexes),
        )


@cache
def kept(family: Family) -> Kept:
    """How the rollups of a family are kept."""
    return Kept(family)


def only(rollup: Rollup) -> Where:
    """The filters that all records in a rollup pass."""
    return tuple(Filter(field, Operator.NE, None) for field in rollup.only)


def key_of(rollup: Rollup, time: datetime, group: tuple[Any, ...]) -> str:
    """The key of the document of a bucket and a combination of the rollup's fields.

    It begins with the time, so that what is put together stands together in the index of keys:
    anywhere in a large one each key would cost a page of its own.
    """
    named = msgspec.json.encode([rollup.name, group])
    return f"{epoch_ms(time):012x}{blake2b(named, digest_size=16).hexdigest()}"
