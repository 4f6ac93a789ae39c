"""Making the buckets of a rollup anew: an hour of its records, a day of its hours, a month of its
days."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import add
from typing import Any

from ..family import Rollup
from ..storage.base import Store
from ..storage.kinds import LARGEST_AMOUNT, LARGEST_INTEGER, FieldKind, kind_of
from ..storage.query import By, Function, TimeBucket, between, equals
from . import documents
from .collect import Collector
from .documents import COUNT, FINER, KEY, ROLLUP, TENANT, TIME, Level, column, key_of
from .plan import Cover, Range
from .sources import Subject
from .wanted import (
    Different,
    Distribution,
    Group,
    Groups,
    Number,
    Part,
    larger,
    nothing_of,
    number,
)

LARGEST = {FieldKind.INTEGER: LARGEST_INTEGER, FieldKind.MONEY: LARGEST_AMOUNT}
"""What a column of these kinds can hold; what is added up in a month may be more."""


async def roll(
    store: Store, level: Level, span: Range, subject: Subject, rollup: Rollup, *, onto: bool = False
) -> None:
    """Make all buckets of a rollup and a level anew that lie in a span, of the level below.

    onto: some records may be gone. What was kept stays, and what is found besides is put onto
        it: of each number the larger one counts, since what came late can only have added to it.
    """
    finer = FINER.get(level)
    cover = Cover({}, (span,)) if finer is None else Cover({finer: (span,)}, ())
    if onto:
        cover = replace(cover, levels={**cover.levels, level: (span,)})
    by: tuple[By, ...] = (TimeBucket(level, subject.family.time_of(rollup), TIME), TENANT)
    wanted = _everything(rollup, onto=onto)
    parts = list(wanted.values())
    collector = Collector(store, subject, rollup, (), (*by, *rollup.by), parts)
    groups = await collector.collect(cover)
    made = await asyncio.to_thread(_documents, subject, rollup, wanted, groups)
    family = subject.kept.levels[level]
    await store.put(family, (equals(ROLLUP, rollup.name), *between(TIME, *span)), made)


def _everything(rollup: Rollup, *, onto: bool) -> dict[str, Part]:
    """All that a rollup keeps, by the names of its documents' fields."""
    found: dict[str, Part] = {COUNT: number(Function.COUNT)}
    for field in rollup.sums:
        found[documents.total(field)] = number(Function.SUM, field)
        found[documents.present(field)] = number(Function.COUNT, field)
    for field in rollup.extremes:
        found[documents.least(field)] = number(Function.MIN, field)
        found[documents.greatest(field)] = number(Function.MAX, field)
    if onto:
        found = {name: _not_less(part) for name, part in found.items()}
    found |= {documents.members(field): Different(field) for field in rollup.members}
    found |= {documents.spread(field): Distribution(field) for field in rollup.spreads}
    return found


def _not_less(part: Part) -> Part:
    """A number of which the larger one counts, where it would be added up."""
    if isinstance(part, Number) and part.merge is add:
        return replace(part, merge=larger)
    return part


def _documents(
    subject: Subject, rollup: Rollup, wanted: Mapping[str, Part], groups: Groups
) -> list[Any]:
    """The documents of groups, by the beginning of their bucket, the tenant, and the rollup's
    fields; `wanted` are the parts of each group, by the field that keeps them.

    A group has one, and more only for sums that are too large for one (`_fitting`).
    """
    schema = subject.kept.schema
    names = (TIME, TENANT, *map(column, rollup.by), *wanted, ROLLUP, KEY)
    packed = [place for place, part in enumerate(wanted.values()) if not isinstance(part, Number)]
    fields = list(wanted)
    counted = [
        fields.index(documents.total(source.counted))
        for source in subject.sources
        if source.counted is not None and source.counted in rollup.sums
    ]
    nothing = [nothing_of(part) for part in wanted.values()]
    largest = [
        (fields.index(documents.total(field)), LARGEST[kind])
        for field in rollup.sums
        if (kind := kind_of(subject.family.leaves[field])) in LARGEST
    ]
    made = []
    for group_key, group in groups.items():
        for place in packed:
            if group[place] is not None:
                group[place] = group[place].packed()
        if counted:
            group[fields.index(COUNT)] = sum([group[place] for place in counted])
        time, _, *by = group_key
        for place, part in enumerate(_fitting(group, largest, nothing)):
            key = key_of(rollup, time, (*by, place) if place else tuple(by))
            values = *group_key, *part, rollup.name, key
            made.append(schema(**dict(zip(names, values, strict=True))))
    return made


def _fitting(group: Group, largest: Iterable[tuple[int, Any]], nothing: Group) -> Iterable[Group]:
    """The group, without what its sums have over the largest that a column holds; and groups with
    that, which come to the same together."""
    found = [group]
    for place, most in largest:
        while group[place] > most:
            over = nothing.copy()
            over[place] = most
            group[place] -= most
            found.append(over)
    return found
