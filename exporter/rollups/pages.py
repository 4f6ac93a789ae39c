"""Deep pages of what one user did: the hours that such a page lies in, by how many each has.

Going past thousands of records to reach a page takes reading them. Activity tells how many a user
had on each day, and of the page's own days in each hour, so that only the records of those hours
have to be read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from ..intervals import DAY, HOUR
from ..storage.base import Row
from ..storage.query import (
    Aggregation,
    Find,
    Function,
    Measure,
    Order,
    TimeBucket,
    Where,
    between,
    within,
)
from .activity import ACTIVITY
from .documents import COUNT, TENANT, TIME, USER, Level
from .plan import Range, joined
from .question import named, split_period

LENGTHS: Mapping[Level, timedelta] = {"day": DAY, "hour": HOUR}
"""What a page is sought by, one after the other."""


def counting(query: Find, level: Level) -> Aggregation | None:
    """The question for how many documents lie in each bucket of a level, the last one first.

    None for a page of something else than all that one user of a tenant did in a period, the newest
    first. Records may have been purged before their rollups are: only the oldest ones.
    """
    family, split = query.family, split_period(query.where, query.family.time_field)
    newest_first = (Order(family.time_field, descending=True),)
    if split is None or family.kind not in ACTIVITY.measures or tuple(query.order) != newest_first:
        return None
    period, who = split
    if None in (named(who, TENANT), named(who, USER)) or len(who) != len((TENANT, USER)):
        return None
    return Aggregation(
        ACTIVITY,
        (Measure(COUNT, Function.SUM, family.kind),),
        (*who, *between(TIME, *period)),
        (TimeBucket(level, name=TIME),),
        (Order(TIME, descending=True),),
    )


def sought(query: Find, level: Level, counts: Iterable[Row]) -> Find:
    """The same page, of the documents of its own buckets alone: of hours of just those, of days of
    a period, so that hours can be sought in it.

    counts: the rows of `counting`'s question.
    """
    time = query.family.time_field
    split = split_period(query.where, time)
    if split is None:
        raise ValueError("a page of no period")
    (start, end), who = split
    skipped = before = 0
    found: list[Range] = []
    for row in counts:
        after = before + row[COUNT]
        if after <= query.offset:
            skipped = after
        elif before < query.offset + query.limit:
            found.append((max(start, row[TIME]), min(end, row[TIME] + LENGTHS[level])))
        before = after
    lying: Where = (within(time, joined(found)),)
    if level != "hour":
        lying = between(time, found[-1][0], found[0][1]) if found else between(time, start, start)
    return replace(query, where=(*who, *lying), offset=query.offset - skipped)
