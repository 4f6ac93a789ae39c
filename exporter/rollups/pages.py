"""Deep pages of what one user did: the hours that such a page lies in, by how many each has.

Going past thousands of records to reach a page takes reading them. Activity tells how many a user
had in each hour, so that only those of the page's own hours have to be read.
"""

from collections.abc import Iterable
from dataclasses import replace

from ..intervals import HOUR
from ..storage.base import Row
from ..storage.query import (
    Aggregation,
    Find,
    Function,
    Measure,
    Order,
    TimeBucket,
    between,
    within,
)
from .activity import ACTIVITY
from .documents import COUNT, TENANT, TIME, USER
from .plan import joined
from .question import named, split_period


def counting(query: Find) -> Aggregation | None:
    """The question for how many documents lie in each hour, the last one first.

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
        (TimeBucket("hour", name=TIME),),
        (Order(TIME, descending=True),),
    )


def sought(query: Find, counts: Iterable[Row]) -> Find:
    """The same page, of the documents of its own hours alone.

    counts: the rows of `counting`'s question.
    """
    split = split_period(query.where, query.family.time_field)
    if split is None:
        raise ValueError("a page of no period")
    (start, end), who = split
    skipped = before = 0
    hours = []
    for row in counts:
        after = before + row[COUNT]
        if after <= query.offset:
            skipped = after
        elif before < query.offset + query.limit:
            hours.append((max(start, row[TIME]), min(end, row[TIME] + HOUR)))
        before = after
    where = (*who, within(query.family.time_field, joined(hours)))
    return replace(query, where=where, offset=query.offset - skipped)
