"""Digests: rollups of what no sum, set or distribution can hold, packed into bytes.

A digest has a document for each bucket of time, tenant and, where it is kept by name, name; large
ones are in parts. Hours are made of the records, and longer buckets of the shorter ones, by
putting their pieces together: whatever lies next to each other in time must come to the same as
the records of all of it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple, Protocol

import msgspec

from ..family import Family, Index
from ..fields import Identifier, Moment
from ..intervals import HOUR, beginnings, following
from ..storage.base import Row, Store
from ..storage.query import (
    Aggregation,
    Filter,
    Find,
    Measure,
    Operator,
    TimeBucket,
    Where,
    between,
    equals,
    within,
)
from ..storage.together import together
from .documents import COUNT, FINER, KEY, RETENTION, TENANT, TIME, Level, unmirrored
from .plan import Cover, Range

NAME = "name"
NAMELESS = ""
"""The name in the documents of a digest that is not kept by name."""
AT_ONCE = 50_000
"""Records that are read for one piece of an hour."""
ALL = 2**31 - 1
"""More documents than a bucket has."""


class Packed(msgspec.Struct, kw_only=True, rename="camel"):
    """A part of a bucket of a digest."""

    tenant_id: Identifier
    key: str
    name: str
    time: Moment
    part: int
    packed: bytes


class Pieces(NamedTuple):
    """The pieces of a digest that make up a period.

    kept: those of its documents, in the order of time.
    recorded: those of records, which may lie anywhere between them.
    """

    kept: Sequence[bytes] = ()
    recorded: Sequence[bytes] = ()


class Merger(Protocol):
    """Puts the pieces of a bucket together."""

    def add(self, time: datetime, packed: bytes) -> None:
        """Take a piece that begins at a time; they come in the order of time."""

    def parts(self) -> list[bytes]:
        """What they come to, in parts of a bounded size."""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """One digest of a family's records.

    kind: what it is called.
    longest: its longest level.
    by: the fields that its records are read by, in this order; their times must be among them.
    measures: what is read beside them.
    where: which records.
    name: the field whose values have documents of their own.
    pack: the piece that rows are, of one tenant and name.
    merger: makes what puts the pieces of a bucket together.
    """

    kind: str
    family: Family
    longest: Level
    by: tuple[str, ...]
    pack: Callable[[Iterable[Row]], bytes]
    merger: Callable[[Range], Merger]
    measures: tuple[Measure, ...] = ()
    where: Where = ()
    name: str | None = None

    @cached_property
    def levels(self) -> Mapping[Level, Family]:
        """The derived family of each level that is kept, the longest first."""
        found = {}
        level: Level | None = self.longest
        while level is not None:
            found[level] = self._level(level)
            level = FINER.get(level)
        return found

    def records(self, where: Where) -> Aggregation:
        """The question for the records of a piece, or of pieces of several tenants and names."""
        return Aggregation(
            self.family, self.measures, (*self.where, *where), (*self._apart, *self.by)
        )

    def pieces(self, rows: Iterable[Row]) -> Iterator[tuple[str, str, bytes]]:
        """The pieces that the rows of that question are: tenant, name and what is packed."""
        for apart, group in groupby(rows, lambda row: tuple(row[name] for name in self._apart)):
            yield apart[0], apart[1] if self.name else NAMELESS, self.pack(group)

    def named(self, names: Sequence[str] | None) -> Where:
        """The filters for the records that have one of these names; for all, of None."""
        if self.name is None or names is None:
            return ()
        return (Filter(self.name, Operator.IN, tuple(names)),)

    @property
    def _apart(self) -> tuple[str, ...]:
        return (TENANT,) if self.name is None else (TENANT, self.name)

    def _level(self, level: Level) -> Family:
        return Family(
            kind=f"{self.kind}_{level}",
            collection=f"{self.kind}_{level}",
            body=Packed,
            document=Packed,
            key=KEY,
            time_field=TIME,
            retention=RETENTION,
            mirror=unmirrored,
            dimensions=(NAME,),
            measures=(),
            indexes=(Index((TENANT, NAME, TIME)),),
        )


async def digest_again(store: Store, level: Level, span: Range, digest: Digest) -> None:
    """Make all buckets of a level anew that lie in a span, if the digest has that level.

    Hours are made of their records, which must all be there; longer ones of the level below.
    """
    if level not in digest.levels:
        return
    if level == "hour":
        await _put(store, level, span, digest, await _hours(store, span, digest))
        return
    for start in beginnings(*span, level):
        bucket = start, following(start, level)
        await _put(store, level, bucket, digest, await _longer(store, FINER[level], bucket, digest))


async def read_digest(
    store: Store, digest: Digest, tenant: str, cover: Cover, names: Sequence[str] | None = None
) -> dict[str, Pieces]:
    """The pieces of a tenant's digest that make up the parts of a period, by name.

    names: of these alone. One piece has what lies in all ranges of the records.
    """
    of_tenant = equals(TENANT, tenant)
    named = () if names is None else (Filter(NAME, Operator.IN, tuple(names)),)
    of_levels = await together(
        store,
        *(
            store.find(
                Find(digest.levels[level], (of_tenant, *named, within(TIME, ranges)), limit=ALL)
            )
            for level, ranges in cover.levels.items()
        ),
    )
    kept: dict[str, list[bytes]] = {}
    recorded: dict[str, list[bytes]] = {}
    for document in sorted(chain(*of_levels), key=attrgetter("time", "part")):
        kept.setdefault(document.name, []).append(document.packed)
    if cover.records:
        lying = within(digest.family.time_field, cover.records)
        rows = await store.aggregate(digest.records((of_tenant, lying, *digest.named(names))))
        for _, name, packed in await asyncio.to_thread(list, digest.pieces(rows)):
            recorded.setdefault(name, []).append(packed)
    return {
        name: Pieces(kept.get(name, ()), recorded.get(name, ())) for name in {**kept, **recorded}
    }


async def _put(
    store: Store, level: Level, span: Range, digest: Digest, documents: Sequence[Packed]
) -> None:
    await store.put(digest.levels[level], between(TIME, *span), documents)


async def _hours(store: Store, span: Range, digest: Digest) -> list[Packed]:
    """The documents of all hours of a span, of their records."""
    time = digest.family.time_field
    counts = await store.aggregate(
        Aggregation(
            digest.family, (Measure(COUNT),), between(time, *span), (TimeBucket("hour", name=TIME),)
        )
    )
    found: list[Packed] = []
    for row in counts:
        mergers = _Mergers(digest, (row[TIME], row[TIME] + HOUR))
        for start, end in _slices(row[TIME], row[COUNT]):
            rows = await store.aggregate(digest.records(between(time, start, end)))
            await asyncio.to_thread(mergers.add_rows, start, rows)
        found += await asyncio.to_thread(mergers.documents)
    return found


def _slices(hour: datetime, count: int) -> Iterator[Range]:
    """An hour in parts that have about as many records as are read at once."""
    parts = 1 + count // AT_ONCE
    step = HOUR / parts // timedelta(milliseconds=1) * timedelta(milliseconds=1)
    for number in range(parts):
        last = number == parts - 1
        yield hour + number * step, hour + (HOUR if last else (number + 1) * step)


async def _longer(store: Store, finer: Level, bucket: Range, digest: Digest) -> list[Packed]:
    """The documents of a bucket, of those of the level below."""
    mergers = _Mergers(digest, bucket)
    for start in beginnings(*bucket, finer):
        of_bucket = between(TIME, start, following(start, finer))
        found = await store.find(Find(digest.levels[finer], of_bucket, limit=ALL))
        await asyncio.to_thread(mergers.add, found)
    return await asyncio.to_thread(mergers.documents)


class _Mergers:
    """What puts the pieces of a bucket together, for each tenant and name."""

    def __init__(self, digest: Digest, bucket: Range) -> None:
        self._digest = digest
        self._bucket = bucket
        self._mergers: dict[tuple[str, str], Merger] = {}

    def add_rows(self, start: datetime, rows: Iterable[Row]) -> None:
        """Take what was recorded from a time on."""
        for tenant, name, packed in self._digest.pieces(rows):
            self._of(tenant, name).add(start, packed)

    def add(self, documents: Iterable[Packed]) -> None:
        """Take the documents of a bucket of the level below."""
        for document in sorted(documents, key=lambda document: document.part):
            self._of(document.tenant_id, document.name).add(document.time, document.packed)

    def documents(self) -> list[Packed]:
        """The documents of the bucket."""
        return [
            Packed(
                tenant_id=tenant,
                key=self._key(name, part),
                name=name,
                time=self._bucket[0],
                part=part,
                packed=packed,
            )
            for (tenant, name), merger in self._mergers.items()
            for part, packed in enumerate(merger.parts())
        ]

    def _of(self, tenant: str, name: str) -> Merger:
        merger = self._mergers.get((tenant, name))
        if merger is None:
            merger = self._mergers[tenant, name] = self._digest.merger(self._bucket)
        return merger

    def _key(self, name: str, part: int) -> str:
        named = msgspec.json.encode([name, self._bucket[0], part])
        return blake2b(named, digest_size=16).hexdigest()
